use bytes::Bytes;
use protocol::event::{JobEvent, OutputStream};
use protocol::{Attempt, Check, Content, JobState, Problem, ProblemKind, Step, StepResult, Verdict};

use super::*;
use crate::store::conformance;
use crate::store::{Memory, MemoryLimits, Store as _};

const FIRST: Attempt = Attempt(1);
const SECOND: Attempt = Attempt(2);
const RUN: Step = Step(1);

fn live() -> Arc<Live> {
    Arc::new(Live::new(Budget::new(1 << 20), 1000))
}

fn write(job: &LiveJob, attempt: Attempt, at: u64, text: &'static str) -> Kept {
    let data = Bytes::from_static(text.as_bytes());
    job.output(attempt, Written { step: RUN, stream: OutputStream::Stdout, at, data })
}

/// A job as the store gives it back when it has been cancelled.
async fn finished_job(id: JobId) -> Job {
    let limits = MemoryLimits { max_queue: 1, max_queue_bytes: 100, keep_finished: 1, keep_bytes: 100 };
    let store = Memory::new(limits);
    let mut new = conformance::job("c", 0);
    new.id = id;
    store.enqueue(new).await.unwrap();
    store.cancel(id, "enough").await.unwrap();
    store.get(id).await.unwrap().unwrap()
}

async fn names(watcher: &mut Watcher) -> Vec<&'static str> {
    let mut names = Vec::new();
    while let Some((number, event)) = watcher.next().await {
        assert_eq!(number as usize, names.len() + 1);
        names.push(match event {
            JobEvent::Queued { .. } => "queued",
            JobEvent::Started { .. } => "started",
            JobEvent::StepStarted { .. } => "step_started",
            JobEvent::Output { .. } => "output",
            JobEvent::StepFinished { .. } => "step_finished",
            JobEvent::Restarted { .. } => "restarted",
            JobEvent::Finished { .. } => "finished",
        });
    }
    names
}

#[tokio::test]
async fn a_lost_attempt_is_told_before_the_next_one_whoever_is_quicker() {
    let live = live();
    let mut watcher = live.open(JobId::random(), None, true);
    let id = watcher.job().id();
    let job = live.get(id).unwrap();
    job.started("a", FIRST);
    job.queued(7);
    write(&job, FIRST, 0, "void");
    job.lost(FIRST, "gone");
    job.started("b", SECOND);
    job.queued(0);
    assert_eq!(write(&job, FIRST, 4, "stale"), Kept::No);
    write(&job, SECOND, 0, "good");
    assert_eq!(job.conclude(FIRST), [].into());
    assert_eq!(job.conclude(SECOND)[&RUN].stdout, "good");
    live.finish(&finished_job(id).await);
    let expected = ["queued", "started", "output", "restarted", "started", "output", "finished"];
    assert_eq!(names(&mut watcher).await, expected);
}

#[tokio::test]
async fn output_past_the_bound_is_not_kept() {
    let live = Arc::new(Live::new(Budget::new(6), 1000));
    let _watcher = live.open(JobId::random(), None, true);
    let job = live.get(_watcher.job().id()).unwrap();
    job.started("a", FIRST);
    assert_eq!(write(&job, FIRST, 0, "12345"), Kept::Yes);
    assert_eq!(write(&job, FIRST, 5, "67"), Kept::No);
    job.lost(FIRST, "gone");
    job.queued(0);
    job.started("a", SECOND);
    assert_eq!(write(&job, SECOND, 0, "123456"), Kept::Yes);
}

#[tokio::test]
async fn what_judges_say_is_held_as_output_is_and_let_go_with_its_attempt() {
    let budget = Budget::new(10);
    let live = Arc::new(Live::new(budget.clone(), 1000));
    let mut watcher = live.open(JobId::random(), None, true);
    let job = live.get(watcher.job().id()).unwrap();
    let judge = |attempt, step, words: &'static str| {
        let output = Some(Content::Inline(Bytes::from_static(words.as_bytes())));
        let check = Some(Check { output, ..Check::default() });
        job.step_finished(attempt, step, StepResult { check, ..StepResult::new(Verdict::Ok) });
    };
    job.queued(0);
    job.started("a", FIRST);
    judge(FIRST, RUN, "12345678");
    judge(FIRST, Step(2), "123");
    assert!(budget.hold().grow(3).is_err());
    assert_eq!(job.output_bytes(), 8);
    job.lost(FIRST, "gone");
    job.queued(0);
    assert!(budget.hold().grow(10).is_ok());
    job.started("b", SECOND);
    judge(SECOND, RUN, "1234567890");
    live.finish(&finished_job(job.id()).await);
    let mut said = Vec::new();
    while let Some((_, event)) = watcher.next().await {
        if let JobEvent::StepFinished { result, .. } = event {
            said.push(result.check.unwrap().output.map(|words| words.to_text()));
        }
    }
    assert_eq!(said, [None, None, Some("1234567890".to_owned())]);
}

