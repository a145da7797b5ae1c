//! Frames as cheaply as can be: they are told apart by their first bytes, and what is sent is made once and gets its
//! stream's number. What is measured is the controller, not this side.

use bytes::{Buf, BytesMut};
use protocol::frame::{Frame, FrameKind};
use serde::Serialize;

/// Where the kind, the stream and the payload of a frame begin.
const KIND: usize = 4;
const STREAM: usize = 5;
const PAYLOAD: usize = 9;

/// One frame, looked at where it lies.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// Its kind, as on the wire.
    pub kind: u8,
    /// Its stream.
    pub stream: u32,
    /// What it carries.
    pub payload: &'a [u8],
}

impl View<'_> {
    /// Whether it is of this kind.
    pub fn is(&self, kind: FrameKind) -> bool {
        self.kind == kind as u8
    }
}

/// Shows all whole frames of a buffer, and takes them out of it.
pub fn take_all(buffer: &mut BytesMut, mut see: impl FnMut(View<'_>)) {
    let mut at = 0;
    while let Some(prefix) = buffer[at..].first_chunk::<4>() {
        let end = at + 4 + u32::from_be_bytes(*prefix) as usize;
        if buffer.len() < end {
            break;
        }
        let stream = u32::from_be_bytes(buffer[at + STREAM..at + PAYLOAD].try_into().unwrap());
        see(View { kind: buffer[at + KIND], stream, payload: &buffer[at + PAYLOAD..end] });
        at = end;
    }
    buffer.advance(at);
}

/// Frames that are sent again and again, each time on another stream.
#[derive(Debug, Clone)]
pub struct Template {
    bytes: Vec<u8>,
    frames: Vec<usize>,
}

impl Template {
    /// Control frames with these messages, one after the other.
    pub fn new<M: Serialize>(messages: &[M]) -> Self {
        let (mut bytes, mut frames) = (BytesMut::new(), Vec::new());
        for message in messages {
            frames.push(bytes.len());
            Frame::control(0, message).unwrap().encode(&mut bytes).unwrap();
        }
        Self { bytes: bytes.to_vec(), frames }
    }

    /// Appends the frames to what is to be sent, for this stream.
    pub fn append(&self, stream: u32, out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend_from_slice(&self.bytes);
        for frame in &self.frames {
            let at = begin + frame;
            out[at + STREAM..at + PAYLOAD].copy_from_slice(&stream.to_be_bytes());
        }
    }
}

/// One frame as bytes.
pub fn bytes(frame: &Frame) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    frame.encode(&mut bytes).unwrap();
    bytes.to_vec()
}
