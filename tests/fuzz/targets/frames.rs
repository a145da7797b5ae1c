//! Bytes on a TCP door: frames however the network cuts them, and the messages in them.

#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use protocol::client::{Request, Response};
use protocol::frame::{Frame, FrameError, FrameKind, MAX_FRAME};
use protocol::hello::Hello;
use protocol::runner::{FromRunner, ToRunner};

fuzz_target!(|input: &[u8]| {
    let Some((&cut, bytes)) = input.split_first() else { return };
    let whole = decode(bytes, bytes.len());
    assert_eq!(whole, decode(bytes, usize::from(cut)), "where the network cuts makes no difference");
    whole.0.iter().for_each(look_at);
    // What came back as frames is what was sent.
    let mut again = BytesMut::new();
    whole.0.iter().for_each(|frame| frame.encode(&mut again).unwrap());
    assert!(bytes.starts_with(&again));
});

/// Decodes bytes that come so many at a time, to the first error.
fn decode(bytes: &[u8], at_a_time: usize) -> (Vec<Frame>, Option<FrameError>) {
    let mut buffer = BytesMut::new();
    let mut frames = Vec::new();
    for chunk in bytes.chunks(at_a_time.max(1)) {
        buffer.extend_from_slice(chunk);
        loop {
            match Frame::decode(&mut buffer) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
        assert!(buffer.capacity() <= 4 * MAX_FRAME, "a length alone takes {} bytes", buffer.capacity());
    }
    (frames, None)
}

/// Reads a frame in every way that a peer could.
fn look_at(frame: &Frame) {
    match frame.kind {
        FrameKind::Hello => {
            let _ = frame.parse::<Hello>().map(|hello| hello.check(&[]));
        }
        FrameKind::Control => {
            same_again::<Request>(frame);
            same_again::<Response>(frame);
            same_again::<FromRunner>(frame);
            same_again::<ToRunner>(frame);
        }
        FrameKind::Credit => {
            let _ = frame.credit_bytes();
        }
        FrameKind::Stdout | FrameKind::Stderr => {
            let Ok(chunk) = frame.output_chunk() else { return };
            assert_eq!(Frame::output(frame.stream, &chunk), *frame);
        }
        _ => {}
    }
}

/// A message that can be read can be written, and is the same then.
fn same_again<T>(frame: &Frame)
where
    T: serde::de::DeserializeOwned + serde::Serialize + PartialEq + std::fmt::Debug,
{
    let Ok(message) = frame.parse::<T>() else { return };
    let text = serde_json::to_string(&message).unwrap();
    assert_eq!(serde_json::from_str::<T>(&text).unwrap(), message, "{text}");
}
