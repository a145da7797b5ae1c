//! What the arguments, the environment and the configuration file come to.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use protocol::Secret;
use serde::Deserialize;

use crate::clusters::Cluster;
use crate::failure::Failure;
use crate::trust::{self, Carriage, Wishes};

/// The port of a controller's TCP door.
const DEFAULT_PORT: u16 = 7000;

/// Where a controller is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Master {
    /// Name or address.
    pub host: String,
    /// Port of its TCP door.
    pub port: u16,
}

/// The controllers of a cluster, in the order in which they are tried. There is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masters(Vec<Master>);

impl Default for Masters {
    fn default() -> Self {
        Self(vec![Master::default()])
    }
}

impl FromStr for Masters {
    type Err = NotAMaster;

    fn from_str(text: &str) -> Result<Self, NotAMaster> {
        text.split(',').map(|one| one.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

impl Masters {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Master> {
        self.0.iter()
    }

    /// Whether there is more than one.
    pub fn are_several(&self) -> bool {
        self.0.len() > 1
    }

    /// The one to try after this one; the first again after the last.
    pub fn after(&self, master: &Master) -> Master {
        let mut rest = self.0.iter().skip_while(|other| *other != master).skip(1);
        rest.next().or(self.0.first()).cloned().unwrap_or_default()
    }
}

/// Text that is not a controller's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAMaster;

impl Default for Master {
    fn default() -> Self {
        Self { host: "127.0.0.1".to_owned(), port: DEFAULT_PORT }
    }
}

impl fmt::Display for Master {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl FromStr for Master {
    type Err = NotAMaster;

    fn from_str(text: &str) -> Result<Self, NotAMaster> {
        let (host, port) = split_port(text)?;
        let port = port.map_or(Ok(DEFAULT_PORT), |port| port.parse().map_err(|_| NotAMaster))?;
        let strange = |c: char| c.is_whitespace() || c.is_control() || "/[]@".contains(c);
        match host.is_empty() || host.contains(strange) {
            true => Err(NotAMaster),
            false => Ok(Self { host: host.to_owned(), port }),
        }
    }
}

/// `host`, `host:port`, `[v6]:port`, `[v6]` or a bare `v6`.
fn split_port(text: &str) -> Result<(&str, Option<&str>), NotAMaster> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or(NotAMaster)?;
        return match rest {
            "" => Ok((host, None)),
            rest => rest.strip_prefix(':').map(|port| (host, Some(port))).ok_or(NotAMaster),
        };
    }
    match text.split_once(':') {
        Some((_, rest)) if rest.contains(':') => Ok((text, None)),
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((text, None)),
    }
}

/// Where the configuration of this user's programs is, and the token that is in the environment.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// The folder with the folder `ruche` in it, if it is known.
    pub config_folder: Option<PathBuf>,
    /// The token to use, whatever is kept.
    pub token: Option<Secret>,
    /// Whether no token is shown, whatever is kept.
    pub is_stranger: bool,
    /// What decides about encryption, beside what is kept.
    pub wishes: Wishes,
}

impl Account {
    /// What is kept of a controller's cluster, where there is a place for it.
    pub fn cluster(&self, master: &Master) -> Option<Cluster> {
        self.config_folder.as_ref().map(|folder| Cluster::of(master, folder))
    }

    /// How to get to a controller.
    ///
    /// # Errors
    /// Where nothing is known of it, or what was kept cannot be read.
    pub fn carriage_to(&self, master: &Master) -> Result<Carriage, Failure> {
        let known = self.cluster(master).map(|cluster| trust::known(&cluster)).transpose()?.flatten();
        trust::carriage(master, known, self.wishes)
    }

    /// Who this user is to a controller: the token given, else the one that was kept at the log-in.
    ///
    /// # Errors
    /// Where what was kept cannot be read.
    pub fn token_for(&self, master: &Master) -> Result<Option<Secret>, Failure> {
        if self.is_stranger || self.token.is_some() {
            return Ok(self.token.clone());
        }
        let Some(cluster) = self.cluster(master) else { return Ok(None) };
        cluster.token().map_err(|error| Failure::Config(cluster.path("token"), error.kind().to_string()))
    }
}

/// The configuration file.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    master: Option<String>,
}

/// The controllers to talk to: those given, else the configuration file's, else the one of this machine.
pub fn masters(given: Option<Masters>, config_folder: Option<&Path>) -> Result<Masters, Failure> {
    if let Some(masters) = given {
        return Ok(masters);
    }
    let Some(path) = config_folder.map(|folder| folder.join("ruche").join("cli.toml")) else {
        return Ok(Masters::default());
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => from_config(&text).map_err(|why| Failure::Config(path, why)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Masters::default()),
        Err(error) => Err(Failure::Config(path, error.kind().to_string())),
    }
}

/// Where the configuration of this user's programs is: the folder given, else the usual one.
pub fn config_folder(config_home: Option<&Path>) -> Option<PathBuf> {
    // The specification of these folders says that a relative one is to be ignored.
    let given = config_home.filter(|path| path.is_absolute()).map(Path::to_owned);
    given.or_else(|| Some(std::env::home_dir()?.join(".config")))
}

/// Where this user's programs keep what they remember: the folder given, else the usual one.
pub fn state_home(given: Option<&Path>) -> Option<PathBuf> {
    let given = given.filter(|path| path.is_absolute()).map(Path::to_owned);
    given.or_else(|| Some(std::env::home_dir()?.join(".local").join("state")))
}

fn from_config(text: &str) -> Result<Masters, String> {
    let config: ConfigFile = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    match config.master {
        None => Ok(Masters::default()),
        Some(master) => master.parse().map_err(|_| crate::messages::bad_configured_master(&master)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_all_shapes_are_read_and_written() {
        let shapes = [
            ("lab", "lab:7000"),
            ("lab:9000", "lab:9000"),
            ("10.0.0.1:7000", "10.0.0.1:7000"),
            ("[::1]:9000", "[::1]:9000"),
            ("[::1]", "[::1]:7000"),
            ("::1", "[::1]:7000"),
        ];
        for (text, written) in shapes {
            assert_eq!(text.parse::<Master>().map(|master| master.to_string()), Ok(written.to_owned()));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", ":7000", "lab:", "lab:port", "lab:99999", "http://lab:7000", "la b", "[::1", "a/b"] {
            assert_eq!(text.parse::<Master>(), Err(NotAMaster), "{text:?}");
        }
    }

    #[test]
    fn controllers_are_tried_in_turn() {
        let masters: Masters = "a,b:1,c".parse().unwrap();
        let [a, b, c] = ["a", "b:1", "c"].map(|text| text.parse::<Master>().unwrap());
        assert_eq!([&a, &b, &c].map(|master| masters.after(master)), [b, c, a.clone()]);
        assert_eq!(masters.after(&Master::default()), a);
        assert_eq!("a,".parse::<Masters>(), Err(NotAMaster));
    }

    #[test]
    fn the_configuration_file_names_the_controller() {
        let masters = from_config("master = \"lab:9000, other\"").unwrap();
        let written: Vec<String> = masters.iter().map(Master::to_string).collect();
        assert_eq!(written, ["lab:9000", "other:7000"]);
        assert_eq!(from_config("").unwrap(), Masters::default());
    }

    #[test]
    fn a_wrong_key_or_value_in_the_configuration_file_is_named() {
        assert!(from_config("mastr = \"lab\"").unwrap_err().contains("mastr"));
        assert!(from_config("master = 3").unwrap_err().contains("string"));
        assert!(from_config("master = \"http://lab\"").unwrap_err().contains("http://lab"));
    }
}
