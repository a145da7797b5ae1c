//! What a job's worker reports: one bounded queue, so that output and messages stay in their order.

use bytes::Bytes;
use protocol::Step;
use protocol::event::OutputStream;
use protocol::runner::FromRunner;
use tokio::sync::mpsc;

/// How many reports may wait for the link before the program has to.
const QUEUE: usize = 16;

/// One report.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    /// The program wrote something.
    Output {
        /// During which step.
        step: Step,
        /// Where to.
        stream: OutputStream,
        /// What.
        data: Bytes,
    },
    /// A file that a run left and that is to be kept.
    Artifact {
        /// Of which step.
        step: Step,
        /// Where it was, relative to the program's folder.
        path: String,
        /// What is in it.
        content: Bytes,
    },
    /// The program read some of the standard input that follows the job: so much more may come.
    Credit(u32),
    /// Anything else.
    Message(FromRunner),
}

/// The sending end of the queue.
pub type Reporter = mpsc::Sender<Report>;

/// The receiving end.
pub type Reports = mpsc::Receiver<Report>;

/// A queue for one job.
pub fn queue() -> (Reporter, Reports) {
    mpsc::channel(QUEUE)
}
