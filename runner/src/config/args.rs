//! The runner's command line: commands and flags, with the environment variables that stand for them.

mod languages;

use std::convert::Infallible;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use protocol::Secret;

pub use self::languages::{ImagesCommand, LanguagesCheckArgs, LanguagesCommand};

use crate::pool::policy::Isolation;

/// Compiles and runs programs in sandbox containers on this host.
#[derive(Debug, Parser)]
#[command(
    name = "runner",
    version,
    arg_required_else_help = true,
    after_help = "Examples:\n  runner doctor\n  runner images build\n  runner start --controller master:7001\n  \
                  runner start --config /etc/ruche/runner.toml"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the runner can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Join a cluster and run its jobs, until SIGTERM or Ctrl-C
    Start(StartArgs),
    /// Make this host part of a cluster, once, with what `cli runner token` prints
    Join(JoinArgs),
    /// The images that languages run in
    #[command(subcommand)]
    Images(ImagesCommand),
    /// The languages of this host
    #[command(subcommand)]
    Languages(LanguagesCommand),
    /// Attack this host's sandboxes with the hostile programs that come with the runner
    Selftest(SelftestArgs),
    /// Look whether this host can run programs, and say what mends what is missing
    #[command(
        long_about = "Looks at everything that a runner needs of this host: Docker, control groups, the kernel, \
                      AppArmor, disks and images. Then starts a sandbox and runs two programs in it. It works \
                      beside a running runner and leaves nothing behind.\n\n\
                      Each line says what is fine (✓), could be better (!), is missing (✗) or was not looked at \
                      (–), and the line below what mends it. Exits with 0 when nothing is missing."
    )]
    Doctor(DoctorArgs),
}

/// Arguments of `runner join`.
#[derive(Debug, Clone, Args)]
#[command(
    long_about = "Makes this host part of a cluster: checks the controller's certificate by the token, sends it the \
                  public half of a new key, and keeps the certificate that comes back. `runner start` then works \
                  without more, and the certificate renews itself.",
    after_help = "Example:\n  runner join master:7001 ruche-join-…"
)]
pub struct JoinArgs {
    /// The runners' door of the controller, or those of several
    #[arg(value_name = "HOST:PORT,…", value_delimiter = ',', required = true)]
    pub controllers: Vec<String>,
    /// The token
    #[arg(value_name = "TOKEN", value_parser = parse_secret)]
    pub token: Secret,
    /// What to call this runner (default: the host's name)
    #[arg(long, env = "RUCHE_RUNNER_NAME")]
    pub name: Option<String>,
    /// The configuration file that the runner is to have
    #[arg(long, env = "RUCHE_RUNNER_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where key and certificate are kept
    #[arg(long, env = "RUCHE_RUNNER_STATE_DIR", value_name = "FOLDER")]
    pub state_dir: Option<PathBuf>,
}

/// Flags and environment of `runner doctor`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  sudo runner doctor\n  runner doctor --config /etc/ruche/runner.toml\n  \
                  runner doctor --json | jq '.checks[] | select(.state == \"missing\")'"
)]
pub struct DoctorArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The configuration file that the runner is to have
    #[arg(long, env = "RUCHE_RUNNER_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the runner is to keep its sockets
    #[arg(long, env = "RUCHE_RUNNER_RUN_DIR", value_name = "FOLDER")]
    pub run_dir: Option<PathBuf>,
    /// Where Docker is
    #[command(flatten)]
    pub docker: DockerArgs,
}

impl From<DoctorArgs> for StartArgs {
    fn from(args: DoctorArgs) -> Self {
        let DoctorArgs { json: _, config, run_dir, docker } = args;
        Self { config, run_dir, docker, ..Self::default() }
    }
}

/// Flags of `runner selftest`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  runner selftest\n  runner selftest fork_bomb_busy ptrace\n  \
                        runner selftest --json --config /etc/ruche/runner.toml")]
