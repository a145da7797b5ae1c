//! The programs that are run: each says what it is, and what it answers follows from that alone. So an answer that is
//! another job's, or an old one's, does not look like the right one.

use protocol::{
    Checker, Content, Expect, Job, JobSpec, RunSpec, Score, SourceFile, Step, StepResult, Verdict,
};

use super::chance::{Chance, digest};

/// The label with a job's number.
const NONCE: &str = "nonce";

/// What one step writes and how it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub step: Step,
    pub stdout: String,
    pub verdict: Verdict,
}

/// What a program answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub steps: Vec<Written>,
    pub verdict: Verdict,
    pub score: Option<Score>,
}

/// A job with this number.
pub fn spec(nonce: u64, chance: &mut Chance) -> JobSpec {
    let source = format!("program {nonce} {:x}", chance.next());
    let runs = chance.within(0..4);
    let judged = chance.percent(30);
    let run = |index: u64| RunSpec {
        stdin: Some(format!("{index}").as_str().into()),
        expect: judged.then(|| Expect { stdout: "".into(), checker: Checker::default() }),
        weight: Some(index as f64),
        ..RunSpec::default()
    };
    JobSpec {
        language: if chance.percent(70) { "c" } else { "python" }.to_owned(),
        files: vec![SourceFile { path: "main.c".to_owned(), content: source.as_str().into() }],
        main: Some("main.c".to_owned()),
        runs: (runs > 0).then(|| (0..runs).map(run).collect()),
        parallel: chance.percent(40).then(|| 1 + chance.within(0..3) as u32),
        priority: chance.within(0..3) as i8,
        labels: [
            (NONCE.to_owned(), nonce.to_string()),
            ("user".to_owned(), format!("user{}", chance.within(0..3))),
        ]
        .into(),
        ..JobSpec::default()
    }
}

/// The number of a job.
pub fn nonce(spec: &JobSpec) -> u64 {
    spec.labels[NONCE].parse().unwrap()
}

/// What the program answers, told from its source alone.
pub fn answer(spec: &JobSpec) -> Answer {
    let source = spec.files[0].content.bytes();
    let number = digest(&source[..]);
    let mut steps = Vec::new();
    if spec.language == "c" {
        let verdict = if number.is_multiple_of(11) { Verdict::CompileError } else { Verdict::Ok };
        steps.push(Written { step: Step::COMPILE, stdout: String::new(), verdict });
        if verdict != Verdict::Ok {
            return Answer { steps, verdict, score: score(spec, &[]) };
        }
    }
    for (index, run) in spec.effective_runs().iter().enumerate() {
        let input = run.stdin.as_ref().map(Content::bytes).unwrap_or_default();
        let number = digest((&source[..], &input[..]));
        let verdict = if number.is_multiple_of(7) { Verdict::RuntimeError } else { Verdict::Ok };
        let stdout = format!("{number:x}\n").repeat(1 + (number % 5) as usize);
        steps.push(Written { step: Step::run(index), stdout, verdict });
    }
    let verdict = steps.iter().map(|step| step.verdict).find(|verdict| *verdict != Verdict::Ok);
    let runs = steps.iter().filter(|written| written.step != Step::COMPILE);
    let results: Vec<StepResult> = runs.map(Written::result).collect();
    Answer { steps, verdict: verdict.unwrap_or(Verdict::Ok), score: score(spec, &results) }
}

fn score(spec: &JobSpec, results: &[StepResult]) -> Option<Score> {
    protocol::score(spec.runs.as_deref()?, results, false)
}

impl Written {
    /// The step's result as a runner reports it.
    pub fn result(&self) -> StepResult {
        StepResult::new(self.verdict)
    }
}

impl Answer {
    /// Where the results of a job are not these.
    pub fn differs(&self, job: &Job) -> Option<String> {
        let results: Vec<_> = job.compile.iter().chain(&job.runs).collect();
        if results.len() != self.steps.len() {
            return Some(format!("it has {} steps and not {}", results.len(), self.steps.len()));
        }
        if job.score != self.score {
            return Some(format!("it scores {:?} and not {:?}", job.score, self.score));
        }
        let pairs = results.into_iter().zip(&self.steps);
        let mut wrong = pairs.filter(|(result, step)| {
            let stdout = result.stdout.as_ref().map(Content::bytes).unwrap_or_default();
            result.verdict != step.verdict || stdout != step.stdout
        });
        wrong.next().map(|(result, step)| format!("{result:?} instead of {step:?}"))
    }
}
