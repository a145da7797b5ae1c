//! Whether a connection is encrypted, and whose certificate the controller has to show.

use std::net::IpAddr;
use std::path::Path;
use std::{fs, io};

use protocol::tls::{self, Certificate, Fingerprint, Trust};

use crate::clusters::Cluster;
use crate::failure::Failure;
use crate::messages;
use crate::settings::Master;

/// The file with the certificate of a cluster's authority.
pub const AUTHORITY: &str = "ca.pem";

/// How bytes get to a controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carriage {
    /// As they are.
    Plain,
    /// So that nobody else can read them.
    Encrypted(Trust),
}

/// What decides about it, beside what was kept of a cluster.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wishes {
    /// The fingerprint of the authority, where the user has said it.
    pub pin: Option<Fingerprint>,
    /// Whether the user wants to talk to another machine in plain.
    pub insecure: bool,
}

/// How to get to a controller, by what is wished and what is known of it.
pub fn carriage(
    master: &Master,
    known: Option<Certificate<'static>>,
    wishes: Wishes,
) -> Result<Carriage, Failure> {
    match (wishes.pin, known) {
        (Some(pin), _) => Ok(Carriage::Encrypted(Trust::Pinned(pin))),
        (None, Some(authority)) => Ok(Carriage::Encrypted(Trust::Known(authority))),
        (None, None) if wishes.insecure || is_this_machine(master) => Ok(Carriage::Plain),
        (None, None) => Err(Failure::NotLoggedIn(master.clone())),
    }
}

/// The authority that is kept of a cluster, if one is.
///
/// # Errors
/// Where the file is there and of no use.
pub fn known(cluster: &Cluster) -> Result<Option<Certificate<'static>>, Failure> {
    match read(&cluster.path(AUTHORITY)) {
        Err(Failure::File(_, crate::failure::FileFault::Missing)) => Ok(None),
        result => result.map(Some),
    }
}

/// The certificate in a file.
///
/// # Errors
/// Where there is none.
pub fn read(path: &Path) -> Result<Certificate<'static>, Failure> {
    let text = fs::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::File(path.to_owned(), crate::failure::FileFault::Missing),
        _ => Failure::Config(path.to_owned(), error.kind().to_string()),
    })?;
    tls::from_pem(&text).ok_or_else(|| Failure::Config(path.to_owned(), messages::NO_CERTIFICATE.to_owned()))
}

/// Whether this is the machine that the user is at, so that nobody is in between.
pub fn is_this_machine(master: &Master) -> bool {
    master.host.eq_ignore_ascii_case("localhost")
        || master.host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_to_another_machine_in_plain_unless_that_is_wished() {
        let lab: Master = "lab".parse().unwrap();
        let of = |master: &Master, known: Option<&str>, wishes| {
            carriage(master, known.map(|text| Certificate::from(text.as_bytes().to_vec())), wishes).ok()
        };
        assert_eq!(of(&lab, None, Wishes::default()), None);
        assert_eq!(of(&lab, None, Wishes { insecure: true, pin: None }), Some(Carriage::Plain));
        for here in ["127.0.0.1:9000", "::1", "localhost", "127.3.2.1"] {
            assert_eq!(of(&here.parse().unwrap(), None, Wishes::default()), Some(Carriage::Plain), "{here}");
        }
        let known = Trust::Known(Certificate::from(b"ca".to_vec()));
        let pin = Fingerprint::of(b"other");
        for master in [lab, Master::default()] {
            for insecure in [false, true] {
                let found = of(&master, Some("ca"), Wishes { insecure, pin: None });
                assert_eq!(found, Some(Carriage::Encrypted(known.clone())), "what is known is not forgotten");
                let found = of(&master, Some("ca"), Wishes { insecure, pin: Some(pin) });
                assert_eq!(found, Some(Carriage::Encrypted(Trust::Pinned(pin))));
            }
        }
    }
}
