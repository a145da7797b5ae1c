//! Telling other controllers what changed, and hearing of it: NOTIFY with many changes in one, and a connection
//! that listens. What is lost on the way is found by whoever polls.

use std::fmt::Write as _;
use std::future::poll_fn;
use std::time::Duration;

use protocol::{ControllerId, JobId};
use tokio::sync::{broadcast, mpsc};
use tokio::time::{sleep, timeout};
use tokio_postgres::AsyncMessage;
use tokio_util::sync::CancellationToken;

use super::address::Address;
use super::link::{Link, told};
use super::tls::Tls;
use crate::store::Change;

/// The channel that all controllers of a database listen on.
const CHANNEL: &str = "ruche";

/// Changes that may wait to be told.
pub(super) const QUEUE: usize = 4096;

/// Changes in one notice: its payload may have 8,000 bytes.
const TOGETHER: usize = 200;

/// How long changes gather before they are told.
const GATHER: Duration = Duration::from_millis(5);

/// How long to wait before listening again.
const PAUSE: Duration = Duration::from_millis(500);

/// How long a connection may be silent before it is tried.
const SILENCE: Duration = Duration::from_secs(10);

/// Writes changes of a controller as text.
fn write(from: ControllerId, changes: &[Change]) -> String {
    let mut text = from.to_string();
    for change in changes {
        // Writing to a string cannot fail.
        let _ = match change {
            Change::Adoptable => write!(text, ",a"),
            Change::Cancel(id) => write!(text, ",c{id}"),
            Change::Finished(id) => write!(text, ",f{id}"),
        };
    }
    text
}

/// Reads what another controller wrote. What a newer one may say beside is left out.
fn read(here: ControllerId, text: &str) -> Vec<Change> {
    let mut words = text.split(',');
    if words.next() == Some(here.to_string().as_str()) {
        return Vec::new();
    }
    let id = |text: &str| text.parse::<JobId>().ok();
    let change = |word: &str| match word.split_at_checked(1)? {
        ("a", "") => Some(Change::Adoptable),
        ("c", text) => id(text).map(Change::Cancel),
        ("f", text) => id(text).map(Change::Finished),
        _ => None,
    };
    words.filter_map(change).collect()
}

/// Tells other controllers what is queued, until nobody can queue any more.
pub(super) async fn tell(link: Link, here: ControllerId, mut queue: mpsc::Receiver<Change>) {
    let mut changes = Vec::with_capacity(TOGETHER);
    while queue.recv_many(&mut changes, TOGETHER).await > 0 {
        if changes.len() < TOGETHER {
            sleep(GATHER).await;
            while changes.len() < TOGETHER
                && let Ok(change) = queue.try_recv()
            {
                changes.push(change);
            }
        }
        let payload = write(here, &changes);
        changes.clear();
        let sent = async {
            let client = link.once().await?;
            // Nothing is written, so there is no disk to wait for.
            let sql = "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)";
            let statement = client.prepare_cached(sql).await?;
            Ok::<_, super::link::Fault>(client.execute(&statement, &[&CHANNEL, &payload]).await?)
        };
        if let Err(error) = sent.await {
            // Others find it when they look.
            tracing::debug!(%error, "other controllers cannot be told");
        }
    }
}

/// Listens until told to stop, and again whenever the connection ends.
pub(super) async fn listen(
    address: Address,
    tls: Tls,
    here: ControllerId,
    changes: broadcast::Sender<Change>,
    stop: CancellationToken,
) {
    loop {
        let heard = tokio::select! {
            heard = listen_once(&address, tls.clone(), here, &changes) => heard,
            () = stop.cancelled() => return,
        };
        if let Err(error) = heard {
            tracing::warn!(error = told(&error), "the database's notices are not heard: listening again");
        }
        tokio::select! {
            () = sleep(PAUSE) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn listen_once(
    address: &Address,
    tls: Tls,
    here: ControllerId,
    changes: &broadcast::Sender<Change>,
) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = address.config.connect(tls).await?;
    let hear = async {
        loop {
            match poll_fn(|context| connection.poll_message(context)).await {
                Some(Ok(AsyncMessage::Notification(notice))) => {
                    for change in read(here, notice.payload()) {
                        // Nobody may be listening.
                        let _ = changes.send(change);
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            }
        }
    };
    let ask = async {
        client.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
        // Something may have happened while nobody listened.
        let _ = changes.send(Change::Adoptable);
        loop {
            sleep(SILENCE).await;
            if timeout(SILENCE, client.batch_execute("")).await.is_err() {
                return Ok(());
            }
        }
    };
    tokio::select! {
        ended = hear => ended,
        ended = ask => ended,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_read_what_one_wrote_and_it_does_not_hear_itself() {
        let (here, there) = (ControllerId::random(), ControllerId::random());
        let changes = [Change::Cancel(JobId::random()), Change::Adoptable, Change::Finished(JobId::random())];
        let text = write(here, &changes);
        assert_eq!(read(there, &text), changes);
        assert_eq!(read(here, &text), []);
        assert_eq!(read(there, &format!("{text},znews,c12")), changes, "what is unknown is left out");
        let many: Vec<Change> = (0..TOGETHER).map(|_| Change::Finished(JobId::random())).collect();
        assert!(write(here, &many).len() < 8000);
    }
}
