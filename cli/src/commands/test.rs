//! `cli test`.

use std::fs;
use std::path::{Path, PathBuf};

use protocol::client::Request;
use protocol::{Checker, Content, Job, JobSpec, Judge, LimitsRequest, Verdict};

use super::{Address, languages};
use crate::args::{CheckerArg, TestArgs, ViewArgs};
use crate::bar::TestBar;
use crate::client::Link;
use crate::exit::Exit;
use crate::failure::{Failure, FileFault};
use crate::folder::{self, Listing};
use crate::follow::{self, Gathered, Mode, Plan};
use crate::program::{self, Program};
use crate::settings::Masters;
use crate::testing::{self, Case, Outcome};
use crate::{messages, terminal};

/// Runs a program on every test in a folder, and says what came of it.
pub async fn test(address: &Address, args: TestArgs) -> Result<Exit, Failure> {
    // What cannot be read, or written, is told before anything is asked of the cluster.
    let runs = testing::runs(&cases(&args)?, checker(&args), args.interactor.is_some())?;
    let program = program::load(&args.program, args.main.as_deref())?;
    note_links(&args, &program.links);
    let judge = judge(&args)?;
    if let Some(path) = &args.junit {
        fs::write(path, "").map_err(|error| Failure::Report(path.clone(), error))?;
    }
    let mut link = address.connect().await?;
    let finished = async {
        let spec = specification(&mut link, &args, &program, judge).await?;
        run(link, address, testing::jobs(&spec, &runs), &args).await
    };
    let finished = match finished.await {
        Ok(finished) => finished,
        Err(failure) => return super::refused(failure, view(&args)),
    };
    let results = finished.iter().flat_map(|job| job.runs.clone()).collect();
    let limits = LimitsRequest::from(&args.limits);
    let outcome = Outcome { runs, results, interactive: args.interactor.is_some(), limits };
    tell(&args, &outcome, &finished)
}

fn cases(args: &TestArgs) -> Result<Vec<Case>, Failure> {
    let missing = |fault| Err(Failure::File(args.tests.clone(), fault));
    match fs::metadata(&args.tests) {
        Err(_) => return missing(FileFault::Missing),
        Ok(tests) if !tests.is_dir() => return missing(FileFault::NoFolder),
        Ok(_) => {}
    }
    let Listing { files, links } = folder::list(&args.tests)?;
    note_links(args, &links);
    match testing::find(&files) {
        cases if cases.is_empty() => Err(Failure::NoTests(args.tests.clone())),
        cases => Ok(cases),
    }
}

fn note_links(args: &TestArgs, links: &[PathBuf]) {
    if !args.json {
        messages::left_out(links).iter().for_each(|note| terminal::say(note));
    }
}

fn checker(args: &TestArgs) -> Checker {
    match &args.checker {
        CheckerArg::BuiltIn(checker) => *checker,
        CheckerArg::Program(_) => Checker::Custom,
    }
}

/// The program that judges, where it is one that has to be sent.
fn judge(args: &TestArgs) -> Result<Option<Program>, Failure> {
    let path = match (&args.checker, &args.interactor) {
        (_, Some(path)) | (CheckerArg::Program(path), None) => path,
        (CheckerArg::BuiltIn(_), None) => return Ok(None),
    };
    program::load(std::slice::from_ref(path), None).map(Some)
}

/// The job without its runs.
async fn specification(
    link: &mut Link,
    args: &TestArgs,
    program: &Program,
    judge: Option<Program>,
) -> Result<JobSpec, Failure> {
    let judge = match judge {
        None => None,
        Some(judge) => {
            let language = languages::choose(link, &judge, None).await?;
            Some(Judge { language, files: judge.files, ..Judge::default() })
        }
    };
    let (checker, interactor) = if args.interactor.is_some() { (None, judge) } else { (judge, None) };
    Ok(JobSpec {
        language: languages::choose(link, program, args.lang.as_deref()).await?,
        files: program.files.clone(),
        main: program.main.clone(),
        env: args.env.iter().cloned().collect(),
        compile_args: args.compile_arg.clone(),
        limits: LimitsRequest::from(&args.limits),
        stop_on_failure: args.stop_on_failure,
        parallel: args.parallel,
        checker,
        interactor,
        labels: args.label.iter().cloned().collect(),
        ..JobSpec::default()
    })
}

