//! The runner's end of the socket to the agent in a sandbox container. What comes from there is untrusted:
//! a program that broke out of its box would speak with the agent's voice.

use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use agent::message::{Command, MAX_REPLY, Reply, SANDBOX_UID, decode, encode};
use tokio::io::Interest;
use tokio::net::{UnixListener, UnixStream};

/// How long a container may take from its start to its agent's first word.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// Why an agent cannot be talked to.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The socket failed or was closed: the container is gone.
    #[error("the sandbox's agent is gone: {0}")]
    Gone(#[from] io::Error),
    /// It did not come up.
    #[error("the sandbox's agent did not answer within {} s", START_TIMEOUT.as_secs())]
    Silent,
    /// It said what it cannot have to say.
    #[error("the sandbox's agent broke the protocol")]
    Protocol,
}

/// A socket on which an agent is awaited.
#[derive(Debug)]
pub struct AgentListener(UnixListener);

impl AgentListener {
    /// Listens at a path, which the sandbox's user may connect to.
    ///
    /// # Errors
    /// Where the socket cannot be made.
    pub fn bind(path: &Path) -> io::Result<Self> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // The kernel shows programs the name that was bound, which through a descriptor tells nothing of this host.
        let folder = File::open(path.parent().unwrap_or(path))?;
        let name = path.file_name().unwrap_or_default();
        let anonymous = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
        let listener = UnixListener::bind(anonymous)?;
        std::fs::set_permissions(path, Permissions::from_mode(0o666))?;
        Ok(Self(listener))
    }

    /// Waits for the agent and its first word. Takes the first caller and no other.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn accept(self) -> Result<AgentLink, AgentError> {
        let hello = async {
            let (stream, _) = self.0.accept().await?;
            if stream.peer_cred()?.uid() != SANDBOX_UID {
                return Err(AgentError::Protocol);
            }
            let mut link = AgentLink { stream, inbox: Vec::new() };
            match link.receive().await? {
                Reply::Hello => Ok(link),
                _ => Err(AgentError::Protocol),
            }
        };
        tokio::time::timeout(START_TIMEOUT, hello).await.unwrap_or(Err(AgentError::Silent))
    }
}

/// The connection to one agent.
#[derive(Debug)]
pub struct AgentLink {
    stream: UnixStream,
    inbox: Vec<u8>,
}

impl AgentLink {
    /// Sends commands, and with the first byte of them descriptors.
    ///
    /// # Errors
    /// Where the agent is gone.
    pub async fn send(&mut self, commands: &[Command], descriptors: &[File]) -> Result<(), AgentError> {
        let mut bytes = Vec::new();
        commands.iter().for_each(|command| encode(command, &mut bytes));
        let numbers: Vec<i32> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
        let mut sent = 0;
        while let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty()) {
            let numbers = if sent == 0 { numbers.as_slice() } else { &[] };
            let attempt = || agent::socket::send(&self.stream, rest, numbers).map_err(io::Error::from);
            sent += self.stream.async_io(Interest::WRITABLE, attempt).await?;
        }
        Ok(())
    }

    /// Sends commands that are short enough to go at once, to an agent that has nothing else to read.
    ///
    /// # Errors
    /// Where the agent is gone, or reads so little that they did not go whole.
    pub fn send_now(&mut self, commands: &[Command], descriptors: &[File]) -> Result<(), AgentError> {
        let mut bytes = Vec::new();
        commands.iter().for_each(|command| encode(command, &mut bytes));
        let numbers: Vec<i32> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
        let sent = agent::socket::send(&self.stream, &bytes, &numbers).map_err(io::Error::from)?;
        if sent == bytes.len() { Ok(()) } else { Err(io::Error::from(io::ErrorKind::WriteZero).into()) }
    }

    /// Waits for the next reply. Nothing is lost when this is dropped before it is done.
    ///
    /// # Errors
    /// Where the agent is gone or says what is no reply.
    pub async fn receive(&mut self) -> Result<Reply, AgentError> {
        loop {
            if let Some(reply) = self.receive_now()? {
                return Ok(reply);
            }
            self.stream.readable().await?;
        }
    }

    /// The next reply, where it is here already.
    ///
    /// # Errors
    /// Where the agent is gone or says what is no reply.
    pub fn receive_now(&mut self) -> Result<Option<Reply>, AgentError> {
        loop {
            if let Some((reply, length)) = decode(&self.inbox, MAX_REPLY).map_err(|_| AgentError::Protocol)? {
                self.inbox.drain(..length);
                return Ok(Some(reply));
            }
            self.inbox.reserve(MAX_REPLY);
            match self.stream.try_read_buf(&mut self.inbox) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether the agent is still there; asked while nothing is expected of it.
    pub fn is_alive(&mut self) -> bool {
        let mut byte = [0; 1];
        let peek = nix::sys::socket::recv(
            self.stream.as_raw_fd(),
            &mut byte,
            nix::sys::socket::MsgFlags::MSG_PEEK | nix::sys::socket::MsgFlags::MSG_DONTWAIT,
        );
        !matches!(peek, Ok(0)) && !matches!(peek, Err(errno) if errno != nix::errno::Errno::EAGAIN)
    }
}
