//! What the controller is told: flags, environment, controller.toml, defaults, in this order. Read whole and
//! checked before anything starts; what is wrong is named.

mod callbacks;
mod doors;
mod encryption;
mod store;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use serde::{Deserialize, Serialize};

use crate::callbacks::Network;
pub use crate::callbacks::Settings as CallbackSettings;
pub use crate::scheduler::Rules;
pub use doors::{Doors, JSON_OVERHEAD};
pub use encryption::{CertificateFiles, TlsMode};
pub use store::{PostgresUrl, StoreKind, StoreKindError, StoreText};

/// Accepts programs, hands them to runners, and gives the results back.
#[derive(Debug, Clone, Default, Parser)]
#[command(
    name = "controller",
    version,
    after_help = "Examples:\n  controller\n  controller --config /etc/ruche/controller.toml\n  \
                  controller --clients 127.0.0.1:0 --runners 127.0.0.1:0 --http 127.0.0.1:0"
)]
pub struct Args {
    /// The configuration file
    #[arg(long, env = "RUCHE_CONTROLLER_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where clients connect (default: 127.0.0.1:7000)
    #[arg(long, env = "RUCHE_CONTROLLER_CLIENTS", value_name = "ADDRESS")]
    pub clients: Option<SocketAddr>,
    /// Where runners connect (default: 127.0.0.1:7001)
    #[arg(long, env = "RUCHE_CONTROLLER_RUNNERS", value_name = "ADDRESS")]
    pub runners: Option<SocketAddr>,
    /// Where the HTTP API is (default: 127.0.0.1:7080)
    #[arg(long, env = "RUCHE_CONTROLLER_HTTP", value_name = "ADDRESS")]
    pub http: Option<SocketAddr>,
    /// How many jobs may wait (default: 10000)
    #[arg(long, env = "RUCHE_CONTROLLER_MAX_QUEUE", value_name = "N")]
    pub max_queue: Option<u64>,
    /// How large a job's contents may be, in bytes (default: 16 MiB)
    #[arg(long, env = "RUCHE_CONTROLLER_MAX_BODY", value_name = "BYTES")]
    pub max_body: Option<u64>,
    /// How large a job's streamed standard input may be, in bytes (default: 64 MiB)
    #[arg(long, env = "RUCHE_CONTROLLER_MAX_STDIN", value_name = "BYTES")]
    pub max_stdin: Option<u64>,
    /// Where jobs are kept: sqlite, memory (nothing outlives the controller), or postgres://... for several
    /// controllers (default: sqlite)
    #[arg(long, env = "RUCHE_CONTROLLER_STORE", value_name = "STORE", hide_env_values = true)]
    pub store: Option<StoreText>,
    /// A file that holds the value for --store, so that its password is in no list of processes
    #[arg(long, env = "RUCHE_CONTROLLER_STORE_FILE", value_name = "FILE")]
    pub store_file: Option<PathBuf>,
    /// Where ruche.db and the cluster's certificates lie (default: /var/lib/ruche for root, else ~/.local/state/ruche)
    #[arg(long, env = "RUCHE_CONTROLLER_DATA_DIR", value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// How many days to keep finished jobs (default: 30)
    #[arg(long, env = "RUCHE_CONTROLLER_KEEP_DAYS", value_name = "DAYS")]
    pub keep_days: Option<u64>,
    /// How many bytes of finished jobs' sources and output to keep, as stored (default: 10 GiB)
    #[arg(long, env = "RUCHE_CONTROLLER_KEEP_BYTES", value_name = "BYTES")]
    pub keep_bytes: Option<u64>,
    /// How many finished jobs to keep (default: 10000)
    #[arg(long, env = "RUCHE_CONTROLLER_KEEP_FINISHED", value_name = "N")]
    pub keep_finished: Option<usize>,
    /// How much memory jobs in flight, and the output of finished ones, may each take, in bytes (default: 1 GiB)
    #[arg(long, env = "RUCHE_CONTROLLER_MAX_MEMORY", value_name = "BYTES")]
    pub max_memory: Option<u64>,
    /// How long running jobs may go on after SIGTERM, in seconds (default: 30)
    #[arg(long, env = "RUCHE_CONTROLLER_DRAIN_SECONDS", value_name = "SECONDS")]
    pub drain_seconds: Option<u64>,
    /// Where programs of this user keep their state
    #[arg(long, env = "XDG_STATE_HOME", hide = true)]
    pub state_home: Option<PathBuf>,
    /// The user's home
    #[arg(long, env = "HOME", hide = true)]
    pub home: Option<PathBuf>,
    /// How many jobs of one user (label user) may run at once; 0 for any number (default: 0)
    #[arg(long, env = "RUCHE_CONTROLLER_MAX_RUNNING_PER_USER", value_name = "N")]
    pub max_running_per_user: Option<u32>,
    /// How long a job waits to count as one priority higher, in seconds; 0 for never (default: 60)
    #[arg(long, env = "RUCHE_CONTROLLER_AGING_SECONDS", value_name = "SECONDS")]
    pub aging_seconds: Option<u32>,
    /// How many connections the clients' door and the HTTP door each take at once (default: 4096)
    #[arg(long, env = "RUCHE_CONTROLLER_MAX_CONNECTIONS", value_name = "N")]
    pub max_connections: Option<usize>,
    /// How many of them may come from one address (default: 1024)
    #[arg(long, env = "RUCHE_CONTROLLER_MAX_CONNECTIONS_PER_ADDRESS", value_name = "N")]
    pub max_connections_per_address: Option<usize>,
    /// How many runners may be connected at once (default: 10000)
    #[arg(long, env = "RUCHE_CONTROLLER_MAX_RUNNERS", value_name = "N")]
    pub max_runners: Option<usize>,
    /// How many of them may come from one address (default: 4096)
    #[arg(long, env = "RUCHE_CONTROLLER_MAX_RUNNERS_PER_ADDRESS", value_name = "N")]
    pub max_runners_per_address: Option<usize>,
    /// A name that the HTTP door is called by, beside addresses and localhost, as behind a proxy; several with commas
    #[arg(long, env = "RUCHE_CONTROLLER_HTTP_HOSTS", value_name = "NAME", value_delimiter = ',')]
    pub http_hosts: Vec<String>,
    /// Which doors are encrypted (default: auto)
    #[arg(long, env = "RUCHE_CONTROLLER_TLS", value_name = "WHICH")]
    pub tls: Option<TlsMode>,
    /// A certificate to show to clients, with those that lead to its authority, as PEM (default: the cluster's own)
    #[arg(long, env = "RUCHE_CONTROLLER_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The key that belongs to it, as PEM
    #[arg(long, env = "RUCHE_CONTROLLER_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// How long the certificates are valid that runners get and renew themselves, in seconds (default: 30 days)
    #[arg(long, env = "RUCHE_CONTROLLER_RUNNER_CERTIFICATE_SECONDS", value_name = "SECONDS")]
    pub runner_certificate_seconds: Option<u64>,
    /// Who may run programs without an account, once there is one: loopback, off, everywhere (default: loopback)
    #[arg(long, env = "RUCHE_CONTROLLER_ANONYMOUS_USE", value_name = "WHERE")]
    pub anonymous_use: Option<AnonymousUse>,
    /// Call nobody back when jobs have finished
    #[arg(long, env = "RUCHE_CONTROLLER_NO_CALLBACKS")]
    pub no_callbacks: bool,
    /// Networks that callbacks may go to beside the public internet: 10.1.0.0/16; several with commas
    #[arg(
        long,
        env = "RUCHE_CONTROLLER_CALLBACKS_ALLOW_PRIVATE",
        value_name = "NETWORK",
        value_delimiter = ','
    )]
    pub callbacks_allow_private: Vec<Network>,
    /// Let nobody share jobs by links
    #[arg(long, env = "RUCHE_CONTROLLER_NO_SHARING")]
    pub no_sharing: bool,
    /// Open doors beyond this machine without encryption, and take everybody for somebody at this machine
    #[arg(long, env = "RUCHE_CONTROLLER_INSECURE")]
    pub insecure: bool,
}

