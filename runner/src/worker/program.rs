//! A program and how it is started: a job's own, or one that judges it.

use std::borrow::Cow;

use bytes::Bytes;
use protocol::{JobSpec, Judge, Limits, LimitsRequest, MAX_FILES, Step};

use super::{NotOffered, Toolchain, Workshop};
use crate::languages::{Fill, Language, ProgramError, command};
use crate::pool::Lease;
use crate::sandbox::collect::{Collected, CollectedFile, Wanted};
use crate::sandbox::step::{Keep, StepPlan};
use crate::sandbox::{Sandbox, SandboxError};

/// The environment that every program starts with.
const ENVIRONMENT: [&str; 4] =
    ["PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/box", "LANG=C.UTF-8", "TMPDIR=/tmp"];

/// What kind of terminal a program finds, where it has one: that of nearly everybody.
const TERMINAL_KIND: &str = "TERM=xterm-256color";

/// How many bytes of what it was compiled to a program takes along at most: they pass through the runner's own memory.
const MOST_TAKEN_ALONG: u64 = 16 << 20;

/// The pattern of all files.
const EVERYTHING: &str = "**";

/// No files.
const NOTHING: Wanted<'static> = Wanted { patterns: &[], most_files: 0, most_bytes: 0, unlike: None };

/// A program.
pub(super) struct Program<'a> {
    pub(super) workshop: &'a Workshop,
    pub(super) language: &'a Language,
    image: &'a str,
    pub(super) fill: Fill,
    /// What each of its runs may use that does not say.
    limits: Limits,
    pub(super) spec: Cow<'a, JobSpec>,
}

/// A sandbox for a program, and the box that it was compiled in, once it is.
pub(super) struct Place {
    pub(super) lease: Lease,
    pub(super) compiled: Option<u32>,
}

/// What a program was compiled to, if it is compiled.
#[derive(Debug)]
pub(super) struct Kit(Option<Vec<CollectedFile>>);

impl Place {
    /// Nothing is compiled there yet.
    pub(super) fn new(lease: Lease) -> Self {
        Self { lease, compiled: None }
    }
}

impl<'a> Program<'a> {
    /// The program of a job.
    ///
    /// # Errors
    /// [`ProgramError`], where it is none.
    pub(super) fn new(workshop: &'a Workshop, spec: &'a JobSpec) -> Result<Self, ProgramError> {
        Self::of(workshop, &workshop.own, Cow::Borrowed(spec))
    }

    /// A program that judges that of a job.
    ///
    /// # Errors
    /// Where its language is not offered; in the result, [`ProgramError`] where it is no program.
    pub(super) fn of_judge(
        workshop: &'a Workshop,
        judge: &Judge,
    ) -> Result<Result<Self, ProgramError>, NotOffered> {
        let Judge { language, files, main, compile_args, limits } = judge.clone();
        let tools = workshop.tools(&language)?;
        let spec = JobSpec { language, files, main, compile_args, limits, ..JobSpec::default() };
        Ok(Self::of(workshop, tools, Cow::Owned(spec)))
    }

    fn of(
        workshop: &'a Workshop,
        tools: &'a Toolchain,
        spec: Cow<'a, JobSpec>,
    ) -> Result<Self, ProgramError> {
        let limits = spec.limits.resolve(&workshop.default_limits, &workshop.maximum_limits);
        let Toolchain { language, image } = tools;
        let fill = language.fill(&spec, &limits, workshop.cpus)?;
        Ok(Self { workshop, language, image, fill, limits, spec })
    }

    /// The image that it runs in.
    pub(super) fn image(&self) -> &str {
        self.image
    }

    /// Whether it is compiled before it runs.
    pub(super) fn is_compiled(&self) -> bool {
        self.language.is_compiled()
    }

    /// What its compilation may use.
    pub(super) fn compile_limits(&self) -> Limits {
        self.language.compile_limits(&self.limits)
    }

