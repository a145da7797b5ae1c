//! Why a command could not be carried out. What people read about it is in [`messages`](crate::messages).

use std::io;
use std::path::PathBuf;

use protocol::archive::ArchiveError;
use protocol::tls::TlsFailure;
use protocol::{JobId, Problem, ProblemKind};

use crate::exit::Exit;
use crate::settings::Master;

/// Anything that ends a command before its time.
#[derive(Debug)]
pub enum Failure {
    /// The process itself cannot start.
    Startup(io::Error),
    /// The configuration file cannot be read, or says what it cannot say.
    Config(PathBuf, String),
    /// What was asked for and given, or not.
    Input(&'static str),
    /// A file that the program left cannot be written, or the folder for it.
    NotWritten(PathBuf, io::Error),
    /// A file of the program, or its input.
    File(PathBuf, FileFault),
    /// The `--main` that is none of the files.
    MainNotSent(PathBuf),
    /// A folder or an archive beside something else.
    Mixed(PathBuf),
    /// A folder without a file that could be sent.
    NoFiles(PathBuf),
    /// A folder with more files than can be sent.
    TooManyFiles(PathBuf),
    /// An archive that cannot be taken.
    Archive(PathBuf, ArchiveError),
    /// The files do not tell their language.
    UnknownExtension(PathBuf, Vec<String>),
    /// The files tell several languages, each by so many of them.
    SeveralLanguages(Vec<(String, usize)>),
    /// A folder without tests.
    NoTests(PathBuf),
    /// A test's input without what is expected.
    NoAnswer(PathBuf),
    /// A report that cannot be written.
    Report(PathBuf, io::Error),
    /// What is to be sent does not fit a frame.
    RequestTooLong,
    /// No connection to the controller.
    Unreachable(Master, Unreachable),
    /// No connection to any of several controllers.
    NoneAnswers(Vec<Failure>),
    /// Nothing is known of a controller on another machine.
    NotLoggedIn(Master),
    /// The connection cannot be encrypted, or not to whom it should be.
    Tls(Master, TlsFailure),
    /// What answers there is no controller.
    NotRuche(Master, Stranger),
    /// The controller speaks another version.
    Incompatible(Master, Problem),
    /// The controller broke the protocol.
    Protocol(Master, String),
    /// The connection ended, or nothing was heard for too long.
    Lost(Master, io::Error),
    /// The connection was lost and, when it was back, the cluster had stopped the job.
    LostAndStopped(JobId),
    /// The connection was lost and, when it was back, the controller did not know the job.
    LostAndForgotten(JobId),
    /// The controller refused the request.
    Refused(Problem),
    /// Standard output cannot be written.
    Output(io::Error),
}

/// What is wrong with a file.
#[derive(Debug)]
pub enum FileFault {
    /// There is none.
    Missing,
    /// It is a folder.
    Folder,
    /// It is none.
    NoFolder,
    /// It has more bytes than can be sent.
    TooLarge(u64),
    /// What is in it has more bytes together than can be sent.
    TooLargeTogether {
        /// All of them.
        all: u64,
        /// The file that has the most of them.
        largest: PathBuf,
        /// How many that has.
        size: u64,
    },
    /// Its name is not UTF-8.
    Name,
    /// It cannot be read.
    Unreadable(io::Error),
}

/// Why there is no connection.
#[derive(Debug)]
pub enum Unreachable {
    /// The host's name has no address.
    Unresolved,
    /// It does not take the connection.
    Failed(io::Error),
    /// It does not answer.
    TimedOut,
}

/// Who answers in place of a controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stranger {
    /// An HTTP server.
    Http,
    /// Somebody who says something else.
    Other,
    /// Somebody who closes the connection without a word.
    HungUp,
    /// Somebody who keeps it open and says nothing.
    Mute,
}

impl Failure {
    /// What the command ends with.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Startup(_) => Exit::INTERNAL,
            Self::Config(..)
            | Self::Input(_)
            | Self::NotWritten(..)
            | Self::File(..)
            | Self::MainNotSent(_)
            | Self::Mixed(_)
            | Self::NoFiles(_)
            | Self::TooManyFiles(_)
            | Self::Archive(..)
            | Self::NoTests(_)
            | Self::NoAnswer(_)
            | Self::Report(..) => Exit::USAGE,
            Self::UnknownExtension(..) | Self::SeveralLanguages(_) | Self::RequestTooLong => Exit::REFUSED,
            Self::Refused(problem) if problem.kind == ProblemKind::Internal => Exit::INTERNAL,
            Self::Refused(_) => Exit::REFUSED,
            Self::Output(_) => Exit::BROKEN_PIPE,
            Self::Unreachable(..)
            | Self::NoneAnswers(_)
            | Self::NotLoggedIn(_)
            | Self::Tls(..)
            | Self::NotRuche(..)
            | Self::Incompatible(..)
            | Self::Protocol(..)
            | Self::Lost(..)
            | Self::LostAndStopped(_)
            | Self::LostAndForgotten(_) => Exit::NO_CONNECTION,
        }
    }
}
