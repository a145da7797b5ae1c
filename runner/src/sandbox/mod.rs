//! A sandbox: a long-lived container without privilege, its agent, and the boxes in it. One job at a time uses
//! it, and each step of a job gets a box of its own.

pub mod agent;
mod alone;
pub mod apparmor;
pub mod cgroup;
pub mod collect;
pub mod docker;
pub mod seccomp;
pub mod spare;
pub mod step;
pub mod verdict;

use std::collections::VecDeque;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::agent::message::{BoxId, Command, End, Reply};
use bytes::Bytes;
use protocol::Limits;

use self::agent::{AgentError, AgentLink, AgentListener};
use self::cgroup::{CgroupError, CgroupRoot, Leaf};
use self::docker::{ContainerPlan, DockerClient, DockerError};
use self::spare::{Ahead, Spare, Stage};

/// How long the agent may take over what is done in milliseconds before the sandbox is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// The size of a box's file systems until its job says otherwise.
const DISK_BYTES: u64 = 64 * 1024 * 1024;

/// Why a sandbox is of no more use.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Docker's.
    #[error(transparent)]
    Docker(#[from] DockerError),
    /// The agent's.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// A control group's.
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
    /// The socket for the agent could not be made.
    #[error("{path}: {source}")]
    Socket {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A box could not be made or used.
    #[error("the sandbox failed to {stage}: {}", nix::errno::Errno::from_raw(*errno))]
    Box {
        /// What was tried.
        stage: String,
        /// The kernel's error number.
        errno: i32,
    },
    /// Another one could not be started a moment ago.
    #[error("no sandbox can be started: {0}")]
    Unready(String),
    /// A program has left something that the next one could find.
    #[error("sockets of a program outlive it")]
    Spoilt,
    /// The agent did not do in seconds what takes milliseconds.
    #[error("the sandbox hangs")]
    Stuck,
}

/// What all sandboxes of a runner have in common.
#[derive(Debug)]
pub struct SandboxHost {
    /// The runner's name.
    pub runner: String,
    /// Docker.
    pub docker: DockerClient,
    /// Where boxes get their control groups.
    pub cgroups: CgroupRoot,
    /// The agent's binary, as Docker sees it.
    pub agent: PathBuf,
    /// Where each sandbox gets a folder for its socket.
    pub sockets: PathBuf,
    /// How many processors a box may keep busy.
    pub cpus: f64,
    /// The most that files of one box may take, in bytes.
    pub disk_bytes: u64,
    /// The container runtime, where it is not Docker's default.
    pub runtime: Option<String>,
    /// The AppArmor profile, where the host has AppArmor.
    pub apparmor: Option<String>,
}

impl SandboxHost {
    /// All that decides how strong a sandbox of these images is on this host, but for the agent.
    ///
    /// # Errors
    /// Where Docker does not answer.
    pub async fn make(&self, images: impl Iterator<Item = &str>) -> Result<Vec<Vec<u8>>, DockerError> {
        let kernel = std::fs::read("/proc/version").unwrap_or_default();
        let settings = format!("{} {}", self.cgroups.version(), self.cpus);
        let container = docker::make(self.runtime.as_deref(), self.apparmor.as_deref(), self.disk_bytes);
        let engine = self.docker.version().await?;
        let mut parts = vec![kernel, apparmor::PROFILE.as_bytes().to_vec()];
        parts.extend([settings, container, engine].map(String::into_bytes));
        let images: std::collections::BTreeSet<&str> = images.collect();
        for image in images {
            parts.push(self.docker.image_id(image).await?.into_bytes());
        }
        Ok(parts)
    }
}

/// A running container and its agent. Dropped, it is removed in the background.
#[derive(Debug)]
pub struct Sandbox {
    host: Arc<SandboxHost>,
    container: String,
    folder: PathBuf,
    agent: AgentLink,
    serial: String,
    next_box: BoxId,
    spare: Option<Spare>,
    /// Groups of boxes that are gone, for those to come, the oldest first: the kernel takes a moment to be done.
    leaves: VecDeque<Leaf>,
    /// What the agent is to be told together with what comes next.
    queued: Vec<Command>,
    used: Vec<BoxHandle>,
    /// Boxes that have been of use.
    discarded: Vec<BoxHandle>,
    /// Boxes that the agent was told to take away.
    leaving: Vec<BoxHandle>,
    /// Whether a program has left something that the next one could find.
    is_spoilt: bool,
    /// A program that may be started ahead, and when it was last of use.
    of_use: Option<(Ahead, Instant)>,
    /// Since when no job uses it.
    idle_since: Instant,
}

/// A box: its name at the agent, and its control group.
#[derive(Debug)]
pub struct BoxHandle {
    id: BoxId,
    leaf: Leaf,
    /// What the program that was started in it waits for; nothing where none was.
    input: Option<Vec<u8>>,
    /// Whether its program has ended and left nothing but what goes with the box.
    is_over: bool,
}

impl Sandbox {
    /// Starts a container of this image and waits until a box stands ready in it.
    ///
    /// # Errors
    /// [`SandboxError`]; nothing is left behind then.
    pub async fn start(host: Arc<SandboxHost>, image: &str) -> Result<Self, SandboxError> {
        let serial = format!("{:08x}", rand::random::<u32>());
        let folder = host.sockets.join(&serial);
        let socket = folder.join("agent.sock");
        let failed = |source| SandboxError::Socket { path: socket.clone(), source };
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let listener = AgentListener::bind(&socket).map_err(failed)?;
        let name = format!("ruche-{}-{serial}", host.runner);
        let plan = ContainerPlan {
            runner: &host.runner,
            name: &name,
            image,
            agent: &host.agent,
            socket_folder: folder.clone(),
            disk_bytes: host.disk_bytes,
            runtime: host.runtime.as_deref(),
            apparmor: host.apparmor.as_deref(),
        };
        if let Err(error) = host.docker.start(&plan).await {
            remove_folder(&folder);
            return Err(error.into());
        }
        let agent = match listener.accept().await {
            Ok(agent) => agent,
            Err(error) => {
                host.docker.remove(&name).await;
                remove_folder(&folder);
                return Err(error.into());
            }
        };
        let mut sandbox = Self {
            host,
            container: name,
            folder,
            agent,
            serial,
            next_box: 0,
            spare: None,
            leaves: VecDeque::new(),
            queued: Vec::new(),
            used: Vec::new(),
            discarded: Vec::new(),
            leaving: Vec::new(),
            is_spoilt: false,
            of_use: None,
            idle_since: Instant::now(),
        };
        sandbox.turn_over().await?;
        sandbox.await_spare().await?;
        Ok(sandbox)
    }

    /// Whether its agent is still there; asked while no job uses it.
    pub fn is_alive(&mut self) -> bool {
        self.agent.is_alive()
    }

    /// Asks for the next box, unless there is one already, and has the discarded ones taken away. Both is done while
    /// other things go on.
    ///
    /// # Errors
    /// [`SandboxError`].
    async fn turn_over(&mut self) -> Result<(), SandboxError> {
        let mut commands = Vec::new();
        let mut doors: Arc<[File]> = [].into();
        if self.spare.is_none() {
            let (command, its_doors) = self.next_box()?;
            commands.push(command);
            doors = its_doors;
        }
        commands.extend(self.discarded.iter().map(|handle| Command::Destroy { id: handle.id }));
        self.leaving.append(&mut self.discarded);
        Ok(self.agent.send(&commands, &doors).await?)
    }

    /// Takes a box into use, with these limits, and with files that are put into it before a program starts.
    ///
    /// # Errors
    /// [`SandboxError`]; `ENOSPC` where the files do not fit.
    pub async fn open_box(
        &mut self,
        limits: &Limits,
        files: &[(String, Bytes)],
    ) -> Result<BoxId, SandboxError> {
        self.catch_up()?;
        self.want_plain_spare()?;
        self.open(limits, files, None).await
    }

    /// Likewise, for a step that this program does with these arguments: if one waits in the spare box, running
    /// the step means to give it its arguments. Without arguments it is not to be used this time.
    ///
    /// # Errors
    /// [`SandboxError`]; `ENOSPC` where the files do not fit.
    pub async fn open_box_ahead(
        &mut self,
        limits: &Limits,
        files: &[(String, Bytes)],
        ahead: Ahead,
        arguments: Option<&[String]>,
    ) -> Result<BoxId, SandboxError> {
        self.catch_up()?;
        match self.input_if_warm(limits, ahead, arguments) {
            Some(input) => self.open(limits, files, Some(input)).await,
            None => self.open_box(limits, files).await,
        }
    }

    /// Puts all files of one box, whose program has ended, into another one, before a program starts there.
    pub fn copy(&mut self, from: BoxId, to: BoxId) {
        self.queued.push(Command::Copy { from, to });
    }

    /// A box has been of use before its job is over: it goes, and with it the memory that its files are, as soon as
    /// the next program runs.
    pub fn discard(&mut self, id: BoxId) {
        if let Some(index) = self.used.iter().position(|handle| handle.id == id) {
            self.discarded.push(self.used.swap_remove(index));
        }
    }

    /// Takes all used boxes away and makes sure that the next one stands ready.
    ///
    /// # Errors
    /// [`SandboxError`]: it cannot be used again.
    pub async fn tidy(&mut self) -> Result<(), SandboxError> {
        self.queued.clear();
        self.discarded.append(&mut self.used);
        self.turn_over().await?;
        if self.is_spoilt {
            return Err(SandboxError::Spoilt);
        }
        self.see_off().await?;
        self.idle_since = Instant::now();
        self.await_spare().await
    }

    /// Takes note of how a program in a box in use has ended, and whether it left nothing behind.
    fn note_end(&mut self, id: BoxId, end: End, clean: bool) {
        if let Some(handle) = self.used.iter_mut().find(|handle| handle.id == id) {
            handle.is_over = clean;
        }
        // Where the box was killed, that turns out when it is gone.
        self.is_spoilt |= !clean && end != End::Killed;
    }

    /// The control group of a box in use.
    fn leaf(&self, id: BoxId) -> Option<&Leaf> {
        self.used.iter().find(|handle| handle.id == id).map(|handle| &handle.leaf)
    }

    /// A box to be made, as the spare one: the command, and the descriptors that go with it.
    fn next_box(&mut self) -> Result<(Command, Arc<[File]>), SandboxError> {
        let id = self.next_box;
        self.next_box += 1;
        let leaf = match self.renewed_leaf() {
            Some(leaf) => leaf,
            None => self.host.cgroups.leaf(&format!("{}-{id}", self.serial))?,
        };
        let doors = leaf.doors();
        self.spare =
            Some(Spare { handle: BoxHandle { id, leaf, input: None, is_over: false }, stage: Stage::Making });
        let doors = doors?;
        let cgroups = doors.len() as u8;
        let command = Command::Prepare { id, hostname: "box".to_owned(), disk_bytes: DISK_BYTES, cgroups };
        Ok((command, doors))
    }

    /// The group of a box that is gone, as good as new. Those that cannot be that are removed.
    fn renewed_leaf(&mut self) -> Option<Leaf> {
        while let Some(leaf) = self.leaves.pop_front() {
            match leaf.renew() {
                Ok(leaf) => return Some(leaf),
                Err(leaf) => remove_in_background(leaf),
            }
        }
        None
    }

    /// Takes the spare box into use. `input` is for the program in it, if there is one.
    async fn open(
        &mut self,
        limits: &Limits,
        files: &[(String, Bytes)],
        input: Option<Vec<u8>>,
    ) -> Result<BoxId, SandboxError> {
        if self.is_spoilt {
            return Err(SandboxError::Spoilt);
        }
        if self.spare.is_none() || self.discarded.iter().any(|handle| !handle.is_over) {
            self.turn_over().await?;
        }
        self.see_off().await?;
        self.await_spare().await?;
        let Some(Spare { mut handle, .. }) = self.spare.take() else { return Err(SandboxError::Stuck) };
        let id = handle.id;
        handle.leaf.limit(limits, self.host.cpus)?;
        // The init of a box in which something runs waits for its end, and the size is right already.
        if input.is_none() && limits.disk_bytes != DISK_BYTES {
            self.queued.push(Command::Resize { id, disk_bytes: limits.disk_bytes });
        }
        self.used.push(BoxHandle { input, ..handle });
        self.queued.extend(files.iter().flat_map(|(path, content)| write_commands(id, path, false, content)));
        Ok(id)
    }

    /// Waits until boxes are gone that may leave something behind. The others are only their inits by now, for which
    /// nobody has to wait: the kernel takes its time over them.
    async fn see_off(&mut self) -> Result<(), SandboxError> {
        while self.leaving.iter().any(|handle| !handle.is_over) {
            let reply = self.receive().await?;
            self.note(reply)?;
        }
        Ok(())
    }

    async fn await_spare(&mut self) -> Result<(), SandboxError> {
        while self.spare.as_ref().is_some_and(|spare| spare.stage == Stage::Making) {
            let reply = self.receive().await?;
            self.note(reply)?;
        }
        Ok(())
    }

    /// The next reply, within the time that anything but a program may take.
    async fn receive(&mut self) -> Result<Reply, SandboxError> {
        let reply = tokio::time::timeout(PATIENCE, self.agent.receive()).await;
        Ok(reply.map_err(|_| SandboxError::Stuck)??)
    }

    /// Takes note of a reply that is not about a running program.
    fn note(&mut self, reply: Reply) -> Result<(), SandboxError> {
        match (reply, &mut self.spare) {
            (Reply::Destroyed { clean: false, .. }, _) => Err(SandboxError::Spoilt),
            (Reply::Destroyed { id, .. }, _) => {
                if let Some(index) = self.leaving.iter().position(|handle| handle.id == id) {
                    let leaf = self.leaving.swap_remove(index).leaf;
                    match leaf.may_serve_again() {
                        true => self.leaves.push_back(leaf),
                        false => remove_in_background(leaf),
                    }
                }
                Ok(())
            }
            (reply, Some(spare)) if reply.id() == Some(spare.handle.id) => spare.note(reply),
            // A box in use fails its step, which has ended; one that leaves does not matter any more.
            _ => Ok(()),
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let host = Arc::clone(&self.host);
        let container = std::mem::take(&mut self.container);
        let folder = std::mem::take(&mut self.folder);
        let spare = self.spare.take().map(|spare| spare.handle);
        let boxes = self.used.drain(..).chain(self.discarded.drain(..)).chain(self.leaving.drain(..));
        let mut leaves: Vec<Leaf> = boxes.chain(spare).map(|handle| handle.leaf).collect();
        leaves.extend(self.leaves.drain(..));
        tokio::spawn(async move {
            host.docker.remove(&container).await;
            for leaf in leaves {
                leaf.kill();
                leaf.remove().await;
            }
            remove_folder(&folder);
        });
    }
}

/// The kernel takes a moment to let go of a group.
fn remove_in_background(leaf: Leaf) {
    tokio::spawn(leaf.remove());
}

/// A file in pieces that fit the agent's messages.
fn write_commands(id: BoxId, path: &str, executable: bool, content: &Bytes) -> Vec<Command> {
    let write = |append, data: &[u8]| Command::Write {
        id,
        path: path.to_owned(),
        append,
        executable,
        data: data.to_vec(),
    };
    if content.is_empty() {
        return vec![write(false, &[])];
    }
    let pieces = content.chunks(::agent::message::MAX_DATA).enumerate();
    pieces.map(|(index, piece)| write(index > 0, piece)).collect()
}

fn remove_folder(folder: &std::path::Path) {
    // The runner's end may have been quicker.
    if let Err(error) = std::fs::remove_dir_all(folder)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(folder = %folder.display(), %error, "a sandbox's socket folder cannot be removed");
    }
}
