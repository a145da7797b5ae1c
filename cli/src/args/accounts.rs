//! Arguments of the commands about accounts. Passwords and tokens are never among them.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use protocol::LimitsRequest;
use protocol::account::{Budget, NewToken, Quota, Role, Scope};

use super::LimitArgs;
use super::values::{parse_masters, parse_seconds, parse_ttl};
use crate::messages::help;
use crate::settings::Masters;

/// Arguments of `login`.
#[derive(Debug, Args)]
#[command(after_help = help::LOGIN)]
pub struct LoginArgs {
    /// The controller's address, or those of several [default: as for other commands].
    #[arg(value_name = "HOST:PORT,…", value_parser = parse_masters)]
    pub controllers: Option<Masters>,

    /// The certificate authority that the controller's own certificate comes from, as PEM.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "ca_pin")]
    pub ca_file: Option<PathBuf>,

    /// Get to know the controller's certificate, and leave it at that.
    #[arg(long, conflicts_with_all = ["name", "setup", "token"])]
    pub trust_only: bool,

    /// Your name there [default: asked for].
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Make the first account, with the secret that the controller printed at its start.
    #[arg(long)]
    pub setup: bool,

    /// Keep a token that you were given, rather than ask for name and password.
    #[arg(long, conflicts_with_all = ["name", "setup"])]
    pub token: bool,
}

/// Whether to print JSON.
#[derive(Debug, Clone, Copy, Args)]
pub struct JsonArgs {
    /// Print one JSON value, as the HTTP door has it.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `user`.
#[derive(Debug, Args)]
#[command(after_help = help::USER)]
pub struct UserArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: UserCommand,
}

/// What to do about users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// List the users that you may see.
    List(JsonArgs),
    /// Add a user; asks for its first password.
    Add {
        /// Its name.
        name: String,
        /// What it may do.
        #[arg(long, value_enum, default_value = "user")]
        role: RoleArg,
    },
    /// Remove a user with all sessions and tokens; its jobs stay.
    Remove {
        /// Its name.
        name: String,
    },
    /// Set a password: your own, or that of the user named.
    Passwd {
        /// Whose, where it is not yours.
        name: Option<String>,
    },
    /// Change what a user may do.
    Role {
        /// Its name.
        name: String,
        /// What it may do from now on.
        #[arg(value_enum)]
        role: RoleArg,
    },
    /// Set what a user may have, in place of all that was set before.
    Limit {
        /// Its name.
        name: String,
        /// What.
        #[command(flatten)]
        quota: QuotaArgs,
    },
}

/// What a user may do.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum RoleArg {
    /// Runs programs and sees its own jobs.
    User,
    /// Sees the jobs of its groups' members as well, and sets these groups' limits.
    Teacher,
    /// May do everything.
    Admin,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::User => Self::User,
            RoleArg::Teacher => Self::Teacher,
            RoleArg::Admin => Self::Admin,
        }
    }
}

/// What a user may have; what is not given is not limited.
#[derive(Debug, Args)]
pub struct QuotaArgs {
    /// Jobs that run at once.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub running: Option<u32>,

    /// Jobs that wait.
    #[arg(long, value_name = "NUMBER")]
    pub queued: Option<u32>,

    /// Processor time a day: 10m, 1h, or seconds.
    #[arg(long, value_name = "TIME", value_parser = parse_seconds)]
    pub cpu_per_day: Option<f64>,

    /// The most that a job may ask for.
    #[command(flatten)]
    pub maximum: LimitArgs,
}

impl From<&QuotaArgs> for Quota {
    fn from(args: &QuotaArgs) -> Self {
        let QuotaArgs { running, queued, cpu_per_day, maximum } = args;
        let maximum = LimitsRequest::from(maximum);
        Self { max_running: *running, max_queued: *queued, cpu_seconds_per_day: *cpu_per_day, maximum }
    }
}

/// Arguments of `group`.
#[derive(Debug, Args)]
#[command(after_help = help::GROUP)]
pub struct GroupArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: GroupCommand,
}

