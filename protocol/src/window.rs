//! Credit: how much data one side of a stream may send before the other has dealt with what it got.
//!
//! Each stream starts with the window that the receiver's [`Hello`](crate::hello::Hello) names, and grows by
//! what its credit frames grant. So a program that does not read its input, or a client that does not read the
//! output, holds up its own stream and no other.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::frame::{FrameError, FrameKind};

/// The most credit that can be open on a stream; a peer that grants more is broken.
const MAX_CREDIT: usize = 1 << 30;

/// The sender's side: how much it may still send. Clones share the credit.
#[derive(Debug, Clone)]
pub struct SendWindow(Arc<Semaphore>);

/// The stream has ended; nothing more can be sent on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stream has ended")]
pub struct StreamEnded;

impl SendWindow {
    /// A window of this many bytes.
    pub fn new(bytes: u32) -> Self {
        Self(Arc::new(Semaphore::new((bytes as usize).min(MAX_CREDIT))))
    }

    /// Waits until this many bytes may be sent, and uses them up. Ask for no more than
    /// [`MAX_CHUNK`](crate::frame::MAX_CHUNK) at a time.
    ///
    /// # Errors
    /// Once the window is closed.
    pub async fn take(&self, bytes: usize) -> Result<(), StreamEnded> {
        let bytes = u32::try_from(bytes).map_err(|_| StreamEnded)?;
        self.0.acquire_many(bytes).await.map_err(|_| StreamEnded)?.forget();
        Ok(())
    }

    /// The peer granted more.
    ///
    /// # Errors
    /// Where that is more than anybody can mean.
    pub fn grant(&self, bytes: u32) -> Result<(), FrameError> {
        if self.0.available_permits() + bytes as usize > MAX_CREDIT {
            return Err(FrameError::Malformed(FrameKind::Credit));
        }
        self.0.add_permits(bytes as usize);
        Ok(())
    }

    /// Ends the stream: whoever waits, and whoever asks later, is told so.
    pub fn close(&self) {
        self.0.close();
    }
}

/// The receiver's side: how much the peer may still send, and when to grant it more.
#[derive(Debug, Clone, Copy)]
pub struct ReceiveWindow {
    size: u32,
    open: u32,
    owed: u32,
}

impl ReceiveWindow {
    /// A window of this many bytes.
    pub fn new(size: u32) -> Self {
        Self { size, open: size, owed: 0 }
    }

    /// Data came.
    ///
    /// # Errors
    /// Where the peer had no credit for it.
    pub fn received(&mut self, bytes: usize) -> Result<(), FrameError> {
        let bytes = u32::try_from(bytes).ok().filter(|bytes| *bytes <= self.open);
        self.open -= bytes.ok_or(FrameError::Malformed(FrameKind::Credit))?;
        Ok(())
    }

    /// Data has been dealt with. Returns the credit to grant now; small amounts are saved up until they are
    /// half a window.
    pub fn consumed(&mut self, bytes: usize) -> Option<u32> {
        self.owed = self.owed.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        if self.owed < self.size / 2 {
            return None;
        }
        self.open = self.open.saturating_add(self.owed);
        Some(std::mem::take(&mut self.owed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_without_credit_is_caught() {
        let mut window = ReceiveWindow::new(100);
        assert_eq!(window.received(60), Ok(()));
        assert!(window.received(60).is_err());
        assert_eq!(window.consumed(40), None);
        assert_eq!(window.consumed(20), Some(60));
        assert_eq!(window.received(100), Ok(()));
    }

    #[test]
    fn credit_beyond_reason_is_refused() {
        let window = SendWindow::new(1);
        assert_eq!(window.grant(10), Ok(()));
        assert!(window.grant(u32::MAX).is_err());
    }
}
