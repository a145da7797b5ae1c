//! The box that stands ready for the next step, and the program that may have been started in it ahead of its
//! job: a compiler that takes long to get going. Only a sandbox that idles starts one, and it serves one job.

use std::time::{Duration, Instant};

use ::agent::message::{Command, MAX_DATA, Program, Reply};
use protocol::Limits;

use super::step::rlimits;
use super::{BoxHandle, DISK_BYTES, Sandbox, SandboxError};

/// How long a sandbox has to be idle before it starts something ahead: under load that would take processors
/// from jobs, and be in the way of the next one.
const QUIET: Duration = Duration::from_millis(500);

/// Processor time that a program may take to get ready, in seconds, on top of its step's.
const WARM_UP_CPU_SECONDS: u64 = 10;

/// A program that may be started before its job is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Ahead {
    /// Name and arguments.
    pub argv: Vec<String>,
    /// Environment, as `NAME=value`.
    pub env: Vec<String>,
    /// What it may use.
    pub limits: Limits,
}

/// The box for the next step.
#[derive(Debug)]
pub(super) struct Spare {
    pub handle: BoxHandle,
    pub stage: Stage,
}

/// How far a spare box is.
///
/// ```text
/// Making ──▶ Plain ──▶ Starting ──▶ Warm
///                         └────┬─────┘
///                              ▼
///                            Spent
/// ```
#[derive(Debug, PartialEq)]
pub(super) enum Stage {
    /// It is being made.
    Making,
    /// It is empty and ready.
    Plain,
    /// A program in it gets ready.
    Starting(Ahead),
    /// A program in it waits for its arguments.
    Warm(Ahead),
    /// A program in it has ended before its time.
    Spent,
}

/// What an idle sandbox does about its spare box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Care {
    Nothing,
    /// Start the program that was last of use.
    Start,
    /// Put a plain box in its place.
    Replace,
    /// Likewise, and wait for the next use before anything is started again.
    Forget,
}

/// Decides. `used` is how long ago a program that can be started ahead was last of use, `keep` for how long it
/// is expected to be again.
fn care(stage: &Stage, used: Option<Duration>, idle: Duration, keep: Duration) -> Care {
    let lately = used.is_some_and(|used| used <= keep);
    match stage {
        Stage::Making => Care::Nothing,
        Stage::Plain if lately && idle >= QUIET => Care::Start,
        Stage::Starting(_) | Stage::Warm(_) if !lately => Care::Replace,
        Stage::Plain | Stage::Starting(_) | Stage::Warm(_) => Care::Nothing,
        // What ends by itself would do so again.
        Stage::Spent => Care::Forget,
    }
}

/// Arguments as a program reads them that was started ahead; nothing where they are too many for that.
fn arguments_as_input(arguments: &[String]) -> Option<Vec<u8>> {
    let input: Vec<u8> = arguments.iter().flat_map(|argument| argument.bytes().chain([0])).collect();
    let separable = arguments.iter().all(|argument| !argument.contains('\0'));
    (separable && input.len() <= MAX_DATA).then_some(input)
}

/// Whether a step may have these limits in a box that was set up for those. What is counted from outside can
/// still change; what was fixed at the program's start cannot.
fn fits(own: &Limits, wanted: &Limits) -> bool {
    own.cpu_seconds == wanted.cpu_seconds
        && own.memory_bytes == wanted.memory_bytes
        && own.disk_bytes == wanted.disk_bytes
}

impl Spare {
    /// Takes note of a reply about this box.
    ///
    /// # Errors
    /// Where it could not be made.
    pub fn note(&mut self, reply: Reply) -> Result<(), SandboxError> {
        let stage = std::mem::replace(&mut self.stage, Stage::Spent);
        self.stage = match (stage, reply) {
            (Stage::Making, Reply::Ready { .. }) => Stage::Plain,
            (Stage::Making | Stage::Plain, Reply::Failed { stage, errno, .. }) => {
                return Err(SandboxError::Box { stage, errno });
            }
            (Stage::Starting(ahead), Reply::Output { stderr: false, .. }) => Stage::Warm(ahead),
            (Stage::Starting(_) | Stage::Warm(_), Reply::Failed { .. } | Reply::Ended { .. }) => Stage::Spent,
            (stage, _) => stage,
        };
        Ok(())
    }

    /// Whether this very program waits in it and may serve a step with these limits.
    fn serves(&self, ahead: &Ahead, limits: &Limits) -> bool {
        matches!(&self.stage, Stage::Warm(warm) if warm == ahead) && fits(&ahead.limits, limits)
    }
}

impl Sandbox {
    /// Once a second while no job uses it: gets ready for what it was used for within the last `keep`. Returns
    /// whether it can still be used.
    pub fn tick(&mut self, keep: Duration) -> bool {
        if let Err(error) = self.tend(keep) {
            tracing::warn!(%error, "an idle sandbox is thrown away");
            return false;
        }
        self.is_alive()
    }

    fn tend(&mut self, keep: Duration) -> Result<(), SandboxError> {
        self.catch_up()?;
        let Some(spare) = &self.spare else { return Ok(()) };
        let used = self.of_use.as_ref().map(|(_, at)| at.elapsed());
        match care(&spare.stage, used, self.idle_since.elapsed(), keep) {
            Care::Nothing => Ok(()),
            Care::Start => self.start_ahead(),
            Care::Replace => self.replace_spare(),
            Care::Forget => {
                tracing::warn!("a program that was started ahead has ended before its job came");
                self.of_use = None;
                self.replace_spare()
            }
        }
    }