/// Who may run programs without an account, once there is one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum AnonymousUse {
    /// Whoever is on the controller's own machine.
    #[default]
    Loopback,
    /// Nobody.
    Off,
    /// Everybody.
    Everywhere,
}

/// controller.toml; the keys are the flags' names.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    clients: Option<SocketAddr>,
    runners: Option<SocketAddr>,
    http: Option<SocketAddr>,
    max_queue: Option<u64>,
    max_body: Option<u64>,
    max_stdin: Option<u64>,
    store: Option<StoreText>,
    store_file: Option<PathBuf>,
    data_dir: Option<PathBuf>,
    keep_days: Option<u64>,
    keep_bytes: Option<u64>,
    keep_finished: Option<usize>,
    max_memory: Option<u64>,
    drain_seconds: Option<u64>,
    max_running_per_user: Option<u32>,
    aging_seconds: Option<u32>,
    tls: Option<TlsMode>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    runner_certificate_seconds: Option<u64>,
    anonymous_use: Option<AnonymousUse>,
    max_connections: Option<usize>,
    max_connections_per_address: Option<usize>,
    max_runners: Option<usize>,
    max_runners_per_address: Option<usize>,
    http_hosts: Vec<String>,
    sharing: Option<bool>,
    callbacks: callbacks::Table,
    insecure: bool,
}

