//! The first part of `cli login`: gets to know a cluster's certificate authority.

use std::path::Path;
use std::time::Duration;

use protocol::tls::{self, Certificate, Fingerprint, TlsFailure, Trust};
use tokio::time::timeout;

use super::Address;
use crate::clusters::Cluster;
use crate::dial::{Wire, dial};
use crate::failure::{Failure, Unreachable};
use crate::messages::accounts::NO_FOLDER;
use crate::settings::{Account, Master};
use crate::trust::{self, AUTHORITY, Carriage};
use crate::{messages, terminal};

/// How long the controller may take to show its certificate.
const PATIENCE: Duration = Duration::from_secs(10);

/// Gets to know all controllers that a command is for, and says what is new.
pub async fn get_to_know_all(address: &Address, ca_file: Option<&Path>) -> Result<(), Failure> {
    for master in address.masters()?.iter() {
        if let Some(authority) = get_to_know(&address.account, master, ca_file).await? {
            terminal::say(&messages::trusted(master, &authority));
        }
    }
    Ok(())
}

/// Shows a controller's authority, asks whether it is the right one where nobody has said so, and keeps it. Returns one
/// that was not known before. Nothing is to be known where a controller does not encrypt and need not.
async fn get_to_know(
    account: &Account,
    master: &Master,
    ca_file: Option<&Path>,
) -> Result<Option<Fingerprint>, Failure> {
    let cluster = account.cluster(master).ok_or(Failure::Input(NO_FOLDER))?;
    let authority = match (ca_file, account.wishes.pin, trust::known(&cluster)?) {
        (Some(file), ..) => {
            let authority = trust::read(file)?;
            look(master, Trust::Known(authority.clone())).await?;
            authority
        }
        (None, Some(pin), _) => pinned(master, pin).await?,
        (None, None, Some(known)) => {
            look(master, Trust::Known(known)).await?;
            return Ok(None);
        }
        (None, None, None) => match ask(master).await {
            Err(Failure::Tls(_, TlsFailure::NotEncrypted)) if may_be_plain(account, master) => {
                return Ok(None);
            }
            asked => asked?,
        },
    };
    keep(&cluster, &authority)?;
    Ok(Some(Fingerprint::of(&authority)))
}

/// The certificates that the controller shows, if they are to be trusted.
async fn look(master: &Master, trust: Trust) -> Result<Vec<Certificate<'static>>, Failure> {
    let wire = timeout(PATIENCE, dial(master, Carriage::Encrypted(trust))).await;
    let Wire { shown, .. } =
        wire.unwrap_or_else(|_| Err(Failure::Unreachable(master.clone(), Unreachable::TimedOut)))?;
    Ok(shown)
}

async fn pinned(master: &Master, pin: Fingerprint) -> Result<Certificate<'static>, Failure> {
    let shown = look(master, Trust::Pinned(pin)).await?;
    let authority = shown.into_iter().find(|certificate| Fingerprint::of(certificate) == pin);
    authority.ok_or_else(|| Failure::Tls(master.clone(), TlsFailure::NotEncrypted))
}

/// Asks the person at the terminal whether the authority is the right one.
async fn ask(master: &Master) -> Result<Certificate<'static>, Failure> {
    let print = match look(master, Trust::Nobody).await {
        Err(Failure::Tls(_, TlsFailure::Unknown { shown })) => shown,
        Err(failure) => return Err(failure),
        Ok(_) => return Err(Failure::Tls(master.clone(), TlsFailure::NotEncrypted)),
    };
    if !terminal::somebody_types() {
        return Err(Failure::Tls(master.clone(), TlsFailure::Unknown { shown: print }));
    }
    let answer = terminal::ask(&messages::is_it_right(master, &print))?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => pinned(master, print).await,
        _ => Err(Failure::Tls(master.clone(), TlsFailure::Unknown { shown: print })),
    }
}

fn may_be_plain(account: &Account, master: &Master) -> bool {
    trust::is_this_machine(master) || account.wishes.insecure
}

fn keep(cluster: &Cluster, authority: &Certificate<'static>) -> Result<(), Failure> {
    let kept = cluster.keep(AUTHORITY, &tls::to_pem(authority));
    kept.map_err(|error| Failure::Config(cluster.path(AUTHORITY), error.kind().to_string()))
}
