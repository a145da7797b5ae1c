//! The frames of the TCP doors: `u32` length of what follows, `u8` kind, `u32` stream, payload; all numbers
//! big-endian. docs/protocol.md has an example byte for byte.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::Step;
use crate::event::OutputStream;

/// The most that may follow a length: 1 MiB.
pub const MAX_FRAME: usize = 1024 * 1024;

/// The most data that this software puts into one frame: 64 KiB.
pub const MAX_CHUNK: usize = 64 * 1024;

/// The bytes of the length.
const LENGTH: usize = 4;

/// The bytes of kind and stream.
const HEADER: usize = 5;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FrameKind {
    /// The first frame each way: [`Hello`](crate::hello::Hello) as JSON, on stream 0.
    Hello = 1,
    /// A message as JSON.
    Control = 2,
    /// Is anybody there? Answered by a pong; both on stream 0 and without payload.
    Ping = 3,
    /// Yes.
    Pong = 4,
    /// The receiver of data on this stream takes so many bytes more: `u32`.
    Credit = 5,
    /// Contents that a job's JSON announced by their sizes, one after the other without gaps.
    Blob = 16,
    /// Standard input.
    Stdin = 17,
    /// Standard input has ended.
    StdinEnd = 18,
    /// Standard output: an [`OutputChunk`].
    Stdout = 19,
    /// Standard error: an [`OutputChunk`].
    Stderr = 20,
}

impl FrameKind {
    fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Hello,
            2 => Self::Control,
            3 => Self::Ping,
            4 => Self::Pong,
            5 => Self::Credit,
            16 => Self::Blob,
            17 => Self::Stdin,
            18 => Self::StdinEnd,
            19 => Self::Stdout,
            20 => Self::Stderr,
            _ => return None,
        })
    }

    /// Whether such a frame uses up credit, one for each byte of its payload.
    pub fn uses_credit(self) -> bool {
        matches!(self, Self::Blob | Self::Stdin | Self::Stdout | Self::Stderr)
    }
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: FrameKind,
    /// The stream it belongs to; 0 is the connection itself.
    pub stream: u32,
    /// What it carries.
    pub payload: Bytes,
}

/// Bytes that are not a frame. The connection cannot go on: where the next frame begins is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The length is over [`MAX_FRAME`]; often the peer speaks another protocol.
    #[error("a frame of {0} bytes is over the maximum of {MAX_FRAME}")]
    TooLong(u32),
    /// The length is too short to hold kind and stream.
    #[error("a frame of {0} bytes is too short")]
    TooShort(u32),
    /// The kind is none of [`FrameKind`].
    #[error("unknown frame kind {0}")]
    UnknownKind(u8),
    /// The connection ended inside a frame.
    #[error("the connection ended inside a frame")]
    Truncated,
    /// The payload is not what its kind says.
    #[error("malformed {0:?} frame")]
    Malformed(FrameKind),
}

impl Frame {
    /// A frame without payload.
    pub fn empty(kind: FrameKind, stream: u32) -> Self {
        Self { kind, stream, payload: Bytes::new() }
    }

    /// A control frame.
    ///
    /// # Errors
    /// Where the message is too large for one frame.
    pub fn control(stream: u32, message: &impl serde::Serialize) -> Result<Self, FrameError> {
        Self::json(FrameKind::Control, stream, message)
    }

    /// A hello frame.
    ///
    /// # Errors
    /// Never in practice; see [`control`](Self::control).
    pub fn hello(hello: &crate::hello::Hello) -> Result<Self, FrameError> {
        Self::json(FrameKind::Hello, 0, hello)
    }

    /// A credit frame.
    pub fn credit(stream: u32, bytes: u32) -> Self {
        Self { kind: FrameKind::Credit, stream, payload: Bytes::copy_from_slice(&bytes.to_be_bytes()) }
    }

    /// A stdout or stderr frame.
    pub fn output(stream: u32, chunk: &OutputChunk) -> Self {
        let kind = match chunk.stream {
            OutputStream::Stdout => FrameKind::Stdout,
            OutputStream::Stderr => FrameKind::Stderr,
        };
        let mut payload = BytesMut::with_capacity(OutputChunk::HEADER + chunk.data.len());
        payload.put_u64(chunk.seq);
        payload.put_u32(chunk.step.0);
        payload.put_slice(&chunk.data);
        Self { kind, stream, payload: payload.freeze() }
    }

    fn json(kind: FrameKind, stream: u32, message: &impl serde::Serialize) -> Result<Self, FrameError> {
        let payload: Bytes = serde_json::to_vec(message).map_err(|_| FrameError::Malformed(kind))?.into();
        if HEADER + payload.len() > MAX_FRAME {
            return Err(FrameError::TooLong(u32::try_from(payload.len()).unwrap_or(u32::MAX)));
        }
        Ok(Self { kind, stream, payload })
    }

