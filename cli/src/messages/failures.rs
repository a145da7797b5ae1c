//! What people read when a command could not be carried out: what is wrong, and what to do.

use std::io;

use protocol::tls::TlsFailure;
use protocol::{MAX_FILES, Problem, ProblemKind};

use crate::failure::{Failure, FileFault, Stranger, Unreachable};
use crate::settings::Master;
use crate::source::MAX_FILE_BYTES;
use crate::units;

/// The failure in a line, or nothing where other programs say nothing either.
pub fn failure(failure: &Failure) -> Option<String> {
    Some(match failure {
        Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return None,
        Failure::Output(error) => format!("cannot write the output: {}", reason(error)),
        Failure::Startup(error) => format!("cannot start: {}", reason(error)),
        Failure::Config(path, why) => format!("{}: {why}", path.display()),
        Failure::Input(why) => (*why).to_owned(),
        Failure::NotWritten(path, error) => {
            format!("{}: cannot be written: {}", path.display(), reason(error))
        }
        Failure::File(path, fault) => format!("{}: {}", path.display(), file(fault)),
        Failure::MainNotSent(path) => {
            format!("{} is none of the files to send: add it to them", path.display())
        }
        Failure::UnknownExtension(path, languages) => {
            unknown_extension(&path.display().to_string(), languages)
        }
        Failure::SeveralLanguages(counts) => several_languages(counts),
        Failure::Mixed(path) => format!(
            "{}: give one folder, one archive, or files, and not several of these together",
            path.display()
        ),
        Failure::NoFiles(path) => {
            format!("{}: there is no file in this folder that could be sent", path.display())
        }
        Failure::TooManyFiles(path) => {
            format!(
                "{}: there are more files in this folder than the {MAX_FILES} that can be sent",
                path.display()
            )
        }
        Failure::Archive(path, error) => format!("{}: {error}", path.display()),
        Failure::NoTests(path) => format!(
            "{}: there are no tests in this folder: a test is a file NAME.in with NAME.out or NAME.ans beside it",
            path.display()
        ),
        Failure::NoAnswer(path) => format!(
            "{}: what is expected is missing: put it beside it, or judge by --checker FILE or --interactor FILE",
            path.display()
        ),
        Failure::Report(path, error) => format!("{}: cannot be written: {}", path.display(), reason(error)),
        Failure::RequestTooLong => "the arguments, variables and names are too long to send".to_owned(),
        Failure::Unreachable(master, why) => unreachable(master, why),
        Failure::NoneAnswers(failures) => {
            let failures = failures.iter().filter_map(self::failure);
            format!("none of the controllers can be used: {}", failures.collect::<Vec<_>>().join("; "))
        }
        Failure::NotLoggedIn(master) => format!(
            "nothing is known of the controller at {master}, so nothing is sent to it: `cli login {master}` gets to \
             know its certificate (--insecure talks to it in plain)"
        ),
        Failure::Tls(master, why) => tls(master, why),
        Failure::NotRuche(master, stranger) => not_ruche(master, *stranger),
        Failure::Incompatible(master, problem) => {
            format!("the controller at {master} is of another version than this program: {problem}")
        }
        Failure::Protocol(master, why) => format!("the controller at {master} broke the protocol: {why}"),
        Failure::Lost(master, error) => {
            format!("the connection to the controller at {master} was lost: {}", reason(error))
        }
        Failure::LostAndStopped(id) => {
            format!(
                "the connection to the controller was lost, and the cluster has stopped job {id} for that"
            )
        }
        Failure::LostAndForgotten(id) => {
            format!("the connection to the controller was lost, and it does not know job {id} any more")
        }
        Failure::Refused(problem) => refused(problem),
    })
}

/// An I/O error in a few words, without the system's number.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => return "the other end closed it".to_owned(),
        io::ErrorKind::TimedOut => return "nothing was heard for too long".to_owned(),
        _ => {}
    }
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((text, _)) => lower_first(text),
        None => text,
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

