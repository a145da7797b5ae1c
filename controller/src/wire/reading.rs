//! Frames out of what comes, as far as a peer may go: how large one is, how long it takes, and how much of all of them
//! is on its way at once.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use protocol::frame::{Frame, FrameError, MAX_CHUNK, MAX_FRAME};
use protocol::{Problem, ProblemKind};
use tokio::time::Instant;
use tokio_util::codec::Decoder;

use super::WireError;
use crate::doors::{Incoming, Place};

/// The most that a stranger may say before it has been greeted, in bytes.
const MAX_HELLO: usize = 16 * 1024;

/// What a frame may have without being counted: a chunk of data, and what goes with it. Every connection has a buffer of
/// this size at most, beside what is counted.
const UNCOUNTED: usize = MAX_CHUNK + 64;

/// How long a frame may take from its first byte to its last.
const WHOLE: Duration = Duration::from_secs(30);

/// How TLS begins: no length of a frame does.
const TLS_HANDSHAKE: [u8; 2] = [0x16, 0x03];

/// Takes frames out of a buffer.
#[derive(Debug)]
pub struct Frames {
    most: usize,
    /// The large frame that is on its way.
    incoming: Incoming,
    /// Since when a frame is on its way.
    since: Option<Instant>,
}

impl Frames {
    /// Those of a stranger.
    pub fn new(place: &Arc<Place>) -> Self {
        Self { most: MAX_HELLO, incoming: place.incoming(), since: None }
    }

    /// The peer has said who it is.
    pub fn greeted(&mut self) {
        self.most = MAX_FRAME;
    }

    /// Looks at the length of the next frame before room is made for it.
    fn announced(&mut self, from: &BytesMut) -> Result<(), WireError> {
        let Some(prefix) = from.first_chunk::<4>() else { return Ok(()) };
        let length = u32::from_be_bytes(*prefix) as usize;
        if prefix.starts_with(&TLS_HANDSHAKE) {
            return Err(WireError::protocol("the peer encrypts (TLS), and this door does not"));
        }
        if (self.most + 1..=MAX_FRAME).contains(&length) {
            return Err(WireError::protocol(format!("a hello has at most {MAX_HELLO} bytes, not {length}")));
        }
        if (UNCOUNTED..=MAX_FRAME).contains(&length) && self.incoming.is_empty() {
            let full = |full: crate::doors::Full| Problem::new(ProblemKind::Busy, full.to_string());
            self.incoming
                .grow(length as u64)
                .map_err(|error| WireError::Protocol(full(error).retry_after(1)))?;
        }
        Ok(())
    }

    /// A frame is whole.
    fn whole(&mut self, from: &mut BytesMut) {
        self.since = None;
        if !self.incoming.is_empty() {
            self.incoming.clear();
            // What follows gets a buffer of its own: the large one goes with its frame.
            *from = BytesMut::from(&from[..]);
        }
    }

    /// A frame is not whole yet.
    fn waiting(&mut self) -> Result<(), WireError> {
        let since = *self.since.get_or_insert_with(Instant::now);
        match since.elapsed() > WHOLE {
            true => Err(WireError::protocol(format!("a frame has to be whole within {} s", WHOLE.as_secs()))),
            false => Ok(()),
        }
    }
}

impl Decoder for Frames {
    type Item = Frame;
    type Error = WireError;

    fn decode(&mut self, from: &mut BytesMut) -> Result<Option<Frame>, WireError> {
        self.announced(from)?;
        let frame = Frame::decode(from)?;
        match &frame {
            Some(_) => self.whole(from),
            None if from.is_empty() => {}
            None => self.waiting()?,
        }
        Ok(frame)
    }

    fn decode_eof(&mut self, from: &mut BytesMut) -> Result<Option<Frame>, WireError> {
        match self.decode(from)? {
            None if !from.is_empty() => Err(FrameError::Truncated.into()),
            frame => Ok(frame),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doors::{Door, Room};
    use protocol::frame::FrameKind;

    fn place() -> Arc<Place> {
        let room =
            Room { connections: 1, connections_per_address: 1, bytes: 1 << 20, bytes_per_address: 1 << 20 };
        Door::new(room).enter(([10, 0, 0, 1], 1).into()).unwrap()
    }

    fn reader(place: &Arc<Place>) -> Frames {
        let mut frames = Frames::new(place);
        frames.greeted();
        frames
    }

    fn frame(bytes: usize) -> BytesMut {
        let mut buffer = BytesMut::new();
        let payload = vec![0; bytes].into();
        Frame { kind: FrameKind::Blob, stream: 1, payload }.encode(&mut buffer).unwrap();
        buffer
    }

    #[test]
    fn a_stranger_says_little() {
        let error = Frames::new(&place()).decode(&mut frame(20_000)).unwrap_err();
        assert!(error.to_string().contains("a hello has at most 16384 bytes"), "{error}");
        assert!(Frames::new(&place()).decode(&mut frame(10_000)).unwrap().is_some());
    }

    #[test]
    fn large_frames_are_counted_until_they_are_whole_and_take_their_memory_with_them() {
        let place = place();
        let (mut one, mut other) = (reader(&place), reader(&place));
        let mut bytes = frame(900_000);
        let rest = bytes.split_off(1000);
        assert!(one.decode(&mut bytes).unwrap().is_none());
        let error = other.decode(&mut frame(200_000)).unwrap_err();
        assert!(error.to_string().contains("try again later"), "{error}");
        assert!(other.decode(&mut frame(MAX_CHUNK)).unwrap().is_some(), "ordinary ones go on");
        bytes.extend_from_slice(&rest);
        assert!(one.decode(&mut bytes).unwrap().is_some());
        assert!(bytes.capacity() < 1000);
        assert!(other.decode(&mut frame(200_000)).unwrap().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_frame_that_drips_has_an_end_and_one_after_a_long_silence_is_fine() {
        let place = place();
        let mut frames = reader(&place);
        for _ in 0..2 {
            assert!(frames.decode(&mut frame(10)).unwrap().is_some());
            tokio::time::advance(2 * WHOLE).await;
        }
        let whole = frame(10);
        let mut bytes = BytesMut::from(&whole[..5]);
        assert!(frames.decode(&mut bytes).unwrap().is_none());
        tokio::time::advance(2 * WHOLE).await;
        bytes.extend_from_slice(&whole[5..6]);
        assert!(frames.decode(&mut bytes).unwrap_err().to_string().contains("within 30 s"));
    }
}