#[tokio::test]
async fn a_watcher_who_comes_back_goes_on_where_it_was_and_always_gets_the_end() {
    let live = live();
    let first = live.open(JobId::random(), None, true);
    let id = first.job().id();
    live.get(id).unwrap().queued(0);
    let job = finished_job(id).await;
    live.finish(&job);
    live.finish(&job);
    for after in [1, 2, 100] {
        let mut watcher = live.watch(id, after).unwrap();
        let Some((2, JobEvent::Finished { job })) = watcher.next().await else { panic!("after {after}") };
        assert_eq!((job.state, job.verdict), (JobState::Finished, Some(Verdict::Cancelled)));
        assert_eq!(watcher.next().await, None);
    }
}

#[tokio::test]
async fn a_job_without_watchers_is_abandoned_unless_it_is_kept() {
    let live = live();
    let submitter = live.open(JobId::random(), None, false);
    let id = submitter.job().id();
    let other = live.watch(id, 0).unwrap();
    drop(live.open(JobId::random(), None, true));
    drop(submitter);
    drop(other);
    assert_eq!(live.abandoned().await, [id]);
}

#[tokio::test]
async fn whoever_does_not_want_to_wait_is_told() {
    let live = live();
    let watcher = live.open(JobId::random(), None, true);
    let job = live.get(watcher.job().id()).unwrap();
    let mark = live.undecided(job.id());
    assert!(live.is_undecided(job.id()));
    let problem = Problem::new(ProblemKind::NoRunnerFree, "full");
    job.decline(problem.clone());
    assert_eq!(watcher.begun().await, Err(problem));
    drop(mark);
    assert!(!live.is_undecided(job.id()));
}

#[tokio::test]
async fn finished_jobs_leave_in_time() {
    let live = live();
    let id = live.open(JobId::random(), None, true).job().id();
    live.finish(&finished_job(id).await);
    lock(&live.table).sweep(Instant::now());
    assert!(live.get(id).is_some());
    lock(&live.table).sweep(Instant::now() + LINGER);
    assert!(live.get(id).is_none());
}

#[tokio::test]
async fn an_attempt_that_is_taken_up_again_tells_nothing_twice() {
    let live = live();
    let mut watcher = live.open(JobId::random(), None, true);
    let job = live.get(watcher.job().id()).unwrap();
    job.queued(0);
    job.started("a", FIRST);
    job.step_started(FIRST, RUN);
    write(&job, FIRST, 0, "one ");
    job.resumed("a", FIRST);
    job.step_started(FIRST, RUN);
    assert_eq!(write(&job, FIRST, 0, "one two"), Kept::Yes);
    assert_eq!(job.conclude(FIRST)[&RUN].stdout, "one two");
    // Whoever concludes it again gets the same.
    assert_eq!(job.conclude(FIRST)[&RUN].stdout, "one two");
    live.finish(&finished_job(job.id()).await);
    let expected = ["queued", "started", "step_started", "output", "output", "finished"];
    assert_eq!(names(&mut watcher).await, expected);
}

#[tokio::test]
async fn what_another_controller_has_finished_is_told_from_where_this_one_lost_sight_of_it() {
    let live = live();
    for (seen, expected) in [
        (FIRST, vec!["queued", "started", "step_started", "output", "output", "step_finished", "finished"]),
        (
            Attempt(0),
            vec![
                "queued",
                "started",
                "step_started",
                "output",
                "restarted",
                "started",
                "step_started",
                "output",
                "step_finished",
                "finished",
            ],
        ),
    ] {
        let mut watcher = live.open(JobId::random(), None, true);
        let job = live.get(watcher.job().id()).unwrap();
        job.started("a", seen);
        job.step_started(seen, RUN);
        write(&job, seen, 0, "one ");
        let mut finished = finished_job(job.id()).await;
        let run =
            protocol::StepResult { stdout: Some("one two".into()), ..protocol::StepResult::new(Verdict::Ok) };
        (finished.attempts, finished.runner, finished.runs) = (FIRST, Some("b".into()), vec![run]);
        job.catch_up(&finished);
        live.finish(&finished);
        assert_eq!(names(&mut watcher).await, expected);
        assert_eq!(job.conclude(FIRST)[&RUN].stdout, "one two");
    }
}
