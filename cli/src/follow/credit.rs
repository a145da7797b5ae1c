//! How much output the controller may send before what came has been written. Pure.

use protocol::frame::FrameError;
use protocol::hello::DEFAULT_WINDOW;
use protocol::window::ReceiveWindow;

/// The receiving window of the job's stream, and what the printer still holds of it.
#[derive(Debug)]
pub struct Credit {
    window: ReceiveWindow,
    unwritten: usize,
    stale: usize,
}

impl Credit {
    /// A window as this program's hello names it.
    pub fn new() -> Self {
        Self { window: ReceiveWindow::new(DEFAULT_WINDOW), unwritten: 0, stale: 0 }
    }

    /// Output came.
    pub fn received(&mut self, bytes: usize) -> Result<(), FrameError> {
        self.window.received(bytes)
    }

    /// It went to the printer.
    pub fn queued(&mut self, bytes: usize) {
        self.unwritten += bytes;
    }

    /// The printer has written it. Returns the credit to grant now.
    pub fn written(&mut self, bytes: usize) -> Option<u32> {
        self.unwritten = self.unwritten.saturating_sub(bytes);
        let stale = self.stale.min(bytes);
        self.stale -= stale;
        self.done(bytes - stale)
    }

    /// It needs no more attention. Returns the credit to grant now.
    pub fn done(&mut self, bytes: usize) -> Option<u32> {
        if bytes == 0 { None } else { self.window.consumed(bytes) }
    }

    /// A new connection begins with a new window; what came over the old one grants nothing on it.
    pub fn renew(&mut self) {
        *self = Self { stale: self.unwritten, unwritten: self.unwritten, ..Self::new() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credit_comes_back_when_output_is_written() {
        let half = DEFAULT_WINDOW as usize / 2;
        let mut credit = Credit::new();
        credit.received(half).unwrap();
        credit.queued(half);
        assert_eq!(credit.written(half), Some(DEFAULT_WINDOW / 2));
    }

    #[test]
    fn what_came_over_a_lost_connection_grants_nothing_on_the_next() {
        let half = DEFAULT_WINDOW as usize / 2;
        let mut credit = Credit::new();
        credit.received(half).unwrap();
        credit.queued(half);
        credit.renew();
        assert_eq!(credit.written(half), None);
        assert_eq!(credit.done(half), Some(DEFAULT_WINDOW / 2));
    }
}