/// What to do about groups.
#[derive(Debug, Subcommand)]
pub enum GroupCommand {
    /// List the groups that you may see.
    List(JsonArgs),
    /// Put users into a group; one that is not there yet is made.
    Add {
        /// Its name.
        group: String,
        /// Who.
        #[arg(value_name = "USER")]
        users: Vec<String>,
    },
    /// Take users out of a group.
    Drop {
        /// Its name.
        group: String,
        /// Who.
        #[arg(value_name = "USER", required = true)]
        users: Vec<String>,
    },
    /// Remove a group; its members stay.
    Remove {
        /// Its name.
        group: String,
    },
    /// Set what each member may have who has no limits of its own.
    Limit {
        /// Its name.
        group: String,
        /// What.
        #[command(flatten)]
        quota: QuotaArgs,
    },
}

/// Arguments of `token`.
#[derive(Debug, Args)]
#[command(after_help = help::TOKEN)]
pub struct TokenArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: TokenCommand,
}

/// What to do about tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// List your tokens.
    List(JsonArgs),
    /// Make a token, and print it: it is shown this once.
    Create(CreateArgs),
    /// Revoke a token and all that were made with it.
    Revoke {
        /// Its id, as `cli token list` shows it.
        id: String,
    },
}

/// Arguments of `token create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// What it is for.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub name: String,

    /// What it is good for [default: submit,read,cancel].
    #[arg(long, value_name = "SCOPE,…", value_enum, value_delimiter = ',')]
    pub scope: Vec<ScopeArg>,

    /// How long it is good: 12h, 30d [default: as long as what it is made with, else until it is revoked].
    #[arg(long, value_name = "TIME", value_parser = parse_ttl)]
    pub ttl: Option<u64>,

    /// Only for these languages.
    #[arg(long, value_name = "LANGUAGE,…", value_delimiter = ',')]
    pub language: Vec<String>,

    /// So much processor time in all.
    #[arg(long, value_name = "TIME", value_parser = parse_seconds)]
    pub cpu: Option<f64>,

    /// So many jobs in all.
    #[arg(long, value_name = "NUMBER")]
    pub jobs: Option<u64>,

    /// Print one JSON object with the token and what it is good for.
    #[arg(long)]
    pub json: bool,
}

impl From<&CreateArgs> for NewToken {
    fn from(args: &CreateArgs) -> Self {
        let CreateArgs { name, scope, ttl, language, cpu, jobs, json: _ } = args;
        let languages = (!language.is_empty()).then(|| language.iter().cloned().collect());
        Self {
            name: name.clone(),
            scopes: (!scope.is_empty()).then(|| scope.iter().map(|scope| Scope::from(*scope)).collect()),
            ttl_seconds: *ttl,
            budget: Budget { languages, cpu_seconds: *cpu, jobs: *jobs },
        }
    }
}

/// What a token is good for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ScopeArg {
    /// Submit jobs.
    Submit,
    /// See jobs and the cluster.
    Read,
    /// Stop jobs.
    Cancel,
    /// Make and revoke tokens, and change the password.
    Account,
    /// Whatever else its user's role allows.
    Admin,
}

impl From<ScopeArg> for Scope {
    fn from(scope: ScopeArg) -> Self {
        match scope {
            ScopeArg::Submit => Self::Submit,
            ScopeArg::Read => Self::Read,
            ScopeArg::Cancel => Self::Cancel,
            ScopeArg::Account => Self::Account,
            ScopeArg::Admin => Self::Admin,
        }
    }
}

/// Arguments of `audit`.
#[derive(Debug, Args)]
#[command(after_help = help::AUDIT)]
pub struct AuditArgs {
    /// At most this many.
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub limit: u32,

    /// Go on where a page ended: its `next_cursor`.
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,

    /// Print one JSON object: a page, as the HTTP door has it.
    #[arg(long)]
    pub json: bool,
}
