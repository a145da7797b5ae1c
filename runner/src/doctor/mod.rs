//! `runner doctor`: looks at everything a runner needs of its host, and names for whatever is missing the
//! command that mends it. Each file here is about one subject: it reads what the host says and interprets that
//! apart from the reading. The last one starts a sandbox.
//!
//! It works beside a running runner, under a name of its own, and takes everything away again that it makes.

mod cgroups;
mod confinement;
mod diagnosis;
mod engine;
mod finding;
mod host;
mod kernel;
mod render;
mod toolchains;
mod trial;
mod waiting;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use self::confinement::Confinement;
use self::engine::Services;
pub use self::finding::{Finding, Report, State};
use self::waiting::watched;
use crate::config::{Config, ConfigError, DoctorArgs, HostFacts};
use crate::docker::{self, Engine};
use crate::images::{self, ImageStatus, Recipes, RecipesError};
use crate::languages::{self, Language, LanguagesError};
use crate::node::install_agent;
use crate::sandbox::SandboxHost;
use crate::sandbox::cgroup::{self, CgroupError, CgroupRoot, Place};
use crate::sandbox::docker::DockerClient;
use crate::telemetry::HostProbe;

/// Why the doctor could not look.
#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A languages file, the runner's own or one of the operator's.
    #[error(transparent)]
    Languages(#[from] LanguagesError),
    /// A Dockerfile of the operator's.
    #[error(transparent)]
    Recipes(#[from] RecipesError),
    /// The host's load cannot be read.
    #[error("the host's memory and processors cannot be read: {0}")]
    Host(String),
    /// What was found cannot be printed.
    #[error("the findings cannot be printed: {0}")]
    Output(#[from] io::Error),
    /// The process cannot be told to stop.
    #[error("signals cannot be handled: {0}")]
    Signals(io::Error),
    /// SIGTERM or Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

/// Looks at this host and prints what it finds. Returns whether nothing is missing.
///
/// # Errors
/// [`DoctorError`]; not for what is wrong with the host, which is a finding.
pub async fn command(args: DoctorArgs) -> Result<bool, DoctorError> {
    let json = args.json;
    let probe = HostProbe::new().map_err(|error| DoctorError::Host(error.to_string()))?;
    let facts = HostFacts { name: format!("doctor-{}", std::process::id()), cpus: probe.cpus() };
    let config = Config { name: facts.name.clone(), ..Config::load(args.into(), &facts)? };
    let mut terminate = signal(SignalKind::terminate()).map_err(DoctorError::Signals)?;
    let mut examination = Examination::new(config, Printer { live: !json })?;
    let outcome = tokio::select! {
        outcome = examination.run(&probe) => outcome,
        _ = tokio::signal::ctrl_c() => Err(DoctorError::Interrupted),
        _ = terminate.recv() => Err(DoctorError::Interrupted),
    };
    examination.clean_up().await;
    outcome?;
    let report = Report::new(examination.findings);
    let mut out = io::stdout().lock();
    match json {
        true => writeln!(out, "{}", serde_json::to_string(&report).map_err(io::Error::from)?)?,
        false => out.write_all(render::summary(&report, colours()).as_bytes())?,
    }
    Ok(report.ok)
}

fn colours() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// Shows findings as they come, unless they are for a program.
#[derive(Debug, Clone, Copy)]
struct Printer {
    live: bool,
}

impl Printer {
    fn show(self, findings: &[Finding]) -> io::Result<()> {
        if !self.live {
            return Ok(());
        }
        let colours = colours();
        let text: String = findings.iter().map(|finding| render::finding(finding, colours)).collect();
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }
}

/// An examination in its course, and what it has made on this host.
struct Examination {
    config: Config,
    printer: Printer,
    findings: Vec<Finding>,
    languages: Vec<Language>,
    recipes: Recipes,
    docker: DockerClient,
    cgroups: Option<CgroupRoot>,
    confinement: Confinement,
    /// Folders of its own, the outer ones first; those that were there before are not among them.
    made: Vec<PathBuf>,
}

impl Examination {
    fn new(config: Config, printer: Printer) -> Result<Self, DoctorError> {
        let mut languages = languages::load(config.languages_dir.as_deref())?;
        let recipes = Recipes::load(config.languages_dir.as_deref())?;
        if let Some(wanted) = &config.languages {
            languages.retain(|language| wanted.contains(&language.id));
        }
        let docker = DockerClient::new(config.docker.clone());
        let (findings, confinement) = (Vec::new(), Confinement::Absent);
        Ok(Self {
            config,
            printer,
            findings,
            languages,
            recipes,
            docker,
            cgroups: None,
            confinement,
            made: Vec::new(),
        })
    }

    async fn run(&mut self, probe: &HostProbe) -> Result<(), DoctorError> {
        let engine = watched("Docker", self.engine()).await?;
        let place = watched("control groups", self.groups()).await?;
        let is_v2 = matches!(place, Some(Place::Delegated(_) | Place::TopLevel(_)));
        self.note(kernel::findings(&kernel::Kernel::of_this_host(is_v2)))?;
        self.confinement()?;
        self.host(probe, engine.as_ref())?;
        let images = watched("images", self.images(engine.is_some())).await?;
        watched("a sandbox", self.trial(engine.is_some(), images.as_deref())).await
    }

    /// Takes note of findings, and shows them.
    fn note(&mut self, findings: Vec<Finding>) -> Result<(), DoctorError> {
        self.printer.show(&findings)?;
        self.findings.extend(findings);
        Ok(())
    }

    async fn engine(&mut self) -> Result<Option<Engine>, DoctorError> {
        let services = Services::of_this_host();
        let (findings, engine) = match docker::describe(self.config.docker.as_deref()).await {
            Ok(engine) => (engine::findings(&engine, self.config.runtime.as_deref(), services), Some(engine)),
            Err(error) => (vec![engine::unreachable(&error, services)], None),
        };
        self.note(findings)?;
        Ok(engine)
    }

    async fn groups(&mut self) -> Result<Option<Place>, DoctorError> {
        let survey = match cgroup::survey() {
            Ok(survey) => survey,
            Err(error) => {
                self.note(vec![cgroups::unreadable(&error)])?;
                self.note(cgroups::skipped())?;
                return Ok(None);
            }
        };
        self.note(cgroups::places(&survey))?;
        if !survey.missing.is_empty() {
            self.note(cgroups::skipped())?;
            return Ok(Some(survey.place));
        }
        let tried = self.try_group().await;
        let swaps = fs::read_to_string("/proc/swaps").unwrap_or_default();
        self.note(cgroups::group(&tried, &swaps))?;
        Ok(Some(survey.place))
    }

    async fn try_group(&mut self) -> Result<cgroup::Abilities, CgroupError> {
        let root = self.cgroups.insert(CgroupRoot::open(&self.config.name)?);
        let tried = cgroups::try_group(root).await;
        if tried.is_err()
            && let Some(root) = self.cgroups.take()
        {
            root.close().await;
        }
        tried
    }

    fn confinement(&mut self) -> Result<(), DoctorError> {
        self.confinement = Confinement::try_out(&format!("ruche-{}", self.config.name));
        let apparmor = confinement::apparmor(&self.confinement, confinement::restricts_namespaces());
        self.note(vec![apparmor, confinement::selinux(confinement::selinux_enforces())])
    }

    fn host(&mut self, probe: &HostProbe, engine: Option<&Engine>) -> Result<(), DoctorError> {
        let jobs = self.config.max_jobs;
        let job_memory = self.config.default_limits.memory_bytes;
        let run_dir = self.config.run_dir.as_path();
        let disk = match engine {
            Some(Engine { root, .. }) => {
                host::images_disk(root, root.exists().then(|| host::free(root)).flatten())
            }
            None => Finding::skipped("docker's disk", "Docker"),
        };
        self.note(vec![
            host::size(probe.cpus(), probe.memory_bytes(), jobs, job_memory),
            disk,
            host::run_disk(run_dir, host::free(run_dir)),
        ])
    }

    async fn images(&mut self, has_docker: bool) -> Result<Option<Vec<ImageStatus>>, DoctorError> {
        if !has_docker {
            self.note(vec![Finding::skipped("image", "Docker")])?;
            return Ok(None);
        }
        let docker = self.docker.get().await;
        let listed = match docker {
            Ok(docker) => images::list(docker, &self.recipes).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match listed {
            Ok(images) => {
                self.note(toolchains::findings(&images, &self.languages))?;
                Ok(Some(images))
            }
            Err(error) => {
                self.note(vec![Finding::missing("image", error, "docker images")])?;
                Ok(None)
            }
        }
    }

    async fn trial(&mut self, has_docker: bool, images: Option<&[ImageStatus]>) -> Result<(), DoctorError> {
        let image = images.and_then(toolchains::for_trial);
        let (image, cgroups) = match (has_docker, self.cgroups.clone(), image) {
            (false, ..) => return self.note(trial::skipped("Docker")),
            (_, None, _) => return self.note(trial::skipped("control groups")),
            (_, _, None) => return self.note(trial::skipped("an image")),
            (true, Some(cgroups), Some(image)) => (image.to_owned(), cgroups),
        };
        let facts = diagnosis::Facts {
            apparmor: self.confinement.profile().is_some(),
            restricts_namespaces: confinement::restricts_namespaces(),
            selinux: confinement::selinux_enforces() == Some(true),
        };
        let findings = match self.sandboxes(cgroups) {
            Ok(host) => trial::run(Arc::new(host), &image, &facts).await,
            Err(error) => trial::no_folder(&error.to_string()),
        };
        self.note(findings)
    }

    /// What sandboxes need, as a runner has it.
    fn sandboxes(&mut self, cgroups: CgroupRoot) -> Result<SandboxHost, crate::node::NodeError> {
        let folder = self.folder();
        self.made = folder.ancestors().take_while(|folder| !folder.exists()).map(Path::to_path_buf).collect();
        let agent = install_agent(&folder)?;
        Ok(SandboxHost {
            runner: self.config.name.clone(),
            docker: DockerClient::new(self.config.docker.clone()),
            cgroups,
            agent,
            sockets: folder.join("sandboxes"),
            cpus: self.config.cpus_per_job,
            disk_bytes: self.config.maximum_limits.disk_bytes,
            runtime: self.config.runtime.clone(),
            apparmor: self.confinement.profile(),
        })
    }

    fn folder(&self) -> PathBuf {
        self.config.run_dir.join(&self.config.name)
    }

    /// Takes away whatever it has made, however far it came.
    async fn clean_up(&self) {
        if !self.made.is_empty() {
            if let Err(error) = self.docker.remove_all(&self.config.name).await {
                tracing::error!(%error, "a sandbox container may be left behind");
            }
            trial::gone(&self.folder().join("sandboxes")).await;
        }
        if let Some(cgroups) = &self.cgroups {
            cgroups.close().await;
        }
        self.confinement.undo();
        for folder in &self.made {
            // The first is its own; those around it stay if somebody else has moved in.
            let _ =
                if *folder == self.folder() { fs::remove_dir_all(folder) } else { fs::remove_dir(folder) };
        }
    }
}
