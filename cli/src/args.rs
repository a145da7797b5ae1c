//! The command line, and the only place that reads the environment (through clap).

mod accounts;
mod artifacts;
mod attach;
mod callbacks;
mod steering;
mod testing;
mod values;

use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use protocol::tls::Fingerprint;
use protocol::{JobId, JobState, LimitsRequest, Secret, Verdict};

use crate::messages::help;
use crate::settings::Masters;
pub use accounts::{
    AuditArgs, CreateArgs, GroupArgs, GroupCommand, JsonArgs, LoginArgs, TokenArgs, TokenCommand, UserArgs,
    UserCommand,
};
pub use artifacts::{ArtifactsArgs, KeepArgs};
pub use attach::AttachArgs;
pub use callbacks::CallbackKeyArgs;
pub use steering::SetArgs;
pub use testing::{CheckerArg, TestArgs};
use values::{
    parse_label, parse_masters, parse_pair, parse_seconds, parse_secret, parse_size, parse_verdict,
};

/// Compile and run programs on a Ruche cluster.
#[derive(Debug, Parser)]
#[command(name = "cli", version, arg_required_else_help = true, after_help = help::ROOT)]
pub struct Args {
    /// The controller's address, or those of several [default: from the configuration file, else 127.0.0.1:7000].
    #[arg(long, global = true, env = "RUCHE_MASTER", value_name = "HOST:PORT,…", value_parser = parse_masters)]
    pub master: Option<Masters>,

    /// The folder with the folder `ruche` and its `cli.toml` in it.
    #[arg(long, global = true, env = "XDG_CONFIG_HOME", value_name = "FOLDER", hide = true)]
    pub config_home: Option<PathBuf>,

    /// The folder for what programs remember.
    #[arg(long, global = true, env = "XDG_STATE_HOME", value_name = "FOLDER", hide = true)]
    pub state_home: Option<PathBuf>,

    /// The token to use rather than the one that a log-in left.
    #[arg(
        long,
        global = true,
        env = "RUCHE_TOKEN",
        value_name = "TOKEN",
        hide = true,
        hide_env_values = true
    )]
    #[arg(value_parser = parse_secret)]
    pub token_from_environment: Option<Secret>,

    /// Encrypt, and believe a controller that shows the certificate authority with this fingerprint (sha256:…).
    #[arg(
        long,
        global = true,
        env = "RUCHE_CA_PIN",
        value_name = "FINGERPRINT",
        help_heading = "Encryption"
    )]
    pub ca_pin: Option<Fingerprint>,

    /// Talk to a controller on another machine in plain, where nothing is known of its certificate.
    #[arg(long, global = true, env = "RUCHE_INSECURE", help_heading = "Encryption")]
    pub insecure: bool,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compile and run a program.
    Run(Box<RunArgs>),
    /// Compile a program, and run it on every test in a folder.
    Test(Box<TestArgs>),
    /// Watch a job from its beginning.
    Watch(WatchArgs),
    /// Go on talking with a program that `cli run -i` or `-t` left running.
    Attach(AttachArgs),
    /// Run a job's program again, as a new job.
    Rerun(RerunArgs),
    /// Show the runners and how busy they are.
    Status(StatusArgs),
    /// List jobs, newest first.
    Jobs(JobsArgs),
    /// List the files that a job left, or write them to a folder.
    Artifacts(ArtifactsArgs),
    /// Stop a job.
    Cancel(CancelArgs),
    /// List the runners, take one in or out, or let one leave.
    Runner(RunnerArgs),
    /// List the languages that the cluster can run.
    Languages(LanguagesArgs),
    /// Log in, and stay so.
    Login(LoginArgs),
    /// Log out.
    Logout,
    /// Say who the cluster takes you for, and what you may have.
    Whoami(JsonArgs),
    /// Add, change and remove users.
    User(UserArgs),
    /// Put users into groups.
    Group(GroupArgs),
    /// Make and revoke tokens of your own.
    Token(TokenArgs),
    /// Print the key that signs callbacks.
    CallbackKey(CallbackKeyArgs),
    /// Show who did what, newest first.
    Audit(AuditArgs),
    /// Write a completion script for a shell.
    Completions(CompletionsArgs),
}

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
#[command(after_help = help::RUN)]
pub struct RunArgs {
    /// The program's files, its folder, or an archive of it. Files travel by their names below the folder that holds them all.
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,

    /// The language [default: what the files' names tell].
    #[arg(long, short, value_name = "LANGUAGE")]
    pub lang: Option<String>,

    /// The file to start from, where the language cannot tell by itself.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub main: Option<PathBuf>,