    /// What a run may use that asks for this, before its language's runtime.
    pub(super) fn run_limits(&self, asked: LimitsRequest) -> Limits {
        let asked = asked.or(self.spec.limits);
        asked.resolve(&self.workshop.default_limits, &self.workshop.maximum_limits)
    }

    /// What it was compiled to, for other sandboxes; nothing where it cannot all be taken there.
    ///
    /// # Errors
    /// [`SandboxError`].
    pub(super) async fn take_along(&self, place: &mut Place) -> Result<Option<Kit>, SandboxError> {
        let Some(id) = place.compiled else { return Ok(Some(Kit(None))) };
        let wanted = Wanted {
            patterns: &[EVERYTHING.to_owned()],
            most_files: MAX_FILES as u32,
            most_bytes: MOST_TAKEN_ALONG,
            unlike: None,
        };
        let Collected { files, left_out, empty_folders } =
            place.lease.sandbox()?.collect(id, &wanted).await?;
        // Elsewhere it would not find all that it has here.
        Ok((!left_out && !empty_folders).then_some(Kit(Some(files))))
    }

    /// A place for it in another sandbox.
    ///
    /// # Errors
    /// [`SandboxError`].
    pub(super) async fn settle(&self, lease: Lease, kit: &Kit) -> Result<Place, SandboxError> {
        let mut place = Place::new(lease);
        if let Kit(Some(files)) = kit {
            let sandbox = place.lease.sandbox()?;
            let id = sandbox.open_box(&self.compile_limits(), &[]).await?;
            sandbox.put(id, files);
            // Answered once all of them are there.
            sandbox.collect(id, &NOTHING).await?;
            place.compiled = Some(id);
        }
        Ok(place)
    }

    /// A fresh box with the program in it.
    ///
    /// # Errors
    /// [`SandboxError`].
    pub(super) async fn open(
        &self,
        sandbox: &mut Sandbox,
        compiled: Option<u32>,
        limits: &Limits,
    ) -> Result<u32, SandboxError> {
        match compiled {
            Some(from) => {
                let id = sandbox.open_box(limits, &[]).await?;
                sandbox.copy(from, id);
                Ok(id)
            }
            None => sandbox.open_box(limits, &self.files()).await,
        }
    }

    /// How a run of it is started, within these limits of its own.
    pub(super) fn run_plan(&self, step: Step, args: &[String], limits: &Limits) -> StepPlan {
        let fill = self.fill.within(limits);
        let mut argv = command(&self.language.run, &fill);
        argv.extend_from_slice(args);
        self.plan(step, argv, self.language.run_limits(limits))
    }

    pub(super) fn plan(&self, step: Step, argv: Vec<String>, limits: Limits) -> StepPlan {
        let own = ENVIRONMENT.iter().map(|variable| (*variable).to_owned());
        let languages = self.language.env.iter().map(|(name, value)| format!("{name}={value}"));
        // A name that stands twice would have the first value for some programs and the last for others.
        let jobs = self.spec.env.iter().map(|(name, value)| format!("{name}={value}"));
        let terminals = self.spec.terminal.map(|_| TERMINAL_KIND.to_owned());
        let base = own.chain(languages).chain(terminals).filter(|variable| {
            let name = variable.split('=').next().unwrap_or_default();
            step == Step::COMPILE || !self.spec.env.contains_key(name)
        });
        let env = if step == Step::COMPILE { base.collect() } else { base.chain(jobs).collect() };
        // A compiler's exit codes are its own.
        let out_of_memory_exit_code = self.language.out_of_memory_exit_code.filter(|_| step != Step::COMPILE);
        let (keep, onward) = (Keep::Nothing, None);
        StepPlan {
            step,
            argv,
            env,
            limits,
            out_of_memory_exit_code,
            keep,
            onward,
            terminal: None,
            gestures: None,
        }
    }

    pub(super) fn files(&self) -> Vec<(String, Bytes)> {
        self.spec.files.iter().map(|file| (file.path.clone(), file.content.bytes())).collect()
    }
}
