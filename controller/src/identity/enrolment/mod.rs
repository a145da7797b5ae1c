//! Which runners are part of the cluster: they join with a token, show a certificate from then on, and can be
//! removed. What is known of them is in the store, so that all controllers know it.

mod documents;
mod passes;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::joining::{JoinTokenRequest, NewJoinToken};
use protocol::tls::{Fingerprint, JOIN_PREFIX, JoinToken, to_pem};
use protocol::{Problem, ProblemKind, Secret};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use self::documents::{Known, Ticket};
use self::passes::Passes;
use super::audit::{self, Deed};
use super::authority::Authority;
use super::certificate::RunnerCertificate;
use crate::clock;
use crate::store::{Store, StoreError};

pub use self::passes::Pass;

/// How often is asked whether another controller has removed a runner.
const LOOK: Duration = Duration::from_secs(2);

/// How often all runners are looked at, whether one was removed or not: their certificates' time ends, too.
const LOOK_AT_ALL: Duration = Duration::from_secs(3600);

/// How often a change is tried that others come before.
const ATTEMPTS: u32 = 16;

/// The runners that may be part of the cluster.
pub struct Enrolment {
    store: Arc<dyn Store>,
    /// Who certifies runners; nobody where their door is not encrypted.
    authority: Option<Arc<Authority>>,
    /// The port of their door.
    port: u16,
    /// How long their certificates are valid.
    life: Duration,
    passes: Arc<Passes>,
}

impl Enrolment {
    /// The runners in this store, certified by this authority for so long, at the door with this port.
    pub fn new(store: Arc<dyn Store>, authority: Option<Arc<Authority>>, port: u16, life: Duration) -> Self {
        Self { store, authority, port, life, passes: Arc::default() }
    }

    /// Makes a token with which runners can join.
    ///
    /// # Errors
    /// The [`Problem`] with it.
    pub async fn new_token(&self, request: JoinTokenRequest) -> Result<NewJoinToken, Problem> {
        request.check()?;
        let authority = self.authority()?.fingerprint();
        let secret = new_secret();
        let expires_at = clock::now().checked_add(Duration::from_secs(request.ttl_seconds));
        let expires_at = expires_at.map_err(|_| Problem::invalid("ttl_seconds", "it is too long"))?;
        let ticket = Ticket { uses_left: request.uses };
        let key = Fingerprint::of(secret.expose().as_bytes()).hex();
        documents::put_ticket(&*self.store, &key, &ticket, expires_at).await.map_err(unavailable)?;
        let token = JoinToken { secret, authority }.text();
        Ok(NewJoinToken { token, port: self.port, expires_at })
    }

    /// Takes a runner in that has a token and no certificate, from this address. Returns its certificate as PEM.
    ///
    /// # Errors
    /// The [`Problem`] with it, to be told to the runner.
    pub async fn join(
        &self,
        token: &Secret,
        name: &str,
        request: &str,
        address: IpAddr,
    ) -> Result<String, Problem> {
        let certificate = self.take_in(token, name, request).await?;
        // Only now: strangers who try could fill the store.
        let deed = Deed { who: None, address, action: "runner_joined", subject: Some(name), done: true };
        audit::note(&*self.store, deed).await;
        Ok(certificate)
    }

    async fn take_in(&self, token: &Secret, name: &str, request: &str) -> Result<String, Problem> {
        self.authority()?;
        let key = Fingerprint::of(token.expose().as_bytes()).hex();
        // Whoever has no token learns nothing, not even which names there are.
        let found = documents::ticket(&*self.store, &key).await.map_err(unavailable)?;
        found.filter(|(ticket, _)| ticket.uses_left > 0).ok_or_else(no_token)?;
        check_name(name)?;
        let (pem, certificate) = self.certify(name, request)?;
        let known = documents::known(&*self.store, name).await.map_err(unavailable)?;
        // The same key may come twice: the answer to the first time may have been lost.
        if known.as_ref().is_some_and(|(known, _)| !known.has(&certificate.key, clock::now())) {
            let detail = format!(
                "there is a runner called {name} in this cluster: give this one another --name, or take the other \
                 out with `cli runner remove {name}`"
            );
            return Err(Problem::new(ProblemKind::Conflict, detail).at("name"));
        }
        self.use_up(&key).await?;
        let version = known.as_ref().map(|(_, version)| *version);
        let known = known.map_or_else(Known::default, |(known, _)| known).with(&certificate, clock::now());
        match documents::put_known(&*self.store, name, &known, version).await.map_err(unavailable)? {
            true => {
                tracing::info!(runner = name, key = %certificate.key, "a runner has become part of the cluster");
                Ok(pem)
            }
            false => Err(busy()),
        }
    }

    /// One runner fewer may join with this token.
    async fn use_up(&self, key: &str) -> Result<(), Problem> {
        for _ in 0..ATTEMPTS {
            let found = documents::ticket(&*self.store, key).await.map_err(unavailable)?;
            let (ticket, version) = found.filter(|(ticket, _)| ticket.uses_left > 0).ok_or_else(no_token)?;
            let left = Ticket { uses_left: ticket.uses_left - 1 };
            if documents::change_ticket(&*self.store, key, &left, version).await.map_err(unavailable)? {
                return Ok(());
            }
        }
        Err(busy())
    }

