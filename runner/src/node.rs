//! The runner as a whole: what it offers, how it is doing, and the supervisor that keeps both up to date.

mod gate;
mod offers;

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use protocol::runner::{FEATURES, HeldAttempt, LanguageOffer, Registration, Telemetry};
use protocol::{JobSpec, RunnerId, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::gate::{Offers, SelftestError};

use self::gate::Gate;
use self::offers::Works;
use crate::config::Config;
use crate::images::{self, Recipes, RecipesError};
use crate::languages::{Language, LanguagesError};
use crate::link::attempts::Attempts;
use crate::membership::{Credentials, Encryption, MembershipError};
use crate::pool::Pool;
use crate::sandbox::apparmor;
use crate::sandbox::cgroup::{CgroupError, CgroupRoot};
use crate::sandbox::docker::DockerClient;
use crate::sandbox::{SandboxError, SandboxHost};
use crate::telemetry::{HostLoad, HostProbe, PERIOD, unavailable};
use crate::worker::{NotOffered, Toolchain, Workshop};

/// The agent, for the containers to run.
const AGENT: &[u8] = include_bytes!(env!("AGENT_BINARY"));

/// Why the runner cannot start.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// A file or folder of its own cannot be made.
    #[error("{path}: {source}; run as root, or name another folder with --run-dir")]
    RunDir {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another runner of this name runs on this host.
    #[error("another runner called {0} runs on this host: stop it, or give this one another --name")]
    NameTaken(String),
    /// What `runner join` has left.
    #[error(transparent)]
    Membership(#[from] MembershipError),
    /// The host's control groups.
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
    /// A languages file, the runner's own or one of the operator's.
    #[error(transparent)]
    Languages(#[from] LanguagesError),
    /// A Dockerfile of the operator's.
    #[error(transparent)]
    Recipes(#[from] RecipesError),
    /// A language was asked for that there is none of.
    #[error("languages: there is no {asked:?}; there are {known}")]
    UnknownLanguage {
        /// What was asked for.
        asked: String,
        /// What there is.
        known: String,
    },
}

/// A runner.
#[derive(Debug)]
pub struct Node {
    /// What it was told.
    pub config: Config,
    /// This life of it.
    pub id: RunnerId,
    started_at: Timestamp,
    /// Jobs in work.
    pub jobs: TaskTracker,
    /// Their attempts, until their ends are recorded.
    pub attempts: Arc<Attempts>,
    /// What it shows to controllers, where this host has joined their cluster.
    credentials: Option<Credentials>,
    /// A controller has told it to leave.
    dismissed: CancellationToken,
    sandboxes: Arc<SandboxHost>,
    pool: Arc<Pool>,
    slots: Arc<Semaphore>,
    languages: Vec<Arc<Language>>,
    recipes: Recipes,
    /// What works on this host, offered or not.
    works: watch::Sender<Works>,
    gate: watch::Sender<Gate>,
    /// The ids of the images whose sandboxes were tested last, by name.
    tested: watch::Sender<BTreeMap<String, String>>,
    offers: watch::Sender<Arc<Offers>>,
    /// Why no job can be run, if so; nothing until that is known.
    health: watch::Sender<Option<Result<(), String>>>,
    telemetry: watch::Sender<Option<Telemetry>>,
    draining: AtomicBool,
    host: (u32, u64),
    /// Held as long as the runner lives: one of a name on a host.
    _lock: Flock<File>,
}

impl Node {
    /// Prepares everything that needs no Docker.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn new(config: Config, probe: &HostProbe) -> Result<Arc<Self>, NodeError> {
        let languages = allowed_languages(&config)?;
        let folder = config.run_dir.join(&config.name);
        let lock = lock(&config)?;
        let credentials = Credentials::load(&config.state_dir, &config.name)?;
        let agent = install_agent(&folder)?;
        let sandboxes = Arc::new(SandboxHost {
            runner: config.name.clone(),
            docker: DockerClient::new(config.docker.clone()),
            cgroups: CgroupRoot::open(&config.name)?,
            agent,
            sockets: folder.join("sandboxes"),
            cpus: config.cpus_per_job,
            disk_bytes: config.maximum_limits.disk_bytes,
            runtime: config.runtime.clone(),
            apparmor: apparmor::confine(),
        });
        tracing::info!(cgroups = sandboxes.cgroups.version(), jobs = config.max_jobs, "runner starts");
        Ok(Arc::new(Self {
            id: RunnerId::random(),
            started_at: Timestamp::now(),
            jobs: TaskTracker::new(),
            attempts: Arc::default(),
            credentials,
            dismissed: CancellationToken::new(),
            pool: Pool::new(Arc::clone(&sandboxes), config.pool),
            sandboxes,
            slots: Arc::new(Semaphore::new(config.max_jobs as usize)),
            languages,
            recipes: Recipes::load(config.languages_dir.as_deref())?,
            works: watch::Sender::default(),
            gate: watch::Sender::default(),
            tested: watch::Sender::default(),
            offers: watch::Sender::default(),
            health: watch::Sender::default(),
            telemetry: watch::Sender::default(),
            draining: AtomicBool::new(false),
            host: (probe.cpus() as u32, probe.memory_bytes()),
            _lock: lock,
            config,
        }))
    }

    /// What it shows to controllers, where this host has joined their cluster.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// How links are encrypted; nothing where they are not.
    pub fn encryption(&self) -> Option<Encryption> {
        self.credentials().map(Credentials::config)
    }

    /// What it offers; changes when images come or Docker comes back.
    pub fn offers(&self) -> watch::Receiver<Arc<Offers>> {
        self.offers.subscribe()
    }

    /// How it is doing; nothing until it is known.
    pub fn telemetry(&self) -> watch::Receiver<Option<Telemetry>> {
        self.telemetry.subscribe()
    }

    /// How it introduces itself.
    pub fn registration(&self, held: Vec<HeldAttempt>) -> Registration {
        let offers = Arc::clone(&self.offers.borrow());
        Registration {
            id: self.id,
            name: self.config.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            languages: offers.languages.clone(),
            max_jobs: self.config.max_jobs,
            cpus: self.host.0,
            memory_bytes: self.host.1,
            selftest: offers.selftest.clone(),
            started_at: Some(self.started_at),
            labels: self.config.labels.clone(),
            features: FEATURES.map(str::to_owned).into(),
            held,
        }
    }

    /// Takes a slot for a job.
    ///
    /// # Errors
    /// The reason why not, for people.
    pub fn admit(&self, spec: &JobSpec) -> Result<(Workshop, OwnedSemaphorePermit), String> {
        if self.draining.load(Ordering::Relaxed) {
            return Err("this runner is leaving".to_owned());
        }
        if let Some(reason) = self.telemetry.borrow().as_ref().and_then(|now| now.unavailable.clone()) {
            return Err(reason);
        }
        let own = self.offered(&spec.language)?;
        let others = spec.judges().map(|judge| self.offered(&judge.language).map(toolchain));
        let others: Result<_, String> = others.collect();
        let workshop = Workshop { others: others?, ..self.workshop(own) };
        let slot = Arc::clone(&self.slots).try_acquire_owned();
        let slot = slot.map_err(|_| format!("all {} slots are busy", self.config.max_jobs))?;
        Ok((workshop, slot))
    }

    /// What programs in a language are run as, where that is offered.
    fn offered(&self, language: &str) -> Result<&Arc<Language>, String> {
        let offered = self.offers.borrow().languages.iter().any(|offer| offer.id == language);
        let found = self.languages.iter().find(|own| offered && own.id == language);
        found.ok_or_else(|| NotOffered(language.to_owned()).to_string())
    }

    fn workshop(&self, language: &Arc<Language>) -> Workshop {
        Workshop {
            pool: Arc::clone(&self.pool),
            own: toolchain(language),
            others: Vec::new(),
            slots: Arc::clone(&self.slots),
            default_limits: self.config.default_limits,
            maximum_limits: self.config.maximum_limits,
            cpus: self.config.cpus_per_job,
            artifacts: self.config.artifacts,
            gestures: Arc::default(),
        }
    }

    /// It is to leave, as if it had got SIGTERM.
    pub fn dismiss(&self) {
        self.dismissed.cancel();
    }

    /// Tells when it is to leave.
    pub fn dismissed(&self) -> &CancellationToken {
        &self.dismissed
    }

    /// From now on it finishes what it runs and takes nothing new.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.telemetry.send_modify(|telemetry| {
            if let Some(telemetry) = telemetry {
                telemetry.draining = true;
            }
        });
    }

    /// Looks once at what works here.
    ///
    /// # Errors
    /// Why nothing does, where nothing does.
    pub async fn look(&self) -> Result<(), String> {
        offers::look(self).await
    }

    /// Keeps offers, sandboxes and telemetry up to date until told to stop.
    pub async fn supervise(self: Arc<Self>, probe: HostProbe, stop: CancellationToken) {
        tokio::select! {
            () = offers::keep(&self) => {}
            () = gate::keep(&self) => {}
            () = self.report(probe) => {}
            () = stop.cancelled() => {}
        }
    }

    /// Reports the telemetry once a second, and at once when there are news of what can be run.
    async fn report(&self, mut probe: HostProbe) {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut health = self.health.subscribe();
        loop {
            let known = health.borrow_and_update().clone();
            if let Some(known) = known {
                self.publish(probe.read(), known.err().as_deref());
            }
            tokio::select! {
                _ = ticks.tick() => {}
                _ = health.changed() => {}
            }
        }
    }

    /// Takes away everything that it has made on this host.
    pub async fn clean_up(&self) {
        self.pool.close().await;
        if let Err(error) = self.sandboxes.docker.remove_all(&self.config.name).await {
            tracing::warn!(%error, "sandbox containers may be left behind; the next start removes them");
        }
        self.sandboxes.cgroups.close().await;
        let folder = self.config.run_dir.join(&self.config.name);
        if let Err(error) = fs::remove_dir_all(&folder) {
            tracing::warn!(folder = %folder.display(), %error, "a folder is left behind");
        }
    }

    fn publish(&self, load: HostLoad, problem: Option<&str>) {
        let ready = self.pool.ready();
        let offered = self.offers.borrow();
        let warm = self
            .languages
            .iter()
            .filter(|language| offered.languages.iter().any(|offer| offer.id == language.id));
        let warm = warm.map(|language| {
            let count = ready.get(&images::tag(&language.image)).copied().unwrap_or(0);
            (language.id.clone(), count)
        });
        let warm: BTreeMap<String, u32> = warm.collect();
        drop(offered);
        self.telemetry.send_replace(Some(Telemetry {
            cpu_percent: load.cpu_percent,
            memory_percent: load.memory_percent,
            load: load.load,
            active_jobs: self.config.max_jobs.saturating_sub(self.slots.available_permits() as u32),
            active_containers: self.pool.containers(),
            warm,
            unavailable: unavailable(&load, &self.config.thresholds, problem),
            draining: self.draining.load(Ordering::Relaxed),
        }));
    }

    /// The offer of a language whose toolchain, in a sandbox, can say its version.
    ///
    /// # Errors
    /// Why it does not, for people.
    async fn check(&self, language: &Language) -> Result<LanguageOffer, String> {
        let version = self.version(language).await.map_err(|error| error.to_string())?;
        Ok(LanguageOffer {
            id: language.id.clone(),
            name: language.name.clone(),
            aliases: language.aliases.clone(),
            extensions: language.extensions.clone(),
            version,
            default_limits: self.config.default_limits,
            maximum_limits: self.config.maximum_limits,
        })
    }

    /// The first line that the toolchain says of its version.
    async fn version(&self, language: &Language) -> Result<Option<String>, SandboxError> {
        let mut lease = self.pool.take(&images::tag(&language.image)).await?;
        let limits = language.run_limits(&language.compile_limits(&self.config.default_limits));
        let (_, said) = lease.sandbox()?.run_alone(&language.version, limits, &[]).await?;
        lease.give_back();
        Ok(images::first_line(&String::from_utf8_lossy(&said)))
    }
}

