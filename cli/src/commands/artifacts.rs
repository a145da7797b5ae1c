//! `cli artifacts`, and what `cli run --out` does in the end.

use std::io;
use std::path::Path;

use bytes::{Bytes, BytesMut};
use protocol::client::{Request, Response};
use protocol::frame::{Frame, FrameKind};
use protocol::hello::DEFAULT_WINDOW;
use protocol::window::ReceiveWindow;
use protocol::{Artifact, Job, JobId};

use super::Address;
use crate::args::{ArtifactsArgs, ViewArgs};
use crate::client::Link;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::out::Folder;
use crate::table::{self, Align};
use crate::{messages, terminal, units};

/// The stream of the first question on a connection.
const FIRST_STREAM: u32 = 1;

/// A file of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Left {
    run: u32,
    path: String,
    size: u64,
}

/// Lists the files that a job's runs left, or writes them below a folder.
pub async fn artifacts(address: &Address, args: &ArtifactsArgs) -> Result<Exit, Failure> {
    let mut link = address.connect().await?;
    let [Response::Job { job }] = link.ask(FIRST_STREAM, [Request::Job { id: args.id }]).await? else {
        return Err(link.strange_answer());
    };
    match &args.out {
        Some(out) => write(&mut link, &job, out, args.view).await?,
        None => list(&job, args.view)?,
    }
    Ok(Exit::OK)
}

/// Writes what a job's runs left below a folder.
pub async fn save(address: &Address, job: &Job, out: &Path, view: ViewArgs) -> Result<(), Failure> {
    if left(job).is_empty() {
        return Ok(());
    }
    write(&mut address.connect().await?, job, out, view).await
}

fn list(job: &Job, view: ViewArgs) -> Result<(), Failure> {
    if view.json {
        let runs: Vec<&[Artifact]> = job.runs.iter().map(|run| run.artifacts.as_slice()).collect();
        return terminal::print_json(&runs);
    }
    let row = |file: &Left| [file.run.to_string(), units::bytes(file.size), file.path.clone()];
    let rows: Vec<[String; 3]> = left(job).iter().map(row).collect();
    if rows.is_empty() {
        terminal::say(messages::NO_ARTIFACTS);
        return Ok(());
    }
    let align = [Align::Right, Align::Right, Align::Left];
    terminal::print_lines(&table::lines(messages::ARTIFACT_HEADS, align, &rows, terminal::width()))
}

async fn write(link: &mut Link, job: &Job, out: &Path, view: ViewArgs) -> Result<(), Failure> {
    let failed = |path: &str, error| Failure::NotWritten(out.join(path), error);
    let folder = Folder::open(out).map_err(|error| failed("", error))?;
    let mut refused = None;
    for (stream, file) in (FIRST_STREAM + 1..).zip(left(job)) {
        let content = fetch(link, stream, job.id, &file).await?;
        let place = Place::of(&file, job.runs.len() > 1);
        match place.write(&folder, &content) {
            Ok(()) if view.quiet || view.json => {}
            Ok(()) => terminal::say(&messages::written(&out.join(place.shown()), file.size)),
            // The others are written all the same.
            Err(error) => drop(refused.get_or_insert(failed(&place.shown(), error))),
        }
    }
    refused.map_or(Ok(()), Err)
}

/// Where a file goes below the folder: by its own path, in a folder of its run where there are several.
struct Place<'a> {
    run: Option<String>,
    path: &'a str,
}

impl<'a> Place<'a> {
    fn of(file: &'a Left, are_several: bool) -> Self {
        Self { run: are_several.then(|| format!("run-{}", file.run)), path: &file.path }
    }

    fn write(&self, folder: &Folder, content: &[u8]) -> io::Result<()> {
        match &self.run {
            // The path may be as long as paths may be: with its run's folder it would be longer.
            Some(run) => folder.inner(run)?.write(self.path, content),
            None => folder.write(self.path, content),
        }
    }

    fn shown(&self) -> String {
        self.run.iter().map(String::as_str).chain([self.path]).collect::<Vec<_>>().join("/")
    }
}

/// What a job's runs left. A controller that lists names that are none is not believed.
fn left(job: &Job) -> Vec<Left> {
    let all = (0..).zip(&job.runs).flat_map(|(run, result)| {
        result.artifacts.iter().map(move |artifact| Left {
            run,
            path: artifact.path.clone(),
            size: artifact.size,
        })
    });
    all.filter(|file| !file.path.contains(char::is_control)).collect()
}

async fn fetch(link: &mut Link, stream: u32, id: JobId, file: &Left) -> Result<Bytes, Failure> {
    let request = Request::Artifact { id, run: Some(file.run), path: file.path.clone() };
    link.request(stream, &request)?;
    let mut window = ReceiveWindow::new(DEFAULT_WINDOW);
    let mut content = BytesMut::new();
    let mut announced = false;
    while !announced || (content.len() as u64) < file.size {
        let frame = link.next().await?;
        match frame.kind {
            _ if frame.stream != stream => {}
            FrameKind::Control => {
                announced = true;
                expect(link, &frame, file.size)?;
            }
            FrameKind::Blob if (content.len() + frame.payload.len()) as u64 <= file.size => {
                window.received(frame.payload.len()).map_err(|error| link.protocol(&error.to_string()))?;
                content.extend_from_slice(&frame.payload);
                if let Some(credit) = window.consumed(frame.payload.len()) {
                    link.queue(Ok(Frame::credit(stream, credit)))?;
                }
            }
            kind => return Err(link.protocol(&format!("an unexpected {kind:?} frame"))),
        }
    }
    Ok(content.freeze())
}

/// The message before a file's bytes.
fn expect(link: &Link, frame: &Frame, size: u64) -> Result<(), Failure> {
    match frame.parse() {
        Ok(Response::Artifact { size: announced }) if announced == size => Ok(()),
        Ok(Response::Refused { problem }) => Err(Failure::Refused(problem)),
        Ok(_) => Err(link.strange_answer()),
        Err(error) => Err(link.protocol(&error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use protocol::{StepResult, Verdict};

    use super::*;
    use crate::messages::fixtures;

    #[test]
    fn files_of_several_runs_do_not_meet() {
        let run = |paths: &[&str]| {
            let artifacts = paths.iter().map(|&path| Artifact { path: path.to_owned(), size: 1 }).collect();
            StepResult { artifacts, ..StepResult::new(Verdict::Ok) }
        };
        let job = fixtures::job(Verdict::Ok, vec![run(&["a", "d/b"]), run(&["a", "\u{1b}[2J"])]);
        let left = left(&job);
        let places: Vec<String> = left.iter().map(|file| Place::of(file, true).shown()).collect();
        assert_eq!(places, ["run-0/a", "run-0/d/b", "run-1/a"]);
        assert_eq!(Place::of(&left[1], false).shown(), "d/b");
    }

    #[test]
    fn the_longest_path_is_written_for_each_of_several_runs() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let path = format!("{}/{}", "d".repeat(127), "f".repeat(127));
        for run in 0..2 {
            let file = Left { run, path: path.clone(), size: 1 };
            let place = Place::of(&file, true);
            place.write(&folder, b"x").unwrap();
        }
        for run in ["run-0", "run-1"] {
            assert_eq!(std::fs::read(place.path().join(run).join(&path)).unwrap(), b"x");
        }
    }
}
