//! A socket from its beginning to its end. What is told and what is heard do not wait for each other, so that a job can
//! be stopped whatever it writes.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, Stream, StreamExt, stream};
use protocol::event::JobEvent;
use protocol::{JobId, Problem, ProblemKind};
use tokio::sync::watch;
use tokio::time::{Instant, interval_at, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::closing::Closing;
use super::message::{Told, Wish, lost, may_go_on};
use crate::http::server::Visit;
use crate::identity::{Fingerprint, Identity};
use crate::jobs::{Jobs, NoGesture, NoInput, Watching};
use crate::live::{NotHeard, Taken, Writer};
use crate::wire::Peer;

/// How often a client is asked whether it is still there.
const PING: Duration = Duration::from_secs(15);

/// How long nothing may be heard of it.
const SILENCE: Duration = Duration::from_secs(45);

/// How long a controller that stops still tells what happens.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How long a client may take to hear why its socket ends.
const HEARING: Duration = Duration::from_secs(1);

/// What a socket is about, and who is at its other end.
pub struct Talk {
    pub id: JobId,
    pub jobs: Jobs,
    pub identity: Arc<Identity>,
    pub peer: Peer,
    pub proof: Option<Fingerprint>,
}

/// An event with its number, or why there are no more.
type Next = Result<(u64, JobEvent), Problem>;

/// How much input was taken, and how much of it the client was told of: one side's news for the other.
struct News {
    taken: watch::Sender<Option<Taken>>,
    told: watch::Sender<u64>,
}

impl Talk {
    /// Talks until there is nothing more to say.
    pub async fn hold(
        self,
        socket: WebSocket,
        watching: Watching,
        writing: Result<Writer, NoInput>,
        visit: Visit,
    ) {
        let (mut sink, mut heard) = socket.split();
        let taken = writing.as_ref().ok().map(Writer::taken);
        let news = News {
            taken: watch::Sender::new(taken),
            told: watch::Sender::new(taken.map_or(0, |taken| taken.bytes)),
        };
        let closing = tokio::select! {
            closing = tell(&mut sink, watching, &news, &visit.stop) => closing,
            closing = self.listen(&mut heard, &writing, &news) => closing,
        };
        drop(writing);
        tracing::debug!(job = %self.id, ?closing, "a job's socket ends");
        let _ = timeout(HEARING, close(sink, heard, &closing)).await;
    }

    async fn listen(
        &self,
        heard: &mut SplitStream<WebSocket>,
        writing: &Result<Writer, NoInput>,
        news: &News,
    ) -> Closing {
        loop {
            let message = match hear(heard).await {
                Ok(message) => message,
                Err(closing) => return closing,
            };
            if let Err(reason) = self.heed(&message, writing, news).await {
                return Closing::Wrong(reason);
            }
        }
    }

    /// Does what a message asks for, or says what is wrong with it.
    async fn heed(
        &self,
        message: &str,
        writing: &Result<Writer, NoInput>,
        news: &News,
    ) -> Result<(), String> {
        let wish = Wish::read(message)?;
        let caller = self.identity.admit(wish.action(), &self.peer, self.proof.clone()).await;
        let caller = caller.map_err(|problem| problem.detail)?;
        let writer = || writing.as_ref().map_err(ToString::to_string);
        let at = news.taken.borrow().map_or(0, |taken| taken.bytes);
        let taken = match wish {
            Wish::Cancel => match self.jobs.cancel_for(&caller, self.id, "its client cancelled it").await {
                Ok(_) => return Ok(()),
                // It has ended meanwhile, as its client is about to be told.
                Err(problem) if problem.kind == ProblemKind::Conflict => return Ok(()),
                Err(problem) => return Err(problem.detail),
            },
            Wish::Gesture(gesture) => match self.jobs.gesture_for(&caller, self.id, gesture).await {
                // It has ended meanwhile, or is about to start: as the events tell.
                Ok(_) | Err(NoGesture::NotHeard(NotHeard::NotRunning | NotHeard::TooMany)) => return Ok(()),
                Err(no_gesture) => return Err(no_gesture.to_string()),
            },
            Wish::Write(data) => writer()?.write(at, &data),
            Wish::End => writer()?.end(at),
        };
        let taken = taken.map_err(|overtaken| overtaken.to_string())?;
        news.taken.send_replace(Some(taken));
        // The sender is here, so this ends with the socket at the latest.
        let _ = news.told.subscribe().wait_for(|told| may_go_on(taken.bytes, *told)).await;
        Ok(())
    }
}

/// The next thing that a client says, or why there is none. Its pongs show that it is there.
async fn hear<E>(heard: &mut (impl Stream<Item = Result<Message, E>> + Unpin)) -> Result<Utf8Bytes, Closing> {
    loop {
        match timeout(SILENCE, heard.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => return Ok(text),
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
            Ok(Some(Ok(Message::Binary(_)))) => {
                return Err(Closing::Wrong("a message is text: bytes come as base64 in it".to_owned()));
            }
            Ok(Some(Err(_))) => return Err(Closing::Unreadable),
            Ok(None | Some(Ok(Message::Close(_)))) | Err(_) => return Err(Closing::Gone),
        }
    }
}

/// Tells what happens to the job, and what was taken.
async fn tell(
    sink: &mut SplitSink<WebSocket, Message>,
    watching: Watching,
    news: &News,
    stop: &CancellationToken,
) -> Closing {
    let mut events = std::pin::pin!(events(watching));
    let mut stopping = std::pin::pin!(async {
        stop.cancelled().await;
        sleep(LAST_WORDS).await;
    });
    let mut pings = interval_at(Instant::now() + PING, PING);
    let mut taken = news.taken.subscribe();
    taken.mark_changed();
    loop {
        let told = tokio::select! {
            biased;
            () = &mut stopping => return Closing::Stopping,
            _ = pings.tick() => None,
            Ok(()) = taken.changed() => match *taken.borrow_and_update() {
                Some(taken) => Some(Told::from(taken)),
                None => continue,
            },
            event = events.next() => match event {
                None => return Closing::Finished,
                Some(Err(problem)) => return Closing::Lost(lost(&problem)),
                Some(Ok((number, event))) => Some(Told::Event { number, event }),
            },
        };
        let message =
            told.as_ref().map_or(Message::Ping(Bytes::new()), |told| Message::Text(told.text().into()));
        if sink.send(message).await.is_err() {
            return Closing::Gone;
        }
        if let Some(Told::Stdin { stdin, .. }) = told {
            news.told.send_replace(stdin);
        }
    }
}

/// Events as a stream: what is waited for goes on being waited for while something else is told.
fn events(watching: Watching) -> impl Stream<Item = Next> {
    stream::unfold(Some(watching), async |watching| {
        let mut watching = watching?;
        match watching.next().await {
            Ok(Some(event)) => Some((Ok(event), Some(watching))),
            Ok(None) => None,
            Err(problem) => Some((Err(problem), None)),
        }
    })
}

/// Says why it ends, and hears the client out: a connection that is closed while there is something to read is reset,
/// and its last words may be lost.
async fn close(
    mut sink: SplitSink<WebSocket, Message>,
    mut heard: SplitStream<WebSocket>,
    closing: &Closing,
) {
    let Some(frame) = closing.frame() else { return };
    if sink.send(Message::Close(Some(frame))).await.is_err() {
        return;
    }
    if *closing == Closing::Unreadable {
        // What is left of it cannot be read over; the client is given the time instead.
        return sleep(HEARING).await;
    }
    while let Some(Ok(_)) = heard.next().await {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_is_silent_is_given_up_and_one_that_answers_pings_is_not() {
        let begin = Instant::now();
        let mut silent = stream::pending::<Result<Message, ()>>();
        assert_eq!(hear(&mut silent).await, Err(Closing::Gone));
        assert_eq!(begin.elapsed(), SILENCE);

        let mut answers = Box::pin(stream::unfold(0, async |pongs| {
            sleep(PING).await;
            let message = if pongs < 20 { Message::Pong(Bytes::new()) } else { Message::Text("here".into()) };
            Some((Ok::<_, ()>(message), pongs + 1))
        }));
        assert_eq!(hear(&mut answers).await, Ok("here".into()));
    }

    #[tokio::test]
    async fn what_is_no_text_is_refused() {
        let hear_one = async |message| hear(&mut stream::iter([message])).await.unwrap_err();
        assert!(matches!(hear_one(Ok(Message::Binary(Bytes::new()))).await, Closing::Wrong(_)));
        assert_eq!(hear_one(Err(())).await, Closing::Unreadable);
        assert_eq!(hear_one(Ok(Message::Close(None))).await, Closing::Gone);
    }
}