    /// Reads the JSON of a control or hello frame.
    ///
    /// # Errors
    /// Where it is not that JSON.
    pub fn parse<T: serde::de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.payload)
    }

    /// Reads a credit frame: the number of bytes granted.
    ///
    /// # Errors
    /// Where the payload is not a number.
    pub fn credit_bytes(&self) -> Result<u32, FrameError> {
        let bytes = self.payload.as_ref().try_into().map_err(|_| FrameError::Malformed(self.kind))?;
        Ok(u32::from_be_bytes(bytes))
    }

    /// Reads a stdout or stderr frame.
    ///
    /// # Errors
    /// Where it is another frame, or too short.
    pub fn output_chunk(&self) -> Result<OutputChunk, FrameError> {
        let stream = match self.kind {
            FrameKind::Stdout => OutputStream::Stdout,
            FrameKind::Stderr => OutputStream::Stderr,
            kind => return Err(FrameError::Malformed(kind)),
        };
        let mut payload = self.payload.clone();
        if payload.len() < OutputChunk::HEADER {
            return Err(FrameError::Malformed(self.kind));
        }
        Ok(OutputChunk { seq: payload.get_u64(), step: Step(payload.get_u32()), stream, data: payload })
    }

    /// The number of bytes of the encoded frame.
    pub fn encoded_len(&self) -> usize {
        LENGTH + HEADER + self.payload.len()
    }

    /// Appends the frame to a buffer.
    ///
    /// # Errors
    /// Where it is over [`MAX_FRAME`]; nothing is appended then.
    pub fn encode(&self, into: &mut BytesMut) -> Result<(), FrameError> {
        let length = HEADER + self.payload.len();
        let announced = u32::try_from(length).unwrap_or(u32::MAX);
        if length > MAX_FRAME {
            return Err(FrameError::TooLong(announced));
        }
        into.reserve(self.encoded_len());
        into.put_u32(announced);
        into.put_u8(self.kind as u8);
        into.put_u32(self.stream);
        into.put_slice(&self.payload);
        Ok(())
    }

    /// Takes the first frame out of a buffer, or nothing while it is incomplete.
    ///
    /// # Errors
    /// Where the bytes cannot become a frame.
    pub fn decode(from: &mut BytesMut) -> Result<Option<Self>, FrameError> {
        let Some(prefix) = from.first_chunk::<LENGTH>() else { return Ok(None) };
        let announced = u32::from_be_bytes(*prefix);
        let length = announced as usize;
        if length > MAX_FRAME {
            return Err(FrameError::TooLong(announced));
        }
        if length < HEADER {
            return Err(FrameError::TooShort(announced));
        }
        if from.len() < LENGTH + length {
            from.reserve(LENGTH + length - from.len());
            return Ok(None);
        }
        from.advance(LENGTH);
        let mut body = from.split_to(length);
        let kind = body.get_u8();
        let kind = FrameKind::from_byte(kind).ok_or(FrameError::UnknownKind(kind))?;
        Ok(Some(Self { kind, stream: body.get_u32(), payload: body.freeze() }))
    }
}

/// A piece of a program's output: `u64` number, `u32` step, then the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputChunk {
    /// To a client, the event's number (see [`JobEvent`](crate::event::JobEvent)). From a runner, 0.
    pub seq: u64,
    /// During which step.
    pub step: Step,
    /// Where to.
    pub stream: OutputStream,
    /// What.
    pub data: Bytes,
}

impl OutputChunk {
    /// The bytes of number and step.
    pub const HEADER: usize = 12;
}

/// Frames over a byte stream, for [`tokio_util::codec::Framed`].
#[cfg(feature = "codec")]
#[derive(Debug, Clone, Copy, Default)]
pub struct FrameCodec;

#[cfg(feature = "codec")]
impl tokio_util::codec::Decoder for FrameCodec {
    type Item = Frame;
    type Error = std::io::Error;

    fn decode(&mut self, from: &mut BytesMut) -> Result<Option<Frame>, Self::Error> {
        Frame::decode(from).map_err(invalid_data)
    }

    fn decode_eof(&mut self, from: &mut BytesMut) -> Result<Option<Frame>, Self::Error> {
        match self.decode(from)? {
            None if !from.is_empty() => Err(invalid_data(FrameError::Truncated)),
            frame => Ok(frame),
        }
    }
}

#[cfg(feature = "codec")]
impl tokio_util::codec::Encoder<Frame> for FrameCodec {
    type Error = std::io::Error;

    fn encode(&mut self, frame: Frame, into: &mut BytesMut) -> Result<(), Self::Error> {
        frame.encode(into).map_err(invalid_data)
    }
}

#[cfg(feature = "codec")]
fn invalid_data(error: FrameError) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, error)
}
