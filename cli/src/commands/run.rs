//! `cli run`.

use std::path::Path;

use protocol::client::Request;
use protocol::{JobId, JobSpec, LimitsRequest};

use super::{Address, artifacts, languages, refused};
use crate::args::RunArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::follow::{self, Mode, Plan};
use crate::program::{self, Program};
use crate::settings::Masters;
use crate::{messages, source, stdin, terminal};

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
    let mut end = None;
    let exit = follow::follow_to_end(link, plan(spec, &args, address.masters()?), &mut end).await?;
    if let (Some(out), Some(job)) = (&args.keep.out, &end) {
        artifacts::save(address, job, out, args.view).await?;
    }
    Ok(exit)
}

fn specification(args: &RunArgs, program: &Program) -> Result<JobSpec, Failure> {
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
    let spec = Box::new(spec);
    Plan {
        request: Request::Submit { spec, stdin_follows: follows, keep: args.detach },
        contents,
        stdin: follows.then(stdin::pieces),
        limits,
        mode: if args.detach { Mode::Detached } else { Mode::Attached },
        view: args.view,
        masters,
        bar: None,
    }
}
