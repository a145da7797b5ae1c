//! The runner's own interface, in this process: what the link calls when a job has come in.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::runner::{Assignment, FromRunner};
use protocol::{Attempt, JobId, JobSpec, SourceFile, Step, Verdict};
use runner::config::{Config, HostFacts, StartArgs};
use runner::node::Node;
use runner::report::{Report, queue};
use runner::telemetry::HostProbe;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// What it offers.
const LANGUAGES: [&str; 3] = ["true", "java", "c"];

/// A runner without a link.
pub struct RunnerApi {
    runtime: Runtime,
    node: Arc<Node>,
    slots: Semaphore,
    stop: CancellationToken,
}

impl RunnerApi {
    /// Starts one with this configuration and waits until it has its languages to offer.
    pub fn start(config: &Path) -> Self {
        let runtime = Runtime::new().unwrap();
        let name = format!("bench-{}", std::process::id());
        let languages = LANGUAGES.map(str::to_owned).into();
        let args = StartArgs {
            config: Some(config.into()),
            name: Some(name.clone()),
            languages,
            ..StartArgs::default()
        };
        let probe = HostProbe::new().unwrap();
        let host = HostFacts { name, cpus: probe.cpus() };
        let config = Config::load(args, &host).unwrap();
        let slots = Semaphore::new(config.max_jobs as usize);
        let stop = CancellationToken::new();
        let node = runtime.block_on(async {
            let node = Node::new(config, &probe).unwrap();
            let mut telemetry = node.telemetry();
            tokio::spawn(Arc::clone(&node).supervise(probe, stop.clone()));
            let available =
                telemetry.wait_for(|now| now.as_ref().is_some_and(|now| now.unavailable.is_none()));
            available.await.unwrap();
            let mut offers = node.offers();
            offers.wait_for(|offers| offers.languages.len() == LANGUAGES.len()).await.unwrap();
            node
        });
        Self { runtime, node, slots, stop }
    }

    /// Runs a job to its last report. Waits where all slots are taken.
    pub fn run(&self, spec: &JobSpec) {
        self.time_runs(spec);
    }

    /// Runs a job, and says how long its runs took: from the end of its compilation, where it has one.
    pub fn time_runs(&self, spec: &JobSpec) -> Duration {
        self.runtime.block_on(async {
            let _slot = self.slots.acquire().await.unwrap();
            let (workshop, permit) = self.node.admit(spec).unwrap();
            let (reporter, mut reports) = queue();
            let assignment = Assignment {
                job: JobId::random(),
                attempt: Attempt(1),
                spec: spec.clone(),
                stdin_follows: false,
            };
            let never = CancellationToken::new();
            let mut begun = Instant::now();
            tokio::spawn(runner::worker::run(workshop, assignment, permit, None, reporter, never));
            loop {
                match reports.recv().await.unwrap() {
                    Report::Message(FromRunner::Finished { verdict, .. }) => {
                        assert_eq!(verdict, Verdict::Ok);
                        return begun.elapsed();
                    }
                    Report::Message(FromRunner::StepFinished { step: Step::COMPILE, .. }) => {
                        begun = Instant::now();
                    }
                    Report::Message(FromRunner::Failed { reason }) => panic!("{reason}"),
                    _ => {}
                }
            }
        })
    }
}

impl Drop for RunnerApi {
    fn drop(&mut self) {
        self.stop.cancel();
        self.runtime.block_on(self.node.clean_up());
    }
}

/// A job of one file.
pub fn spec(language: &str, path: &str, content: &str) -> JobSpec {
    let files = vec![SourceFile { path: path.to_owned(), content: content.into() }];
    JobSpec { language: language.to_owned(), files, ..JobSpec::default() }
}