fn toolchain(language: &Arc<Language>) -> Toolchain {
    Toolchain { language: Arc::clone(language), image: images::tag(&language.image) }
}

fn allowed_languages(config: &Config) -> Result<Vec<Arc<Language>>, NodeError> {
    let all = crate::languages::load(config.languages_dir.as_deref())?;
    let Some(asked) = &config.languages else { return Ok(all.into_iter().map(Arc::new).collect()) };
    if let Some(asked) = asked.iter().find(|asked| !all.iter().any(|language| language.id == **asked)) {
        let known = all.iter().map(|language| language.id.as_str()).collect::<Vec<_>>().join(", ");
        return Err(NodeError::UnknownLanguage { asked: asked.clone(), known });
    }
    Ok(all.into_iter().filter(|language| asked.contains(&language.id)).map(Arc::new).collect())
}

/// The lock on the name. It goes with the process, however that ends.
fn lock(config: &Config) -> Result<Flock<File>, NodeError> {
    let path = config.run_dir.join(format!("{}.lock", config.name));
    let failed = |source| NodeError::RunDir { path: path.clone(), source };
    fs::create_dir_all(&config.run_dir).map_err(failed)?;
    let file = File::create(&path).map_err(failed)?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|_| NodeError::NameTaken(config.name.clone()))
}

/// Puts the agent where containers get it from, in a folder that is nobody else's business.
pub(crate) fn install_agent(folder: &Path) -> Result<PathBuf, NodeError> {
    let path = folder.join("agent");
    let failed = |source| NodeError::RunDir { path: path.clone(), source };
    // What an earlier life left.
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    fs::create_dir_all(folder).map_err(failed)?;
    fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(failed)?;
    let mut file = File::create(&path).map_err(failed)?;
    file.write_all(AGENT).map_err(failed)?;
    fs::set_permissions(&path, Permissions::from_mode(0o755)).map_err(failed)?;
    Ok(path)
}

/// How long the runner waits for jobs that it had to stop.
pub const CANCEL_GRACE: Duration = Duration::from_secs(15);

/// How long it waits, once nothing runs any more, for controllers to say that they have recorded how it ended.
pub const CONFIRM_GRACE: Duration = Duration::from_secs(10);