/// The configuration that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where clients connect.
    pub clients: SocketAddr,
    /// Where runners connect.
    pub runners: SocketAddr,
    /// Where the HTTP API is.
    pub http: SocketAddr,
    /// Jobs that may wait.
    pub max_queue: u64,
    /// Bytes of one job's contents.
    pub max_body: u64,
    /// Bytes of one job's streamed standard input.
    pub max_stdin: u64,
    /// Where jobs are kept.
    pub store: StoreKind,
    /// Where files of its own are; nothing where there is no place for any.
    pub data_dir: Option<PathBuf>,
    /// Finished jobs that are kept.
    pub keep_finished: usize,
    /// How long they are kept.
    pub keep_days: u64,
    /// Bytes of them that are kept, as stored.
    pub keep_bytes: u64,
    /// Bytes that jobs in flight, and finished ones, may each take up.
    pub max_memory: u64,
    /// How long running jobs may go on after SIGTERM.
    pub drain: Duration,
    /// Which jobs start first.
    pub rules: Rules,
    /// Which doors are encrypted.
    pub tls: TlsMode,
    /// What clients are shown in place of a certificate of the cluster's own.
    pub certificate: Option<CertificateFiles>,
    /// How long runners' certificates are valid.
    pub runner_certificate_life: Duration,
    /// Who may run programs without an account.
    pub anonymous_use: AnonymousUse,
    /// What the doors take on.
    pub doors: Doors,
    /// Whether jobs can be shared by links.
    pub sharing: bool,
    /// Whether, and where, it is told how jobs ended.
    pub callbacks: CallbackSettings,
    /// Whether doors may be open to others unprotected.
    pub insecure: bool,
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file has an unknown key or a value of the wrong kind.
    #[error("{path}: {source}")]
    Syntax {
        /// Which.
        path: PathBuf,
        /// Where and what.
        source: toml::de::Error,
    },
    /// There is no such store.
    #[error(transparent)]
    Store(#[from] StoreKindError),
    /// A value is not possible.
    #[error("{0} has to be above zero")]
    Zero(&'static str),
    /// Certificate and key go together.
    #[error("tls_cert and tls_key need each other: give both or neither")]
    HalfCertificate,
    /// A door would be open to the world.
    #[error(
        "{door} = {address} can be reached from other machines and would not be encrypted: leave tls out (--tls), use a \
         loopback address, or say insecure = true (--insecure) if the network is all yours"
    )]
    Open {
        /// Which door.
        door: &'static str,
        /// Where.
        address: SocketAddr,
    },
}