    /// Send this file as standard input rather than the command's own.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub stdin: Option<PathBuf>,

    /// Type the program's input while it runs. The job outlives this command: see `cli attach`.
    #[arg(long, short, conflicts_with_all = ["stdin", "detach", "json"])]
    pub interactive: bool,

    /// The same at a terminal of the program's own: every key is its. Ctrl-P Ctrl-Q leaves it running.
    #[arg(long, short, conflicts_with_all = ["stdin", "detach", "json"])]
    pub tty: bool,

    /// Set an environment variable of the program. May be given more than once.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_pair, action = ArgAction::Append)]
    pub env: Vec<(String, String)>,

    /// Pass a further argument to the compiler. May be given more than once.
    #[arg(long, value_name = "ARG", allow_hyphen_values = true, action = ArgAction::Append)]
    pub compile_arg: Vec<String>,

    /// Label the job, to find it by. May be given more than once.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_pair, action = ArgAction::Append)]
    pub label: Vec<(String, String)>,

    /// Run it only where a runner has this label. May be given more than once.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_pair, action = ArgAction::Append)]
    pub require: Vec<(String, String)>,

    /// Jobs of higher priority start first, from -100 to 100.
    #[arg(long, value_name = "NUMBER", default_value_t = 0, allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(i8).range(-100..=100))]
    pub priority: i8,

    /// Be refused at once rather than wait for a free runner.
    #[arg(long)]
    pub no_wait: bool,

    /// Print the job's id and leave it to the cluster: see `cli watch`. Its input is `--stdin` or nothing.
    #[arg(long)]
    pub detach: bool,

    /// Have the result sent there as well once there is one: see `cli callback-key`.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub callback: Option<String>,

    /// What to do with the files that the program leaves.
    #[command(flatten)]
    pub keep: KeepArgs,

    /// How to show the job.
    #[command(flatten)]
    pub view: ViewArgs,

    /// Arguments of the program.
    #[arg(last = true, value_name = "ARGS")]
    pub args: Vec<String>,

    /// What the program may use. Last, since its heading holds for whatever follows.
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// What the program may use; the runner's defaults hold where nothing is said.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits (of the compilation and of the run, each)")]
pub struct LimitArgs {
    /// Processor time: 2s, 500ms, 1m, or seconds.
    #[arg(long, value_name = "TIME", value_parser = parse_seconds)]
    pub cpu: Option<f64>,

    /// Time on the clock.
    #[arg(long, value_name = "TIME", value_parser = parse_seconds)]
    pub wall: Option<f64>,

    /// Memory: 256M, 1G, 64K, or bytes.
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub memory: Option<u64>,

    /// Processes and threads at once.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub processes: Option<u32>,

    /// Standard output and standard error together.
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub output: Option<u64>,

    /// Files that it writes.
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub disk: Option<u64>,
}

impl From<&LimitArgs> for LimitsRequest {
    fn from(args: &LimitArgs) -> Self {
        let LimitArgs { cpu, wall, memory, processes, output, disk } = *args;
        Self {
            cpu_seconds: cpu,
            wall_seconds: wall,
            memory_bytes: memory,
            processes,
            output_bytes: output,
            disk_bytes: disk,
        }
    }
}

/// How to show a job.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct ViewArgs {
    /// Print one JSON object at the end, and nothing else: the job, or why it was refused.
    #[arg(long)]
    pub json: bool,

    /// Say nothing but errors beside the program's output.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Arguments of `watch`.
#[derive(Debug, clap::Args)]
#[command(after_help = help::WATCH)]
pub struct WatchArgs {
    /// The job's id.
    #[arg(value_name = "ID")]
    pub id: JobId,

    /// How to show the job.
    #[command(flatten)]
    pub view: ViewArgs,
}

/// Arguments of `rerun`.
#[derive(Debug, clap::Args)]
#[command(after_help = help::RERUN)]
pub struct RerunArgs {
    /// The id of the job whose program to run.
    #[arg(value_name = "ID")]
    pub id: JobId,

    /// Print the new job's id and leave it to the cluster: see `cli watch`.
    #[arg(long)]
    pub detach: bool,

    /// How to show the job.
    #[command(flatten)]
    pub view: ViewArgs,
}

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
#[command(after_help = help::STATUS)]
pub struct StatusArgs {
    /// Show it anew every second, until Ctrl-C.
    #[arg(long, conflicts_with = "json")]
    pub watch: bool,