    /// Certifies a new key of a runner that is part of the cluster. Returns the certificate as PEM.
    ///
    /// # Errors
    /// The [`Problem`] with it, to be told to the runner.
    pub async fn renew(&self, shown: &RunnerCertificate, request: &str) -> Result<String, Problem> {
        let (pem, certificate) = self.certify(&shown.name, request)?;
        for _ in 0..ATTEMPTS {
            let known = documents::known(&*self.store, &shown.name).await.map_err(unavailable)?;
            let (known, version) = known.ok_or_else(|| removed(&shown.name))?;
            if !known.has(&shown.key, clock::now()) {
                return Err(removed(&shown.name));
            }
            let known = known.with(&certificate, clock::now());
            let put = documents::put_known(&*self.store, &shown.name, &known, Some(version)).await;
            if put.map_err(unavailable)? {
                return Ok(pem);
            }
        }
        Err(busy())
    }

    /// Lets a runner in that has shown this certificate, until it is removed.
    ///
    /// # Errors
    /// The [`Problem`] with it, to be told to the runner.
    pub async fn admit(&self, shown: &RunnerCertificate) -> Result<Pass, Problem> {
        // First the pass, then the look: a removal in between finds it.
        let pass = Passes::add(&self.passes, &shown.name, shown.key);
        match self.is_part(&shown.name, &shown.key).await.map_err(unavailable)? {
            true => Ok(pass),
            false => Err(removed(&shown.name)),
        }
    }

    async fn is_part(&self, name: &str, key: &Fingerprint) -> Result<bool, StoreError> {
        let known = documents::known(&*self.store, name).await?;
        Ok(known.is_some_and(|(known, _)| known.has(key, clock::now())))
    }

    /// Takes a runner's right away to be part of the cluster, and cuts its links: at this controller at once, at
    /// others within [`LOOK`].
    ///
    /// # Errors
    /// The [`Problem`] with it.
    pub async fn remove(&self, name: &str) -> Result<(), Problem> {
        let was = documents::forget(&*self.store, name).await.map_err(unavailable)?;
        // Even where there was none: an earlier removal may have come no further.
        documents::tell_of_removal(&*self.store).await.map_err(unavailable)?;
        self.look_at_all().await.map_err(unavailable)?;
        if was {
            tracing::info!(runner = name, "a runner has been removed");
            return Ok(());
        }
        let detail = match self.authority {
            Some(_) => format!("no runner called {name:?} has joined this cluster"),
            None => "this cluster's runners have not joined it with tokens, so none can be removed: their door is \
                     not encrypted; `cli runner drain` lets one leave"
                .to_owned(),
        };
        Err(Problem::new(ProblemKind::NotFound, detail).at("runner"))
    }

    /// Cuts the links of runners that are not part of the cluster any more.
    async fn look_at_all(&self) -> Result<(), StoreError> {
        for (name, key) in self.passes.all() {
            if !self.is_part(&name, &key).await? {
                self.passes.revoke(&name, &key);
            }
        }
        Ok(())
    }

    /// Notices what other controllers have removed, until told to stop.
    pub async fn watch(self: Arc<Self>, stop: CancellationToken) {
        if self.authority.is_none() {
            return;
        }
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut seen, mut looked) = (None, Instant::now());
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stop.cancelled() => return,
            }
            let look = async {
                let last = documents::last_removal(&*self.store).await?;
                if last != seen || looked.elapsed() >= LOOK_AT_ALL {
                    self.look_at_all().await?;
                    (seen, looked) = (last, Instant::now());
                }
                Ok::<(), StoreError>(())
            };
            if let Err(error) = look.await {
                tracing::warn!(%error, "it is not known whether runners were removed");
            }
        }
    }

    /// A runner's certificate, as PEM and read.
    fn certify(&self, name: &str, request: &str) -> Result<(String, RunnerCertificate), Problem> {
        let certificate = self.authority()?.runner(name, request, self.life);
        let certificate = certificate.map_err(|error| Problem::invalid("request", error.to_string()))?;
        let read = RunnerCertificate::read(&certificate);
        let read = read.ok_or_else(|| Problem::new(ProblemKind::Internal, "a certificate came out wrong"))?;
        Ok((to_pem(&certificate), read))
    }

    fn authority(&self) -> Result<&Authority, Problem> {
        self.authority.as_deref().ok_or_else(|| {
            let detail = "the runners' door of this controller is not encrypted, so runners need no token: \
                          `runner start --controller HOST:PORT` is enough";
            Problem::new(ProblemKind::Conflict, detail)
        })
    }
}

/// 256 bits that nobody can guess.
fn new_secret() -> Secret {
    let bytes: [u8; 32] = rand::random();
    Secret::from(format!("{JOIN_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// The names that runners may have: what a file and a certificate can hold.
fn check_name(name: &str) -> Result<(), Problem> {
    let possible = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    match starts_well && name.len() <= 40 && name.chars().all(possible) {
        true => Ok(()),
        false => Err(Problem::invalid("name", "a name has 1 to 40 letters, digits, '-', '_' or '.'")),
    }
}

/// One text for all that may be wrong with it.
fn no_token() -> Problem {
    let detail = "this join token is not valid here: its time is over, it was used up, or it is another cluster's; \
                  `cli runner token` makes a new one";
    Problem::invalid("token", detail)
}

/// What a runner is told that is not part of the cluster any more.
pub fn removed(name: &str) -> Problem {
    let detail = format!(
        "runner {name} is not part of this cluster any more: `cli runner token` on a client, then `runner join` on \
         this host, make it so again"
    );
    Problem::new(ProblemKind::Conflict, detail)
}

fn busy() -> Problem {
    let detail = "others have changed the same at the same time: try again";
    Problem::new(ProblemKind::Conflict, detail).retry_after(1)
}

fn unavailable(error: StoreError) -> Problem {
    tracing::error!(%error, "the store failed");
    Problem::new(ProblemKind::Internal, "the controller's store failed: try again").retry_after(2)
}
