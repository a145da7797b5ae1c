//! What it takes to submit a job once more, for a connection that is lost before the answer. With its key it is the
//! same job, should it have been taken in after all. Pure.

use bytes::Bytes;
use protocol::Detached;
use protocol::client::Request;

use super::JOB_STREAM;
use crate::upload::Upload;

/// A submission that was not answered yet.
#[derive(Debug)]
pub struct Resubmission {
    /// What to ask.
    pub request: Request,
    contents: Detached,
    stdin: bool,
    /// The standard input so far, no more than a window of it; nothing marks its end.
    sent: Vec<Option<Bytes>>,
}

impl Resubmission {
    /// A submission that is about to be sent.
    pub fn new(request: Request, contents: Detached, stdin: bool) -> Self {
        Self { request, contents, stdin, sent: Vec::new() }
    }

    /// A piece of standard input, or its end.
    pub fn stdin(&mut self, piece: Option<Bytes>) {
        self.sent.push(piece);
    }

    /// All of it, to be sent over a new connection.
    pub fn upload(&self) -> Upload {
        let mut upload = Upload::new(JOB_STREAM, self.contents.clone(), self.stdin);
        self.sent.iter().cloned().for_each(|piece| upload.stdin(piece));
        upload
    }
}

#[cfg(test)]
mod tests {
    use protocol::frame::FrameKind;

    use super::*;

    #[test]
    fn everything_is_sent_again_in_order() {
        let mut again = Resubmission::new(Request::Cluster, vec!["file".into()], true);
        again.stdin(Some("in".into()));
        again.stdin(None);
        for _ in 0..2 {
            let mut upload = again.upload();
            let kinds: Vec<FrameKind> =
                std::iter::from_fn(|| upload.next(100)).map(|frame| frame.kind).collect();
            assert_eq!(kinds, [FrameKind::Blob, FrameKind::Stdin, FrameKind::StdinEnd]);
        }
    }
}