/// Has all jobs run, one after the other, as long as it makes sense. Fewer come back where it did not.
async fn run(
    link: Link,
    address: &Address,
    jobs: Vec<JobSpec>,
    args: &TestArgs,
) -> Result<Vec<Job>, Failure> {
    let masters = address.masters()?;
    let mut bar = TestBar::new(jobs.iter().map(JobSpec::run_count).sum());
    let (mut link, mut finished) = (Some(link), Vec::new());
    for spec in jobs {
        let wanted = spec.run_count();
        let link = match link.take() {
            Some(link) => link,
            None => address.connect().await?,
        };
        let (gathered, shown) = follow::gather(link, plan(spec, bar, masters.clone(), view(args))).await?;
        let Gathered::Finished(job) = gathered else { return Ok(finished) };
        // A job whose program could not be compiled, or that was cancelled, has fewer.
        let was_run = job.runs.len() == wanted;
        let goes_on = was_run && (job.verdict == Some(Verdict::Ok) || !args.stop_on_failure);
        finished.push(*job);
        match shown {
            Some(shown) if goes_on => bar = shown,
            _ => return Ok(finished),
        }
        bar.next_job();
    }
    Ok(finished)
}

fn plan(mut spec: JobSpec, bar: TestBar, masters: Masters, view: ViewArgs) -> Plan {
    let limits = spec.limits;
    let contents = spec.detach();
    Plan {
        request: Request::Submit { spec: Box::new(spec), stdin_follows: false, keep: false },
        contents,
        stdin: None,
        limits,
        mode: Mode::Attached,
        view,
        masters,
        bar: Some(bar),
        talk: None,
    }
}

fn view(args: &TestArgs) -> ViewArgs {
    ViewArgs { json: args.json, quiet: false }
}

fn tell(args: &TestArgs, outcome: &Outcome, jobs: &[Job]) -> Result<Exit, Failure> {
    let compiler = compiler_words(jobs);
    if let Some(path) = &args.junit {
        let xml = testing::junit(outcome, &suite_name(&args.tests), &compiler);
        fs::write(path, xml).map_err(|error| Failure::Report(path.clone(), error))?;
    }
    if args.json {
        jobs.iter().try_for_each(terminal::print_json)?;
        return Ok(exit(outcome, jobs));
    }
    if !compiler.is_empty() {
        terminal::say(compiler.trim_end());
    }
    let last = jobs.last();
    match last.filter(|job| job.runs.is_empty()) {
        Some(job) => {
            let verdict = terminal::coloured(messages::verdict_word(job.verdict), job.verdict);
            terminal::say(&format!("{verdict}{}", messages::usage_line(job)));
            messages::explanation(job, &outcome.limits).iter().for_each(|line| terminal::say(line));
        }
        None => {
            let mut lines = testing::table(outcome, terminal::width());
            lines.extend(testing::details(outcome));
            lines.push(testing::summary(outcome));
            terminal::print_lines(&lines)?;
        }
    }
    if exit(outcome, jobs) == Exit::CANCELLED {
        terminal::say(messages::testing::STOPPED);
    }
    Ok(exit(outcome, jobs))
}

/// What the command ends with: only where the program itself could not be tried is that not yes or no.
fn exit(outcome: &Outcome, jobs: &[Job]) -> Exit {
    match jobs.last() {
        None => Exit::CANCELLED,
        Some(job) if job.runs.is_empty() || job.verdict == Some(Verdict::Cancelled) => Exit::of(job),
        Some(_) if outcome.is_good() => Exit::OK,
        Some(_) => Exit::TESTS_FAILED,
    }
}

/// What the compiler wrote, each time anew, but for several jobs the same.
fn compiler_words(jobs: &[Job]) -> String {
    let Some(step) = jobs.last().and_then(|job| job.compile.as_ref()) else { return String::new() };
    step.stdout.iter().chain(&step.stderr).map(Content::to_text).collect()
}

/// The folder's own name.
fn suite_name(folder: &Path) -> String {
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
