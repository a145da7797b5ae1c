//! `cli login`: gets to know a cluster's certificate authority.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::Path;
use std::time::Duration;

use protocol::tls::{self, Certificate, Fingerprint, TlsFailure, Trust};
use tokio::time::timeout;

use super::Address;
use crate::args::LoginArgs;
use crate::clusters::Cluster;
use crate::dial::{Wire, dial};
use crate::exit::Exit;
use crate::failure::{Failure, Unreachable};
use crate::settings::{Account, Master};
use crate::trust::{self, AUTHORITY, Carriage};
use crate::{messages, terminal};

/// How long the controller may take to show its certificate.
const PATIENCE: Duration = Duration::from_secs(10);

/// Gets to know a controller, and says so.
pub async fn login(address: &Address, args: LoginArgs) -> Result<Exit, Failure> {
    let masters = address.masters()?;
    let master = args.controller.or_else(|| masters.iter().next().cloned()).unwrap_or_default();
    terminal::say(&match get_to_know(&address.account, &master, args.ca_file.as_deref()).await? {
        Some(authority) => messages::trusted(&master, &authority),
        None => messages::nothing_to_know(&master),
    });
    Ok(Exit::OK)
}

/// Shows a controller's authority, asks whether it is the right one where nobody has said so, and keeps it. Nothing is
/// to be known of a controller on this machine that does not encrypt.
pub async fn get_to_know(
    account: &Account,
    master: &Master,
    ca_file: Option<&Path>,
) -> Result<Option<Fingerprint>, Failure> {
    let cluster = account.cluster(master).ok_or(Failure::NoConfigFolder)?;
    let authority = match (ca_file, account.wishes.pin, trust::known(&cluster)?) {
        (Some(file), ..) => {
            let authority = trust::read(file)?;
            look(master, Trust::Known(authority.clone())).await?;
            authority
        }
        (None, Some(pin), _) => pinned(master, pin).await?,
        (None, None, Some(known)) => {
            look(master, Trust::Known(known.clone())).await?;
            known
        }
        (None, None, None) => match ask(master).await {
            Err(Failure::Tls(_, TlsFailure::NotEncrypted)) if trust::is_this_machine(master) => {
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
    if !io::stdin().is_terminal() {
        return Err(Failure::Tls(master.clone(), TlsFailure::Unknown { shown: print }));
    }
    terminal::say(&messages::is_it_right(master, &print));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(Failure::Input)?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => pinned(master, print).await,
        _ => Err(Failure::Tls(master.clone(), TlsFailure::Unknown { shown: print })),
    }
}

fn keep(cluster: &Cluster, authority: &Certificate<'static>) -> Result<(), Failure> {
    let kept = cluster.keep(AUTHORITY, &tls::to_pem(authority));
    kept.map_err(|error| Failure::Config(cluster.path(AUTHORITY), error.kind().to_string()))
}
