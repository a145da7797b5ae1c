//! What the runner and the agent say to each other: postcard, each message after its length as a
//! little-endian `u32`. Both ends are built together, so there are no versions.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The user and group that the container and everything in it runs as.
pub const SANDBOX_UID: u32 = 10001;

/// Where the agent finds the runner's socket, inside the container.
pub const SOCKET_PATH: &str = "/ruche/agent.sock";

/// The folder of [`SOCKET_PATH`], hidden from programs.
pub const SOCKET_FOLDER: &str = "/ruche";

/// The folder that a program is started in, its files around it.
pub const BOX_FOLDER: &str = "/box";

/// The longest message from the runner: a step's arguments and environment have to fit.
pub const MAX_COMMAND: usize = 8 * 1024 * 1024;

/// The longest message from the agent.
pub const MAX_REPLY: usize = 256 * 1024;

/// The most data in one message.
pub const MAX_DATA: usize = 64 * 1024;

/// The longest path of a file that is collected, in bytes.
pub const MAX_PATH: usize = 255;

/// The most standard input that may be on its way into a box without an [`Reply::StdinTaken`].
pub const STDIN_WINDOW: usize = 256 * 1024;

/// A box, named by the runner. Names are not used again during the life of a container.
pub type BoxId = u32;

/// From the runner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Make a box. As many descriptors as `cgroups` says come with the message: write-only `cgroup.procs`
    /// files that the box has to be moved into. Answered by [`Reply::Ready`].
    Prepare {
        /// The new box.
        id: BoxId,
        /// Its host name.
        hostname: String,
        /// The size of its file systems together, in bytes.
        disk_bytes: u64,
        /// How many descriptors come with the message.
        cgroups: u8,
    },
    /// Change the size of the box's file systems.
    Resize {
        /// The box.
        id: BoxId,
        /// Its new size, in bytes.
        disk_bytes: u64,
    },
    /// Put a file into the box, or more at the end of one.
    Write {
        /// The box.
        id: BoxId,
        /// Where, relative to the program's folder; folders on the way are made.
        path: String,
        /// Whether this goes behind what is there, rather than starting the file.
        append: bool,
        /// Whether it may be executed, where this starts the file.
        executable: bool,
        /// What.
        #[serde(with = "serde_bytes")]
        data: Vec<u8>,
    },
    /// Put all files of a box, whose program has ended, into another one.
    Copy {
        /// The box to read.
        from: BoxId,
        /// The box to write.
        to: BoxId,
    },
    /// Send the files of a box, whose program has ended, that match one of these patterns. Answered by [`Reply::File`] for
    /// each, in the order of their paths, and [`Reply::Collected`] in the end.
    Collect {
        /// The box.
        id: BoxId,
        /// Patterns of their paths.
        patterns: Vec<String>,
        /// How many files at most.
        most_files: u32,
        /// How many bytes of them together at most.
        most_bytes: u64,
        /// A box whose files are not wanted where they are the same here.
        unlike: Option<BoxId>,
    },
    /// Start the program. Answered by [`Reply::Output`] as it writes and [`Reply::Ended`] in the end.
    Start {
        /// The box.
        id: BoxId,
        /// The program.
        program: Program,
    },
    /// More standard input. No more than [`STDIN_WINDOW`] may be on its way.
    Stdin {
        /// The box.
        id: BoxId,
        /// What.
        #[serde(with = "serde_bytes")]
        data: Vec<u8>,
    },
    /// Standard input has ended.
    StdinEnd {
        /// The box.
        id: BoxId,
    },
    /// Send the program that runs in the box a signal, or what stands in the foreground of its terminal.
    Signal {
        /// The box.
        id: BoxId,
        /// Which signal.
        signal: Signal,
    },
    /// The program's terminal has another size now.
    Window {
        /// The box.
        id: BoxId,
        /// Its size.
        window: Window,
    },
    /// Kill everything in the box. [`Reply::Ended`] follows where a program was running.
    Kill {
        /// The box.
        id: BoxId,
    },
    /// Kill everything in the box and forget it. Answered by [`Reply::Destroyed`].
    Destroy {
        /// The box.
        id: BoxId,
    },
}

/// A program to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Its name and arguments. A name without `/` is looked for where toolchains are installed.
    pub argv: Vec<String>,
    /// Its environment, as `NAME=value`.
    pub env: Vec<String>,
    /// Whether standard input follows; it is empty otherwise.
    pub stdin: bool,
    /// The size of the terminal that its input and outputs are, where it has one.
    pub terminal: Option<Window>,
    /// The kernel's limits on each process.
    pub rlimits: Rlimits,
}

/// The size of a terminal, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// From top to bottom.
    pub rows: u16,
    /// From left to right.
    pub columns: u16,
}

/// The signals that a program may be sent. There are no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they are signal(7)'s")]
pub enum Signal {
    Hup,
    Int,
    Quit,
    Usr1,
    Usr2,
    Term,
}

/// Limits on each single process, as backstops and for what cgroups do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rlimits {
    /// Processor time, in seconds.
    pub cpu_seconds: u64,
    /// Size of a file, in bytes.
    pub file_bytes: u64,
    /// Stack of the first thread, in bytes.
    pub stack_bytes: u64,
    /// Open descriptors.
    pub open_files: u64,
}