impl Config {
    /// Reads the file that the flags name, if any, and puts everything together.
    ///
    /// # Errors
    /// [`ConfigError`] names the key.
    pub fn load(args: Args) -> Result<Self, ConfigError> {
        let file = match &args.config {
            Some(path) => read(path)?,
            None => File::default(),
        };
        Self::resolve(args, file)
    }

    fn resolve(args: Args, file: File) -> Result<Self, ConfigError> {
        let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let max_memory = args.max_memory.or(file.max_memory).unwrap_or(1 << 30);
        let max_body = args.max_body.or(file.max_body).unwrap_or(16 << 20);
        let config = Self {
            clients: args.clients.or(file.clients).unwrap_or(loopback(7000)),
            runners: args.runners.or(file.runners).unwrap_or(loopback(7001)),
            http: args.http.or(file.http).unwrap_or(loopback(7080)),
            max_queue: args.max_queue.or(file.max_queue).unwrap_or(10_000),
            max_body,
            max_stdin: args.max_stdin.or(file.max_stdin).unwrap_or(64 << 20),
            store: store::kind(&args, &file)?,
            data_dir: store::data_dir(&args, &file),
            keep_days: args.keep_days.or(file.keep_days).unwrap_or(30),
            keep_bytes: args.keep_bytes.or(file.keep_bytes).unwrap_or(10 << 30),
            keep_finished: args.keep_finished.or(file.keep_finished).unwrap_or(10_000),
            max_memory,
            doors: doors::resolve(&args, &file, max_memory, max_body)?,
            drain: Duration::from_secs(args.drain_seconds.or(file.drain_seconds).unwrap_or(30)),
            rules: rules(
                args.max_running_per_user.or(file.max_running_per_user),
                args.aging_seconds.or(file.aging_seconds),
            ),
            tls: args.tls.or(file.tls).unwrap_or_default(),
            certificate: encryption::certificate(&args, &file)?,
            runner_certificate_life: encryption::runner_certificate_life(&args, &file),
            anonymous_use: args.anonymous_use.or(file.anonymous_use).unwrap_or_default(),
            sharing: !args.no_sharing && file.sharing.unwrap_or(true),
            callbacks: callbacks::resolve(&args, &file)?,
            insecure: args.insecure || file.insecure,
        };
        config.check()?;
        Ok(config)
    }

    /// Whether a door at this address is encrypted.
    pub fn encrypts(&self, door: SocketAddr) -> bool {
        self.tls.encrypts(door, self.insecure)
    }

    /// The doors that other machines can reach and that are not encrypted.
    pub fn plain_doors(&self) -> impl Iterator<Item = (&'static str, SocketAddr)> {
        let doors = [("clients", self.clients), ("runners", self.runners), ("http", self.http)];
        doors.into_iter().filter(|(_, door)| !door.ip().is_loopback() && !self.encrypts(*door))
    }

    /// The names of the HTTP door, where they matter: it can be reached by pages of this machine's browsers alone, or its
    /// operator has said what it is called.
    pub fn http_hosts(&self) -> Option<Vec<String>> {
        let names = &self.doors.http_hosts;
        (self.http.ip().is_loopback() || !names.is_empty()).then(|| names.clone())
    }

    fn check(&self) -> Result<(), ConfigError> {
        let numbers = [
            ("max_queue", self.max_queue),
            ("max_body", self.max_body),
            ("max_memory", self.max_memory),
            ("keep_days", self.keep_days),
            ("keep_bytes", self.keep_bytes),
            ("runner_certificate_seconds", self.runner_certificate_life.as_secs()),
        ];
        if let Some((key, _)) = numbers.iter().find(|(_, value)| *value == 0) {
            return Err(ConfigError::Zero(key));
        }
        match self.plain_doors().next() {
            Some((door, address)) if !self.insecure => Err(ConfigError::Open { door, address }),
            _ => Ok(()),
        }
    }
}

