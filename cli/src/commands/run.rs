//! `cli run`.

use std::path::Path;

use protocol::client::Request;
use protocol::cluster::LanguageInfo;
use protocol::{JobId, JobSpec, LimitsRequest, TerminalSize};

use super::{Address, artifacts, languages, refused};
use crate::args::RunArgs;
use crate::client::Link;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::follow::{self, Mode, Plan, QUESTION_STREAM, Talk};
use crate::memory::Seen;
use crate::messages::NO_TERMINAL;
use crate::program::{self, Program};
use crate::settings::Masters;
use crate::{messages, raw, source, stdin, terminal};

/// The size of a terminal that does not tell its own.
const USUAL_SIZE: TerminalSize = TerminalSize { rows: 24, columns: 80 };

/// Sends the program and follows it to its end.
pub async fn run(address: &Address, args: RunArgs) -> Result<Exit, Failure> {
    // A file that cannot be read is told before anything is asked of the cluster.
    let program = program::load(&args.files, args.main.as_deref())?;
    let mut spec = specification(&args, &program)?;
    if !args.view.quiet && !args.view.json {
        messages::left_out(&program.links).iter().for_each(|note| terminal::say(note));
    }
    let mut link = address.connect().await?;
    match languages::choose(&mut link, &program, args.lang.as_deref()).await {
        Ok(language) => spec.language = language,
        Err(failure) => return refused(failure, args.view),
    }
    if talks(&args) && args.limits.wall.is_none() {
        spec.limits.wall_seconds = longest(&mut link, &spec.language).await?;
    }
    let mut plan = plan(spec, &args, address.masters()?);
    if let Some(talk) = &mut plan.talk {
        talk.state_home.clone_from(&address.state_home);
    }
    let mut end = None;
    let exit = follow::follow_to_end(link, plan, &mut end).await?;
    if let (Some(out), Some(job)) = (&args.keep.out, &end) {
        artifacts::save(address, job, out, args.view).await?;
    }
    Ok(exit)
}

/// Whether somebody talks with the program.
fn talks(args: &RunArgs) -> bool {
    args.interactive || args.tty
}

/// The most time on the clock that a program may have: whoever types is not to be hurried.
async fn longest(link: &mut Link, language: &str) -> Result<Option<f64>, Failure> {
    let offered = languages::ask(link, QUESTION_STREAM + 1).await?;
    let named =
        |offer: &LanguageInfo| offer.id == language || offer.aliases.iter().any(|alias| alias == language);
    // A language that there is not is refused with the job.
    Ok(offered.into_iter().find(named).map(|offer| offer.maximum_limits.wall_seconds))
}

fn specification(args: &RunArgs, program: &Program) -> Result<JobSpec, Failure> {
    if args.tty && !terminal::somebody_types() {
        return Err(Failure::Input(NO_TERMINAL));
    }
    Ok(JobSpec {
        files: program.files.clone(),
        main: program.main.clone(),
        args: args.args.clone(),
        stdin: args.stdin.as_deref().map(|path: &Path| source::read(path).map(Into::into)).transpose()?,
        env: args.env.iter().cloned().collect(),
        compile_args: args.compile_arg.clone(),
        limits: LimitsRequest::from(&args.limits),
        priority: args.priority,
        labels: args.label.iter().cloned().collect(),
        no_wait: args.no_wait,
        terminal: args.tty.then(|| raw::size().unwrap_or(USUAL_SIZE)),
        callback_url: args.callback.clone(),
        artifacts: args.keep.patterns(),
        requires: args.require.iter().cloned().collect(),
        // A connection that is lost before the answer leaves open whether the job was taken in.
        idempotency_key: Some(JobId::random().to_string()),
        ..JobSpec::default()
    })
}

fn plan(mut spec: JobSpec, args: &RunArgs, masters: Masters) -> Plan {
    let limits = spec.limits;
    let contents = spec.detach();
    let follows = args.stdin.is_none() && !args.detach;
    let talks = talks(args);
    let seen = Seen { terminal: args.tty, ..Seen::default() };
    let spec = Box::new(spec);
    Plan {
        request: Request::Submit { spec, stdin_follows: follows, keep: args.detach || talks },
        contents,
        stdin: follows.then(stdin::pieces),
        limits,
        mode: match args.detach {
            true => Mode::Detached,
            false if talks => Mode::Talking,
            false => Mode::Attached,
        },
        talk: talks.then(|| Talk { seen, state_home: None }),
        view: args.view,
        masters,
        bar: None,
    }
}
