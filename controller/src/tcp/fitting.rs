//! Answers that are too large for a frame: a job's runs may have left a great many files. Who waits for one hears so, and
//! hears the verdict all the same. Pure.

use protocol::client::Response;
use protocol::event::JobEvent;
use protocol::frame::{Frame, FrameError};
use protocol::{Job, Problem, ProblemKind};

/// What a job says whose files are left out.
const LEFT_OUT: &str =
    "the names of the files that its runs left are too many for this message: read the job over HTTP";

/// The frame for an answer; where that is too large, without the names of the files that a job's runs left.
///
/// # Errors
/// Where it does not fit without them either.
pub fn frame(stream: u32, mut response: Response) -> Result<Frame, Problem> {
    match Frame::control(stream, &response) {
        Err(FrameError::TooLong(_)) => {}
        framed => return framed.map_err(refusal),
    }
    if let Response::Job { job } | Response::Event { event: JobEvent::Finished { job }, .. } = &mut response {
        leave_files_out(job);
    }
    Frame::control(stream, &response).map_err(refusal)
}

fn leave_files_out(job: &mut Job) {
    job.runs.iter_mut().for_each(|run| run.artifacts.clear());
    let said = job.message.take().map(|message| format!("{message}; "));
    job.message = Some(said.unwrap_or_default() + LEFT_OUT);
}

fn refusal(error: FrameError) -> Problem {
    Problem::new(ProblemKind::TooLarge, format!("the answer cannot be sent here: {error}; ask over HTTP"))
}

#[cfg(test)]
mod tests {
    use protocol::{Artifact, StepResult, Verdict};

    use super::*;
    use crate::testing::finished_job;

    fn job(files: usize, message: &str) -> Box<Job> {
        let artifact = |number| Artifact { path: format!("{number:0200}"), size: 1 };
        let artifacts = (0..files).map(artifact).collect();
        let runs = vec![StepResult { artifacts, ..StepResult::new(Verdict::Ok) }];
        Box::new(Job { runs, message: Some(message.to_owned()), ..finished_job() })
    }

    #[test]
    fn what_fits_is_sent_as_it_is() {
        let job = job(100, "well");
        let Ok(Response::Job { job: sent }) = frame(1, Response::Job { job: job.clone() }).unwrap().parse()
        else {
            panic!("another answer")
        };
        assert_eq!(sent, job);
    }

    #[test]
    fn a_job_with_too_many_files_is_told_without_them() {
        let job = job(10_000, "well");
        let answers = [
            Response::Job { job: job.clone() },
            Response::Event { seq: 7, event: JobEvent::Finished { job } },
        ];
        for answer in answers {
            let sent = match frame(1, answer).unwrap().parse().unwrap() {
                Response::Job { job } | Response::Event { event: JobEvent::Finished { job }, seq: 7 } => job,
                other => panic!("{other:?}"),
            };
            assert_eq!(sent.verdict, Some(Verdict::Ok));
            assert_eq!((sent.runs.len(), sent.runs[0].artifacts.len()), (1, 0));
            assert_eq!(sent.message.as_deref(), Some(&*format!("well; {LEFT_OUT}")));
        }
    }

    #[test]
    fn what_never_fits_is_refused() {
        let job = job(0, &"x".repeat(2 << 20));
        assert_eq!(frame(1, Response::Job { job }).unwrap_err().kind, ProblemKind::TooLarge);
    }
}