/// From the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// The agent is up.
    Hello,
    /// The box is made and its processes are in their cgroups.
    Ready {
        /// The box.
        id: BoxId,
    },
    /// A command failed; the box is of no more use, and is to be destroyed.
    Failed {
        /// The box.
        id: BoxId,
        /// What was tried, in a word or two.
        stage: String,
        /// The kernel's error number.
        errno: i32,
    },
    /// The program wrote something.
    Output {
        /// The box.
        id: BoxId,
        /// Whether to standard error.
        stderr: bool,
        /// What.
        #[serde(with = "serde_bytes")]
        data: Vec<u8>,
    },
    /// The program read some of its standard input, or will never read it.
    StdinTaken {
        /// The box.
        id: BoxId,
        /// How much, in bytes.
        bytes: u32,
    },
    /// The program has ended, nothing of it is left, and all its output has been sent.
    Ended {
        /// The box.
        id: BoxId,
        /// How.
        end: End,
        /// How long it took, in microseconds.
        wall_us: u64,
        /// Whether the box's file systems were full at the end.
        disk_full: bool,
        /// Whether its sockets are gone, too: then nothing of the program is left but in the box. Not looked at where
        /// the whole box is being killed.
        clean: bool,
    },
    /// A file that was left in the box, or the next piece of it.
    File {
        /// The box.
        id: BoxId,
        /// Where it is, relative to the program's folder.
        path: String,
        /// Whether it may be executed.
        executable: bool,
        /// What.
        #[serde(with = "serde_bytes")]
        data: Vec<u8>,
        /// Whether nothing more of it follows.
        end: bool,
    },
    /// All files that were to be collected have been sent.
    Collected {
        /// The box.
        id: BoxId,
        /// Whether there were more: over a limit, unreadable, or with names that cannot be said.
        left_out: bool,
        /// Whether there are folders with nothing in them, which the files do not tell of.
        empty_folders: bool,
    },
    /// The box's processes and files are gone.
    Destroyed {
        /// The box.
        id: BoxId,
        /// Whether its sockets are too. If not, the container is spoilt for other programs.
        clean: bool,
    },
}

impl Reply {
    /// The box that it is about.
    pub fn id(&self) -> Option<BoxId> {
        match self {
            Self::Hello => None,
            Self::Ready { id }
            | Self::Failed { id, .. }
            | Self::Output { id, .. }
            | Self::StdinTaken { id, .. }
            | Self::Ended { id, .. }
            | Self::File { id, .. }
            | Self::Collected { id, .. }
            | Self::Destroyed { id, .. } => Some(*id),
        }
    }
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// By itself, with this code.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// With its whole box: by order, or because the kernel wanted its memory back.
    Killed,
}

/// Bytes that are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// Appends a message to a buffer.
pub fn encode(message: &impl Serialize, into: &mut Vec<u8>) {
    let start = into.len();
    into.extend_from_slice(&[0; 4]);
    // Writing plain data to memory cannot fail; were it to, the length stays 0 and the reader refuses it.
    if let Ok(body) = postcard::to_extend(message, std::mem::take(into)) {
        *into = body;
    }
    let length = u32::try_from(into.len().saturating_sub(start + 4)).unwrap_or(0);
    if let Some(prefix) = into.get_mut(start..start + 4) {
        prefix.copy_from_slice(&length.to_le_bytes());
    }
}

/// Reads the message at the front of some bytes. Returns it with its full length, or nothing while it is
/// incomplete.
///
/// # Errors
/// Where the bytes cannot become a message of at most `most` bytes.
pub fn decode<T: DeserializeOwned>(from: &[u8], most: usize) -> Result<Option<(T, usize)>, Malformed> {
    let Some(prefix) = from.first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_le_bytes(*prefix) as usize;
    if length == 0 || length > most {
        return Err(Malformed);
    }
    let Some(body) = from.get(4..4 + length) else { return Ok(None) };
    let message = postcard::from_bytes(body).map_err(|_| Malformed)?;
    Ok(Some((message, 4 + length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_and_wait_for_their_last_byte() {
        let reply = Reply::Output { id: 3, stderr: true, data: b"hello".to_vec() };
        let mut bytes = Vec::new();
        encode(&reply, &mut bytes);
        encode(&Reply::Hello, &mut bytes);
        let (first, length) = decode::<Reply>(&bytes, MAX_REPLY).unwrap().unwrap();
        assert_eq!(first, reply);
        assert_eq!(decode::<Reply>(&bytes[..length - 1], MAX_REPLY), Ok(None));
        assert_eq!(decode::<Reply>(&bytes[length..], MAX_REPLY).unwrap().unwrap().0, Reply::Hello);
    }

    #[test]
    fn what_is_too_long_empty_or_garbage_is_refused() {
        assert_eq!(decode::<Reply>(&[0xff; 8], MAX_REPLY), Err(Malformed));
        assert_eq!(decode::<Reply>(&[0; 8], MAX_REPLY), Err(Malformed));
        assert_eq!(decode::<Reply>(&[1, 0, 0, 0, 0xee], MAX_REPLY), Err(Malformed));
    }
}