    /// Remembers that this program is of use, and gives its input if it waits in the spare box and can serve a
    /// step with these limits.
    pub(super) fn input_if_warm(
        &mut self,
        limits: &Limits,
        ahead: Ahead,
        arguments: Option<&[String]>,
    ) -> Option<Vec<u8>> {
        let serves = self.spare.as_ref().is_some_and(|spare| spare.serves(&ahead, limits));
        self.of_use = Some((ahead, Instant::now()));
        arguments.filter(|_| serves).and_then(arguments_as_input)
    }

    /// Makes sure that the spare box is one in which nothing was started.
    pub(super) fn want_plain_spare(&mut self) -> Result<(), SandboxError> {
        match self.spare.as_ref().map(|spare| &spare.stage) {
            Some(Stage::Starting(_) | Stage::Warm(_) | Stage::Spent) => self.replace_spare(),
            Some(Stage::Making | Stage::Plain) | None => Ok(()),
        }
    }

    /// Takes note of all replies that are here.
    pub(super) fn catch_up(&mut self) -> Result<(), SandboxError> {
        while let Some(reply) = self.agent.receive_now()? {
            self.note(reply)?;
        }
        Ok(())
    }

    fn start_ahead(&mut self) -> Result<(), SandboxError> {
        let (Some(spare), Some((ahead, _))) = (&mut self.spare, &self.of_use) else { return Ok(()) };
        let id = spare.handle.id;
        spare.handle.leaf.limit(&ahead.limits, self.host.cpus)?;
        let mut rlimits = rlimits(&ahead.limits);
        rlimits.cpu_seconds += WARM_UP_CPU_SECONDS;
        let (argv, env) = (ahead.argv.clone(), ahead.env.clone());
        let program = Program { argv, env, stdin: true, terminal: None, rlimits };
        let mut commands = vec![Command::Start { id, program }];
        if ahead.limits.disk_bytes != DISK_BYTES {
            commands.insert(0, Command::Resize { id, disk_bytes: ahead.limits.disk_bytes });
        }
        spare.stage = Stage::Starting(ahead.clone());
        Ok(self.agent.send_now(&commands, &[])?)
    }

    fn replace_spare(&mut self) -> Result<(), SandboxError> {
        let mut commands = Vec::new();
        if let Some(spare) = self.spare.take() {
            commands.push(Command::Destroy { id: spare.handle.id });
            self.leaving.push(spare.handle);
        }
        let (command, doors) = self.next_box()?;
        commands.push(command);
        Ok(self.agent.send_now(&commands, &doors)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEP: Duration = Duration::from_secs(300);
    const LONG: Duration = Duration::from_secs(1);
    const LIMITS: Limits = Limits {
        cpu_seconds: 20.0,
        wall_seconds: 30.0,
        memory_bytes: 1 << 30,
        processes: 128,
        output_bytes: 1 << 20,
        disk_bytes: 64 << 20,
    };

    fn javac() -> Ahead {
        Ahead { argv: vec!["java".into(), "Javac".into()], env: Vec::new(), limits: LIMITS }
    }

    #[test]
    fn an_idle_sandbox_gets_ready_for_what_it_did_lately() {
        assert_eq!(care(&Stage::Plain, Some(LONG), LONG, KEEP), Care::Start);
        assert_eq!(care(&Stage::Plain, Some(LONG), Duration::from_millis(10), KEEP), Care::Nothing);
        assert_eq!(care(&Stage::Plain, None, KEEP, KEEP), Care::Nothing);
        assert_eq!(care(&Stage::Plain, Some(KEEP * 2), KEEP, KEEP), Care::Nothing);
        assert_eq!(care(&Stage::Making, Some(LONG), LONG, KEEP), Care::Nothing);
    }

    #[test]
    fn what_is_of_no_more_use_makes_room() {
        for stage in [Stage::Starting(javac()), Stage::Warm(javac())] {
            assert_eq!(care(&stage, Some(LONG), LONG, KEEP), Care::Nothing);
            assert_eq!(care(&stage, Some(KEEP * 2), KEEP * 2, KEEP), Care::Replace);
            assert_eq!(care(&stage, None, LONG, KEEP), Care::Replace);
        }
        assert_eq!(care(&Stage::Spent, Some(LONG), LONG, KEEP), Care::Forget);
    }

    #[test]
    fn only_limits_that_are_counted_from_outside_may_differ() {
        assert!(fits(&LIMITS, &Limits { wall_seconds: 1.0, processes: 1, output_bytes: 1, ..LIMITS }));
        assert!(!fits(&LIMITS, &Limits { memory_bytes: 2 << 30, ..LIMITS }));
        assert!(!fits(&LIMITS, &Limits { disk_bytes: 128 << 20, ..LIMITS }));
        assert!(!fits(&LIMITS, &Limits { cpu_seconds: 60.0, ..LIMITS }));
    }

    #[test]
    fn arguments_are_told_apart_by_nul() {
        let given = ["-d".to_owned(), String::new(), "é".to_owned()];
        assert_eq!(arguments_as_input(&given), Some("-d\0\0é\0".into()));
        assert_eq!(arguments_as_input(&["a\0b".to_owned()]), None);
        assert_eq!(arguments_as_input(&["a".repeat(MAX_DATA)]), None);
    }
}
