//! Ctrl-C, output that nobody takes, lost connections.

use std::io;
use std::time::Duration;

use protocol::JobId;
use protocol::client::Request;
use tokio::time::{Instant, sleep};

use super::{Ending, Session, Stop};
use crate::client::Link;
use crate::failure::Failure;
use crate::follow::reconnect::{Loss, is_passing};
use crate::follow::{CANCEL_STREAM, JOB_STREAM, Mode};
use crate::messages;
use crate::settings::{Account, Master};
use crate::upload::Upload;

/// How long the controller has to confirm that a job was stopped.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

impl Session {
    /// Ctrl-C.
    pub(super) fn interrupt(&mut self) -> Result<Option<Ending>, Failure> {
        if let Some(stop) = &mut self.stop {
            stop.at_once = true;
            return Ok(Some(Ending::AtOnce));
        }
        if self.mode == Mode::Watching {
            return Ok(Some(Ending::LeftRunning(self.progress.id)));
        }
        if self.interrupt_program()? {
            return Ok(None);
        }
        self.say(messages::CANCELLING.to_owned());
        self.stop(None).map(|()| None)
    }

    /// Standard output takes nothing more: a job that is run for it has no sense any more.
    pub(super) fn unread(&mut self, error: io::Error) -> Result<Option<Ending>, Failure> {
        match self.mode {
            Mode::Attached if self.stop.is_none() => self.stop(Some(error)).map(|()| None),
            Mode::Attached => Ok(None),
            Mode::Talking | Mode::Watching | Mode::Detached => Ok(Some(Ending::Unread(error))),
        }
    }

    fn stop(&mut self, unread: Option<io::Error>) -> Result<(), Failure> {
        self.stop = Some(Stop { unread, until: Instant::now() + STOP_PATIENCE, at_once: false });
        self.send_cancel()
    }

    /// Before the job is accepted it has no name to cancel it by; that is made up for when it is.
    pub(super) fn send_cancel(&mut self) -> Result<(), Failure> {
        match self.progress.id {
            Some(id) => self.link.request(CANCEL_STREAM, &Request::Cancel { id }),
            None => Ok(()),
        }
    }

    /// The job was to be stopped, and there is nothing more to wait for.
    pub(super) fn given_up(&mut self) -> Ending {
        match self.stop.as_mut().and_then(|stop| stop.unread.take()) {
            Some(error) => Ending::Unread(error),
            None => Ending::Unconfirmed,
        }
    }

    /// Gets a lost connection back, to this controller or another, for a job that it knows or that has a key.
    pub(super) async fn connection_failed(&mut self, failure: Failure) -> Result<Option<Ending>, Failure> {
        if self.stop.is_some() {
            return Ok(Some(self.given_up()));
        }
        let can_go_on = self.progress.id.is_some() || self.resubmission.is_some();
        // Whatever answers in place of one controller, another may do better.
        let lenient = self.loss.is_some() || self.masters.are_several();
        if !can_go_on || !is_passing(&failure, lenient) {
            return Err(failure);
        }
        let mut loss = match self.loss.take() {
            Some(loss) => loss,
            None => {
                self.say(messages::RECONNECTING.to_owned());
                Loss::new(failure, Instant::now())
            }
        };
        self.was_lost = true;
        let mut master = self.link.master().clone();
        let account = self.link.account().clone();
        loop {
            let (pause, waited) = loss.next_pause(Instant::now())?;
            loss = waited;
            master = self.masters.after(&master);
            tokio::select! {
                link = dial_after(pause, &master, &account) => match link {
                    Ok(link) => return self.resume(link, loss).map(|()| None),
                    Err(failure) if is_passing(&failure, true) => {}
                    Err(failure) => return Err(failure),
                },
                _ = self.interrupts.recv() => return self.interrupt(),
            }
        }
    }

    fn resume(&mut self, link: Link, loss: Loss) -> Result<(), Failure> {
        if !link.is_same_life_as(&self.link) {
            self.progress.anew();
        }
        self.link = link;
        self.stream = JOB_STREAM;
        self.loss = Some(loss);
        self.credit.renew();
        match (self.progress.id, &self.resubmission) {
            (None, Some(resubmission)) => {
                self.upload = resubmission.upload();
                self.link.request(JOB_STREAM, &resubmission.request)
            }
            (Some(id), _) => self.watch_again(id),
            (None, None) => Ok(()),
        }
    }

    /// Follows the job on this stream. What is typed goes on there; other input is lost with its connection.
    pub(super) fn watch_again(&mut self, id: JobId) -> Result<(), Failure> {
        let stdin_follows = self.talk.is_some();
        if !stdin_follows {
            self.stdin = None;
        }
        self.upload = Upload::new(self.stream, Vec::new(), false);
        self.link.request(self.stream, &Request::Watch { id, after: self.progress.seen, stdin_follows })
    }
}

async fn dial_after(pause: Duration, master: &Master, account: &Account) -> Result<Link, Failure> {
    sleep(pause).await;
    let mut link = Link::connect(master, account).await?;
    link.greeted().await?;
    Ok(link)
}
