//! `runner images` and `runner languages`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{DockerArgs, StartArgs};

/// What can be done with images.
#[derive(Debug, Subcommand)]
pub enum ImagesCommand {
    /// Build the images that are missing or out of date, once per host
    #[command(after_help = "Examples:\n  runner images build\n  runner images build python rust cpp17\n  \
                            runner images build --config /etc/ruche/runner.toml zig")]
    Build {
        /// Only these: languages or images (default: all)
        names: Vec<String>,
        /// The image to build on (default: debian:bookworm-slim, or one made from the Debian mirror)
        #[arg(long)]
        base: Option<String>,
        /// The network to build in, where the default one reaches no package mirror
        #[arg(long)]
        network: Option<String>,
        /// Build again what is up to date
        #[arg(long)]
        force: bool,
        /// The configuration file, which may name a folder of languages of your own
        #[arg(long, env = "RUCHE_RUNNER_CONFIG", value_name = "FILE")]
        config: Option<PathBuf>,
        /// Where Docker is
        #[command(flatten)]
        docker: DockerArgs,
    },
    /// Show the images with their languages and versions, and whether they are up to date
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// The configuration file, which may name a folder of languages of your own
        #[arg(long, env = "RUCHE_RUNNER_CONFIG", value_name = "FILE")]
        config: Option<PathBuf>,
        /// Where Docker is
        #[command(flatten)]
        docker: DockerArgs,
    },
}

/// What can be done with languages.
#[derive(Debug, Subcommand)]
pub enum LanguagesCommand {
    /// Prove that languages work here: run programs of each in this host's sandboxes
    Check(LanguagesCheckArgs),
}

/// Flags of `runner languages check`.
#[derive(Debug, Clone, Args)]
#[command(
    long_about = "Runs programs of each language in this host's sandboxes, as jobs are run: whether it says hello, \
                  reads standard input, gets its arguments, speaks UTF-8, names the line of an error, ends with its \
                  own exit code, and is stopped at its limits of processor time, memory and output. A folder that is \
                  called like one of your own languages, beside its entry in languages_dir, may hold programs of \
                  your own.\n\nExits with 0 when all of them do. Languages whose image is not built are left out, \
                  unless they are asked for.",
    after_help = "Examples:\n  sudo runner languages check\n  sudo runner languages check go rust\n  \
                  sudo runner languages check --json --config /etc/ruche/runner.toml"
)]
pub struct LanguagesCheckArgs {
    /// Only these (default: all that have an image)
    #[arg(value_name = "ID")]
    pub languages: Vec<String>,
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

impl LanguagesCheckArgs {
    /// What a runner of this host would be started with.
    pub fn runner(&self) -> StartArgs {
        StartArgs {
            config: self.config.clone(),
            languages: self.languages.clone(),
            run_dir: self.run_dir.clone(),
            docker: self.docker.clone(),
            ..StartArgs::default()
        }
    }
}
