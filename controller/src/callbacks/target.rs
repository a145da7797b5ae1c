//! Where a callback goes, read once: what is connected to, asked for and shown as the certificate's name is the same.

use std::fmt;
use std::net::IpAddr;

use protocol::Problem;
use url::{Host, Position, Url};

use super::address::{Network, may_reach};

/// The field at fault.
const FIELD: &str = "callback_url";

/// An address to call back. What stands behind its host may be secret, so it is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Target(Url);

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.authority())
    }
}

impl Target {
    /// Reads an address, in whatever notation its host is.
    ///
    /// # Errors
    /// Where it is none that can be called; it is not repeated.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let mut url =
            Url::parse(text).map_err(|error| Problem::invalid(FIELD, format!("no address: {error}")))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(Problem::invalid(FIELD, "it begins with https:// or http://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            let detail = "a name and a password have no place in it: callbacks are signed";
            return Err(Problem::invalid(FIELD, detail));
        }
        if url.host_str().is_none_or(str::is_empty) || url.port() == Some(0) {
            return Err(Problem::invalid(FIELD, "it names no host, or no port that can be reached"));
        }
        url.set_fragment(None);
        Ok(Self(url))
    }

    /// Refuses an address that is written out and may not be reached. Names are looked up when they are called.
    ///
    /// # Errors
    /// That it may not be reached.
    pub fn check(&self, allowed: &[Network]) -> Result<(), Problem> {
        match self.address() {
            Some(address) if !may_reach(address, allowed) => {
                let detail =
                    format!("{address} is no address of the public internet, and callbacks go nowhere else");
                Err(Problem::invalid(FIELD, detail))
            }
            _ => Ok(()),
        }
    }

    /// The whole of it, for keeping.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it is to be encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The address that it is written as, where that is no name.
    pub fn address(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        }
    }

    /// The name that it is written as; an address as text.
    pub fn name(&self) -> String {
        match self.address() {
            Some(address) => address.to_string(),
            None => self.0.host_str().unwrap_or_default().trim_end_matches('.').to_owned(),
        }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(if self.is_encrypted() { 443 } else { 80 })
    }

    /// Host and port as a request names them.
    pub fn authority(&self) -> &str {
        &self.0[Position::BeforeHost..Position::AfterPort]
    }

    /// What is asked for there.
    pub fn path(&self) -> &str {
        &self.0[Position::BeforePath..Position::AfterQuery]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> bool {
        Target::read(text).and_then(|target| target.check(&[])).is_err()
    }

    #[test]
    fn an_address_is_read_once() {
        let target = Target::read("https://User.Example:8443/a%20b?token=tulip#part").unwrap();
        assert_eq!(target.authority(), "user.example:8443");
        assert_eq!((target.name(), target.port()), ("user.example".to_owned(), 8443));
        assert_eq!(target.path(), "/a%20b?token=tulip");
        assert!(target.is_encrypted());
        assert!(!format!("{target:?}").contains("tulip"));
        let plain = Target::read("http://[2606:4700::1]").unwrap();
        assert_eq!((plain.name(), plain.port(), plain.path()), ("2606:4700::1".to_owned(), 80, "/"));
        assert_eq!(plain.authority(), "[2606:4700::1]");
    }

    #[test]
    fn forbidden_addresses_are_refused_in_whatever_notation() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "017700000001",
            "0177.0.0.1",
            "127.0.0.1.",
            "１２７.0.0.1",
            "0",
            "169.254.169.254",
            "0xA9FEA9FE",
            "192.168.1.1:8080",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[0:0:0:0:0:ffff:a9fe:a9fe]",
            "[64:ff9b::a00:1]",
            "[fe80::1]",
            "[fe80::1%25eth0]",
            "[fe80::1%eth0]",
            "[2002:7f00:1::]",
        ] {
            assert!(refused(&format!("http://{host}/")), "{host}");
        }
        assert!(!refused("http://8.8.8.8/") && !refused("https://example.org/"));
    }

    #[test]
    fn what_is_no_address_to_call_is_refused_without_being_repeated() {
        for text in [
            "ftp://example.org/",
            "file:///etc/passwd",
            "https://",
            "https://tulip:rose@example.org/",
            "https://tulip@example.org/",
            "https://example.org:0/",
            "https://example.org:99999/",
            "https://exa mple.org/",
            "tulip",
        ] {
            let problem = Target::read(text).unwrap_err();
            assert_eq!(problem.field.as_deref(), Some("callback_url"), "{text}");
            assert!(!format!("{problem:?}").contains("tulip"), "{text}");
        }
    }
}