/// Zero stands for a rule that does not hold.
fn rules(max_running_per_user: Option<u32>, aging_seconds: Option<u32>) -> Rules {
    let default = Rules::default();
    let aging = |seconds: u32| (seconds > 0).then(|| Duration::from_secs(seconds.into()));
    Rules {
        aging: aging_seconds.map_or(default.aging, aging),
        max_running_per_share: max_running_per_user.filter(|most| *most > 0),
    }
}

fn read(path: &Path) -> Result<File, ConfigError> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    toml::from_str(&text).map_err(|source| ConfigError::Syntax { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(flags: &[&str], file: &str) -> Result<Config, String> {
        let args =
            Args::try_parse_from([&["controller"], flags].concat()).map_err(|error| error.to_string())?;
        let file = toml::from_str(file).map_err(|error: toml::de::Error| error.to_string())?;
        Config::resolve(args, file).map_err(|error| error.to_string())
    }

    #[test]
    fn flags_override_the_file() {
        let config = resolve(&["--max-queue", "3"], "max_queue = 2\nmax_body = 5").unwrap();
        assert_eq!((config.max_queue, config.max_body), (3, 5));
        assert_eq!(config.clients.port(), 7000);
    }

    #[test]
    fn zero_turns_a_rule_off() {
        assert_eq!(resolve(&[], "").unwrap().rules, Rules::default());
        let rules = resolve(&["--aging-seconds", "0"], "max_running_per_user = 2").unwrap().rules;
        assert_eq!(rules, Rules { aging: None, max_running_per_share: Some(2) });
        let rules = resolve(&["--aging-seconds", "5", "--max-running-per-user", "0"], "").unwrap().rules;
        assert_eq!(rules, Rules { aging: Some(Duration::from_secs(5)), max_running_per_share: None });
    }

    #[test]
    fn a_wrong_key_or_value_is_named() {
        for (file, name) in [
            ("max_queu = 1", "max_queu"),
            ("max_queue = 0", "max_queue"),
            ("max_runners = 0", "max_runners"),
            ("http = 'here'", "http"),
        ] {
            let error = resolve(&[], file).unwrap_err();
            assert!(error.contains(name), "{file}: {error}");
        }
    }

    #[test]
    fn a_door_to_the_world_is_encrypted_or_meant_not_to_be() {
        let encrypts = |flags: &[&str]| resolve(flags, "").map(|config| config.encrypts(config.http));
        assert_eq!(encrypts(&["--http", "0.0.0.0:80"]), Ok(true));
        assert_eq!(encrypts(&["--http", "0.0.0.0:80", "--insecure"]), Ok(false));
        assert_eq!(encrypts(&["--http", "0.0.0.0:80", "--insecure", "--tls", "always"]), Ok(true));
        assert_eq!(encrypts(&["--http", "[::1]:80"]), Ok(false));
        assert_eq!(encrypts(&["--http", "[::1]:80", "--tls", "always"]), Ok(true));
        assert!(encrypts(&["--http", "0.0.0.0:80", "--tls", "never"]).unwrap_err().contains("insecure"));
        let config = resolve(&["--http", "0.0.0.0:80", "--insecure"], "").unwrap();
        assert_eq!(config.plain_doors().map(|(door, _)| door).collect::<Vec<_>>(), ["http"]);
    }

    #[test]
    fn a_certificate_needs_its_key() {
        assert!(resolve(&["--tls-cert", "a.pem"], "").unwrap_err().contains("tls_key"));
        assert!(resolve(&["--tls-cert", "a.pem"], "tls_key = 'b.pem'").unwrap().certificate.is_some());
    }
}
