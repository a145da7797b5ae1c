//! What somebody typed for a program, as far as it is not certain that the controller has it: it is sent again after a
//! break, from the byte on that the controller names. Pure.

use bytes::{Bytes, BytesMut};
use protocol::Content;
use serde::{Deserialize, Serialize};

/// Input whose way may break.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// The number of the first byte that is here.
    from: u64,
    bytes: Content,
    /// Whether nothing comes behind it.
    ended: bool,
}

impl Typed {
    /// A piece was typed, or the end.
    pub fn add(&mut self, piece: Option<&Bytes>) {
        match piece {
            Some(piece) => {
                let mut bytes = BytesMut::from(&self.bytes.bytes()[..]);
                bytes.extend_from_slice(piece);
                self.bytes = Content::Inline(bytes.freeze());
            }
            None => self.ended = true,
        }
    }

    /// The controller has so many bytes more for certain.
    pub fn taken(&mut self, bytes: u32) {
        self.skip(u64::from(bytes));
    }

    /// The controller has all bytes before this one, and what is to come next begins there. Returns what is here of that,
    /// and its end, where it has one.
    pub fn go_on_at(&mut self, byte: u64) -> Vec<Option<Bytes>> {
        self.skip(byte.saturating_sub(self.from));
        self.from = byte;
        let bytes = Some(self.bytes.bytes()).filter(|bytes| !bytes.is_empty());
        bytes.map(Some).into_iter().chain(self.ended.then_some(None)).collect()
    }

    fn skip(&mut self, bytes: u64) {
        let mut left = self.bytes.bytes();
        let skipped = usize::try_from(bytes).unwrap_or(usize::MAX).min(left.len());
        self.bytes = Content::Inline(left.split_off(skipped));
        self.from += skipped as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &'static str) -> Typed {
        let mut typed = Typed::default();
        typed.add(Some(&Bytes::from_static(text.as_bytes())));
        typed
    }

    #[test]
    fn what_did_not_arrive_is_sent_again_and_nothing_twice() {
        let mut typed = typed("one two");
        typed.taken(2);
        assert_eq!(typed.go_on_at(4), [Some(Bytes::from_static(b"two"))]);
        assert_eq!(typed.go_on_at(7), []);
        typed.add(None);
        assert_eq!(typed.go_on_at(7), [None]);
    }

    #[test]
    fn input_that_somebody_else_went_on_with_goes_on_behind_that() {
        let mut typed = typed("one");
        assert_eq!(typed.go_on_at(10), []);
        typed.add(Some(&Bytes::from_static(b"more")));
        assert_eq!(typed.go_on_at(12), [Some(Bytes::from_static(b"re"))]);
    }

    #[test]
    fn it_outlives_the_command() {
        let mut typed = typed("caf\u{e9}");
        typed.add(Some(&Bytes::from_static(b"\xff")));
        let kept = serde_json::to_string(&typed).unwrap();
        assert_eq!(serde_json::from_str::<Typed>(&kept).unwrap(), typed);
    }
}
