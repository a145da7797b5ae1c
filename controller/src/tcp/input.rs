//! Standard input that comes over a connection.

use std::sync::Arc;

use protocol::frame::{Frame, FrameError, FrameKind};
use protocol::hello::DEFAULT_WINDOW;
use protocol::window::ReceiveWindow;
use protocol::{Problem, ProblemKind};

use crate::live::{Overtaken, StdinLog, Writer};

/// The standard input of a job, as far as it comes over one stream.
#[derive(Debug)]
pub struct Input {
    to: To,
    window: ReceiveWindow,
}

#[derive(Debug)]
enum To {
    /// All of it comes here.
    Whole(Arc<StdinLog>),
    /// It may go on over other connections; so many bytes are there.
    GoingOn(Writer, u64),
}

/// Input that is not taken.
#[derive(Debug)]
pub enum NotTaken {
    /// There was no credit for it.
    Frame(FrameError),
    /// Another connection goes on with it.
    Overtaken(Overtaken),
}

impl From<Overtaken> for NotTaken {
    fn from(overtaken: Overtaken) -> Self {
        Self::Overtaken(overtaken)
    }
}

impl From<&Overtaken> for Problem {
    fn from(overtaken: &Overtaken) -> Self {
        Self::new(ProblemKind::Conflict, overtaken.to_string()).at("stdin")
    }
}

impl Input {
    /// Input that comes over this connection and no other: its end is the connection's.
    pub fn whole(log: Arc<StdinLog>) -> Self {
        Self { to: To::Whole(log), window: ReceiveWindow::new(DEFAULT_WINDOW) }
    }

    /// Input that goes on here, behind what there is of it.
    pub fn going_on(writer: Writer) -> Self {
        let bytes = writer.taken().bytes;
        Self { to: To::GoingOn(writer, bytes), window: ReceiveWindow::new(DEFAULT_WINDOW) }
    }

    /// Keeps what came. Returns the credit to grant.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub fn take(&mut self, frame: &Frame) -> Result<Option<u32>, NotTaken> {
        if frame.kind == FrameKind::StdinEnd {
            match &self.to {
                To::Whole(log) => log.end(),
                To::GoingOn(writer, at) => drop(writer.end(*at)?),
            }
            return Ok(None);
        }
        self.window.received(frame.payload.len()).map_err(NotTaken::Frame)?;
        match &mut self.to {
            To::Whole(log) => log.push(&frame.payload),
            // What comes after the end is dropped, and counts for nothing.
            To::GoingOn(writer, at) => *at = writer.write(*at, &frame.payload)?.bytes,
        }
        Ok(self.window.consumed(frame.payload.len()))
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        if let To::Whole(log) = &self.to {
            log.break_off();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;
    use crate::budget::Budget;

    fn frame(text: &'static str) -> Frame {
        Frame { kind: FrameKind::Stdin, stream: 1, payload: Bytes::from_static(text.as_bytes()) }
    }

    #[tokio::test]
    async fn input_goes_on_over_the_next_connection_and_the_former_one_is_told() {
        let log = StdinLog::attended(100, &Budget::new(100), None, Duration::from_secs(1));
        let mut former = Input::going_on(log.attend());
        former.take(&frame("one ")).unwrap();
        let mut latter = Input::going_on(log.attend());
        latter.take(&frame("two")).unwrap();
        let refused = former.take(&frame("one ")).unwrap_err();
        assert!(matches!(refused, NotTaken::Overtaken(_)), "{refused:?}");
        drop(former);
        latter.take(&Frame::empty(FrameKind::StdinEnd, 1)).unwrap();
        latter.take(&frame("late")).unwrap();
        let mut reader = log.reader(0);
        assert_eq!(reader.next().await.as_deref(), Some(&b"one two"[..]));
        assert_eq!(reader.next().await, None);
    }

    #[tokio::test]
    async fn input_of_one_connection_breaks_off_with_it() {
        let log = StdinLog::new(100, &Budget::new(100));
        Input::whole(Arc::clone(&log)).take(&frame("half")).unwrap();
        log.failed().await;
    }
}
