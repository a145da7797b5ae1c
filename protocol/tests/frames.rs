//! The frame codec: its bytes are fixed, whatever is written is read back, and nothing else passes.

#![allow(clippy::unwrap_used, reason = "a test helper may fail its test")]

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use protocol::Step;
use protocol::client::Request;
use protocol::event::OutputStream;
use protocol::frame::{Frame, FrameError, FrameKind, MAX_FRAME, OutputChunk};

const KINDS: [FrameKind; 10] = [
    FrameKind::Hello,
    FrameKind::Control,
    FrameKind::Ping,
    FrameKind::Pong,
    FrameKind::Credit,
    FrameKind::Blob,
    FrameKind::Stdin,
    FrameKind::StdinEnd,
    FrameKind::Stdout,
    FrameKind::Stderr,
];

fn encoded(frame: &Frame) -> BytesMut {
    let mut bytes = BytesMut::new();
    frame.encode(&mut bytes).unwrap();
    bytes
}

#[test]
fn the_bytes_of_a_control_frame() {
    let frame = Frame::control(7, &Request::Languages).unwrap();
    assert_eq!(&encoded(&frame)[..], b"\0\0\0\x19\x02\0\0\0\x07{\"type\":\"languages\"}");
}

#[test]
fn the_bytes_of_an_output_frame() {
    let chunk = OutputChunk {
        seq: 5,
        step: Step(1),
        stream: OutputStream::Stderr,
        data: Bytes::from_static(b"hi\n"),
    };
    let frame = Frame::output(3, &chunk);
    assert_eq!(&encoded(&frame)[..], b"\0\0\0\x14\x14\0\0\0\x03\0\0\0\0\0\0\0\x05\0\0\0\x01hi\n");
    assert_eq!(frame.output_chunk(), Ok(chunk));
}

#[test]
fn the_bytes_of_a_credit_frame() {
    let frame = Frame::credit(1, 65_536);
    assert_eq!(&encoded(&frame)[..], b"\0\0\0\x09\x05\0\0\0\x01\0\x01\0\0");
    assert_eq!(frame.credit_bytes(), Ok(65_536));
}

#[test]
fn a_frame_over_the_cap_is_an_error_both_ways() {
    let payload = Bytes::from(vec![0; MAX_FRAME]);
    let frame = Frame { kind: FrameKind::Stdin, stream: 1, payload };
    let mut bytes = BytesMut::new();
    assert!(matches!(frame.encode(&mut bytes), Err(FrameError::TooLong(_))));
    assert!(bytes.is_empty());

    let http = &mut BytesMut::from(&b"GET / HTTP/1.1\r\n"[..]);
    assert_eq!(Frame::decode(http), Err(FrameError::TooLong(0x4745_5420)));
}

#[test]
fn a_length_too_short_and_an_unknown_kind_are_errors() {
    assert_eq!(
        Frame::decode(&mut BytesMut::from(&b"\0\0\0\x04\x02\0\0\0"[..])),
        Err(FrameError::TooShort(4))
    );
    let unknown = &b"\0\0\0\x05\x63\0\0\0\x01"[..];
    assert_eq!(Frame::decode(&mut BytesMut::from(unknown)), Err(FrameError::UnknownKind(0x63)));
}

#[test]
fn a_payload_that_is_not_its_kinds_is_an_error() {
    let short = Frame { kind: FrameKind::Stdout, stream: 1, payload: Bytes::from_static(b"short") };
    assert_eq!(short.output_chunk(), Err(FrameError::Malformed(FrameKind::Stdout)));
    assert_eq!(
        Frame::empty(FrameKind::Credit, 1).credit_bytes(),
        Err(FrameError::Malformed(FrameKind::Credit))
    );
    assert!(Frame::empty(FrameKind::Control, 1).parse::<Request>().is_err());
}

#[cfg(feature = "codec")]
#[test]
fn a_connection_that_ends_inside_a_frame_is_an_error() {
    use protocol::frame::FrameCodec;
    use tokio_util::codec::Decoder as _;

    let mut bytes = encoded(&Frame::empty(FrameKind::Ping, 0));
    let mut cut = bytes.split_to(7);
    assert!(FrameCodec.decode_eof(&mut cut).is_err());
    assert!(FrameCodec.decode_eof(&mut BytesMut::new()).unwrap().is_none());
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let payload = prop::collection::vec(any::<u8>(), 0..2000).prop_map(Bytes::from);
    (prop::sample::select(&KINDS[..]), any::<u32>(), payload).prop_map(|(kind, stream, payload)| Frame {
        kind,
        stream,
        payload,
    })
}

proptest! {
    #[test]
    fn frames_come_back_however_the_bytes_arrive(
        frames in prop::collection::vec(any_frame(), 1..8),
        piece in 1_usize..600,
    ) {
        let mut sent = BytesMut::new();
        frames.iter().for_each(|frame| frame.encode(&mut sent).unwrap());

        let mut received = Vec::new();
        let mut buffer = BytesMut::new();
        for piece in sent.chunks(piece) {
            buffer.extend_from_slice(piece);
            while let Some(frame) = Frame::decode(&mut buffer).unwrap() {
                received.push(frame);
            }
        }
        prop_assert_eq!(received, frames);
        prop_assert!(buffer.is_empty());
    }

    #[test]
    fn garbage_never_panics(garbage in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut buffer = BytesMut::from(&garbage[..]);
        while let Ok(Some(frame)) = Frame::decode(&mut buffer) {
            let _ = frame.output_chunk();
            let _ = frame.credit_bytes();
            let _ = frame.parse::<Request>();
        }
    }
}