fn file(fault: &FileFault) -> String {
    match fault {
        FileFault::Missing => "there is no such file".to_owned(),
        FileFault::Folder => "this is a folder: give a file".to_owned(),
        FileFault::NoFolder => "this is no folder: give the one with the tests".to_owned(),
        FileFault::TooLarge(size) => {
            let most = units::bytes(MAX_FILE_BYTES);
            match *size > MAX_FILE_BYTES + 1 {
                true => format!("{} is too large to send: at most {most}", units::bytes(*size)),
                false => format!("too large to send: at most {most}"),
            }
        }
        FileFault::TooLargeTogether { all, largest, size } => format!(
            "its files are too large to send: {} together, and at most {}; the largest is {}, {}",
            units::bytes(*all),
            units::bytes(MAX_FILE_BYTES),
            largest.display(),
            units::bytes(*size)
        ),
        FileFault::Name => "a file that is sent needs a name in UTF-8".to_owned(),
        FileFault::Unreadable(error) => format!("cannot be read: {}", reason(error)),
    }
}

fn unknown_extension(path: &str, languages: &[String]) -> String {
    match languages {
        [] => format!("{path}: no runner offers a language yet; `cli status` shows the runners"),
        _ => format!("{path}: its name tells no known language: say --lang, one of {}", languages.join(", ")),
    }
}

fn several_languages(counts: &[(String, usize)]) -> String {
    let counts: Vec<String> = counts.iter().map(|(language, files)| format!("{language}: {files}")).collect();
    format!("the files are in several languages ({}): say --lang, or --main FILE", counts.join(", "))
}

fn unreachable(master: &Master, why: &Unreachable) -> String {
    match why {
        Unreachable::Unresolved => {
            format!(
                "there is no host named {:?}: give the controller's address with --master HOST:PORT",
                master.host
            )
        }
        Unreachable::Failed(error) => no_answer(master, &reason(error)),
        Unreachable::TimedOut => no_answer(master, "timed out"),
    }
}

fn no_answer(master: &Master, why: &str) -> String {
    format!(
        "no controller answers at {master} ({why}): is it running? give its address with --master HOST:PORT"
    )
}

fn tls(master: &Master, why: &TlsFailure) -> String {
    let advice = match why {
        TlsFailure::Unknown { shown } => {
            format!("; if it is, say: cli login {master} --ca-pin {shown}")
        }
        TlsFailure::Changed { shown, .. } => format!(
            "; somebody may be reading along. If the cluster really has a new authority, say: \
             cli login {master} --ca-pin {shown}"
        ),
        TlsFailure::NotEncrypted => {
            "; on loopback that is usual, and nothing need be done; for another machine see --insecure"
                .to_owned()
        }
        _ => String::new(),
    };
    format!("the controller at {master} is not trusted: {why}{advice}")
}

fn not_ruche(master: &Master, stranger: Stranger) -> String {
    let what = match stranger {
        Stranger::Http => "it speaks HTTP; give the port for jobs, as a rule 7000",
        Stranger::Other => "it speaks another protocol",
        Stranger::HungUp => "it closed the connection without a word",
        Stranger::Mute => "it takes the connection and says nothing",
    };
    format!("what answers at {master} is not a Ruche controller: {what}")
}

fn refused(problem: &Problem) -> String {
    let advice = match problem.kind {
        ProblemKind::UnknownLanguage => "; `cli languages` lists them",
        ProblemKind::NoRunnerFree => "; without --no-wait the job waits for its turn",
        _ => "",
    };
    let again = match problem.retry_after {
        Some(seconds) => format!("; try again in {seconds} s"),
        None => String::new(),
    };
    format!("refused: {problem}{advice}{again}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(what: Failure) -> String {
        failure(&what).unwrap()
    }

    #[test]
    fn errors_are_one_line_with_what_to_do() {
        let refused = io::Error::from_raw_os_error(111);
        let unreachable = Failure::Unreachable(Master::default(), Unreachable::Failed(refused));
        assert_eq!(
            text(unreachable),
            "no controller answers at 127.0.0.1:7000 (connection refused): is it running? \
             give its address with --master HOST:PORT"
        );
        let languages = vec!["c".to_owned(), "python".to_owned()];
        assert_eq!(
            text(Failure::UnknownExtension("x.zz".into(), languages)),
            "x.zz: its name tells no known language: say --lang, one of c, python"
        );
        let full = Problem::new(ProblemKind::QueueFull, "1000 jobs wait already").retry_after(2);
        assert_eq!(text(Failure::Refused(full)), "refused: 1000 jobs wait already; try again in 2 s");
    }

    #[test]
    fn a_broken_pipe_is_not_worth_a_word() {
        assert_eq!(failure(&Failure::Output(io::ErrorKind::BrokenPipe.into())), None);
        assert!(failure(&Failure::Output(io::ErrorKind::StorageFull.into())).is_some());
    }
}