pub struct SelftestArgs {
    /// Only these attacks, without remembering the result (default: all)
    pub attacks: Vec<String>,
    /// Do nothing where the same sandbox has passed on this host before
    #[arg(long, conflicts_with = "attacks")]
    pub unless_passed: bool,
    /// Say what each attack tries, and try none
    #[arg(long)]
    pub list: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The configuration file that the runner is to have
    #[arg(long, env = "RUCHE_RUNNER_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How many attacks to try at once (default: one per processor)
    #[arg(long, env = "RUCHE_RUNNER_MAX_JOBS", value_name = "N")]
    pub max_jobs: Option<u32>,
    /// Where the runner is to keep its sockets
    #[arg(long, env = "RUCHE_RUNNER_RUN_DIR", value_name = "FOLDER")]
    pub run_dir: Option<PathBuf>,
    /// Where the result is remembered
    #[arg(long, env = "RUCHE_RUNNER_STATE_DIR", value_name = "FOLDER")]
    pub state_dir: Option<PathBuf>,
    /// Where Docker is
    #[command(flatten)]
    pub docker: DockerArgs,
}

impl SelftestArgs {
    /// What a runner of this host would be started with.
    pub fn runner(&self) -> StartArgs {
        StartArgs {
            config: self.config.clone(),
            max_jobs: self.max_jobs,
            run_dir: self.run_dir.clone(),
            state_dir: self.state_dir.clone(),
            docker: self.docker.clone(),
            ..StartArgs::default()
        }
    }
}

/// Where Docker is.
#[derive(Debug, Clone, Default, Args)]
pub struct DockerArgs {
    /// Docker's address
    #[arg(long, env = "DOCKER_HOST", value_name = "ADDRESS")]
    pub docker: Option<String>,
}

/// Flags and environment of `runner start`; all optional.
#[derive(Debug, Clone, Default, Args)]
pub struct StartArgs {
    /// The configuration file
    #[arg(long, env = "RUCHE_RUNNER_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to call this runner (default: the host's name)
    #[arg(long, env = "RUCHE_RUNNER_NAME")]
    pub name: Option<String>,
    /// A controller to work for; may be given several times
    #[arg(
        long = "controller",
        env = "RUCHE_RUNNER_CONTROLLERS",
        value_delimiter = ',',
        value_name = "HOST:PORT"
    )]
    pub controllers: Vec<String>,
    /// A language to offer; may be given several times (default: all that have an image)
    #[arg(long = "language", env = "RUCHE_RUNNER_LANGUAGES", value_delimiter = ',', value_name = "ID")]
    pub languages: Vec<String>,
    /// A label, for jobs that require it; may be given several times
    #[arg(
        long = "label",
        env = "RUCHE_RUNNER_LABELS",
        value_delimiter = ',',
        value_name = "NAME=VALUE",
        value_parser = parse_label
    )]
    pub labels: Vec<(String, String)>,
    /// How many jobs to run at once (default: one per processor)
    #[arg(long, env = "RUCHE_RUNNER_MAX_JOBS", value_name = "N")]
    pub max_jobs: Option<u32>,
    /// Take no job while the host's processors are busier than this
    #[arg(long, env = "RUCHE_RUNNER_MAX_CPU_PERCENT", value_name = "PERCENT")]
    pub max_cpu_percent: Option<f32>,
    /// Take no job while more of the host's memory than this is in use
    #[arg(long, env = "RUCHE_RUNNER_MAX_MEMORY_PERCENT", value_name = "PERCENT")]
    pub max_memory_percent: Option<f32>,
    /// Where to keep sockets and the lock that makes the name unique on this host
    #[arg(long, env = "RUCHE_RUNNER_RUN_DIR", value_name = "FOLDER")]
    pub run_dir: Option<PathBuf>,
    /// Where to remember, across restarts, that the self-test has passed
    #[arg(long, env = "RUCHE_RUNNER_STATE_DIR", value_name = "FOLDER")]
    pub state_dir: Option<PathBuf>,
    /// Offer languages without a self-test; the controller shows it
    #[arg(long, env = "RUCHE_RUNNER_SKIP_SELFTEST")]
    pub skip_selftest: bool,
    /// What separates jobs: a box in a container that stays, or a container for each [box|container] (default: box)
    #[arg(long, env = "RUCHE_RUNNER_ISOLATION", value_name = "WHAT")]
    pub isolation: Option<Isolation>,
    /// The container runtime, as Docker knows it: runc, crun, runsc (default: Docker's own)
    #[arg(long, env = "RUCHE_RUNNER_RUNTIME", value_name = "NAME")]
    pub runtime: Option<String>,
    /// Where Docker is
    #[command(flatten)]
    pub docker: DockerArgs,
}

/// Whatever is wrong with it is told later, without it.
fn parse_secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::from(text.to_owned()))
}

fn parse_label(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("a label is given as NAME=VALUE"),
    }
}