    /// Print one JSON object with `cluster` and `runners`.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `runner`.
#[derive(Debug, clap::Args)]
#[command(after_help = help::RUNNER)]
pub struct RunnerArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: RunnerCommand,
}

/// What to do about runners.
#[derive(Debug, Subcommand)]
pub enum RunnerCommand {
    /// Show the runners and how busy they are, as `cli status` does.
    List(StatusArgs),
    /// Print the line that makes a host part of the cluster, where runners have to join it.
    Token {
        /// For how long it can be used: 10m, 2h, or seconds.
        #[arg(long, value_name = "TIME", default_value = "1h", value_parser = parse_seconds)]
        ttl: f64,
        /// How many hosts may use it.
        #[arg(long, value_name = "NUMBER", default_value_t = 1)]
        #[arg(value_parser = clap::value_parser!(u32).range(1..))]
        uses: u32,
    },
    /// Take a runner out that has joined: its link is cut, and what it runs is run elsewhere.
    Remove {
        /// Its name.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Let a runner finish what it runs, take nothing new, and leave.
    Drain {
        /// Its name or id.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Give a runner nothing new until it is resumed. It finishes what it runs and stays.
    Pause {
        /// Its name or id.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Give a paused runner jobs again.
    Resume {
        /// Its name or id.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Set what a runner takes: never more than by its own configuration.
    Set(SetArgs),
}

/// Arguments of `jobs`.
#[derive(Debug, clap::Args)]
#[command(after_help = help::JOBS)]
pub struct JobsArgs {
    /// Only jobs in this state.
    #[arg(long, value_name = "STATE")]
    pub state: Option<StateArg>,

    /// Only jobs of this language.
    #[arg(long, value_name = "LANGUAGE")]
    pub language: Option<String>,

    /// Only jobs with this label.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_label)]
    pub label: Option<String>,

    /// Only jobs with this verdict, as in compile_error.
    #[arg(long, value_name = "VERDICT", value_parser = parse_verdict)]
    pub verdict: Option<Verdict>,

    /// Only jobs that this runner has or had last.
    #[arg(long, value_name = "NAME")]
    pub runner: Option<String>,

    /// Only jobs whose id begins so, or whose owner or one of whose labels has this in it.
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,

    /// At most this many.
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,

    /// Print one JSON object: a page of jobs, as the HTTP door has it.
    #[arg(long)]
    pub json: bool,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum StateArg {
    /// It waits for a runner.
    Queued,
    /// A runner has it.
    Running,
    /// It has its verdict.
    Finished,
}

impl From<StateArg> for JobState {
    fn from(state: StateArg) -> Self {
        match state {
            StateArg::Queued => Self::Queued,
            StateArg::Running => Self::Running,
            StateArg::Finished => Self::Finished,
        }
    }
}

/// Arguments of `cancel`.
#[derive(Debug, clap::Args)]
#[command(after_help = help::CANCEL)]
pub struct CancelArgs {
    /// The job's id.
    #[arg(value_name = "ID")]
    pub id: JobId,
}

/// Arguments of `languages`.
#[derive(Debug, clap::Args)]
#[command(after_help = help::LANGUAGES)]
pub struct LanguagesArgs {
    /// Print a JSON array.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = help::COMPLETIONS)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn what_follows_two_dashes_is_the_programs() {
        let args = Args::try_parse_from(["cli", "run", "a.py", "b.py", "--cpu", "2s", "--", "--json", "x"]);
        let Command::Run(run) = args.unwrap().command else { panic!("another command") };
        assert_eq!(run.files.len(), 2);
        assert_eq!(run.args, ["--json", "x"]);
        assert!(!run.view.json);
        assert_eq!(LimitsRequest::from(&run.limits).cpu_seconds, Some(2.0));
    }

    #[test]
    fn a_terminal_is_asked_for_as_with_docker() {
        let args = Args::try_parse_from(["cli", "run", "-it", "a.py"]).unwrap();
        let Command::Run(run) = args.command else { panic!("another command") };
        assert!(run.interactive && run.tty);
        for other in ["--json", "--detach", "--stdin=x"] {
            assert!(Args::try_parse_from(["cli", "run", "-t", "a.py", other]).is_err(), "{other}");
        }
    }

    #[test]
    fn wrong_values_are_refused() {
        for wrong in [
            ["--cpu", "fast"],
            ["--memory", "0"],
            ["--env", "=x"],
            ["--priority", "101"],
            ["--require", "room"],
        ] {
            let arguments = ["cli", "run", "a.py"].into_iter().chain(wrong);
            assert!(Args::try_parse_from(arguments).is_err(), "{wrong:?}");
        }
    }
}
