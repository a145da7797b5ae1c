//! `cli run`.

use std::path::{Path, PathBuf};

use protocol::client::Request;
use protocol::{JobId, JobSpec, LimitsRequest, SourceFile};

use super::{Address, languages, refused};
use crate::args::RunArgs;
use crate::client::Link;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::follow::{self, Mode, Plan, QUESTION_STREAM};
use crate::settings::Masters;
use crate::{language, source, stdin};

/// Sends the program and follows it to its end.
pub async fn run(address: &Address, args: RunArgs) -> Result<Exit, Failure> {
    // A file that cannot be read is told before anything is asked of the cluster.
    let mut spec = specification(&args)?;
    let mut link = address.connect().await?;
    match choose_language(&mut link, &args).await {
        Ok(language) => spec.language = language,
        Err(failure) => return refused(failure, args.view),
    }
    follow::follow(link, plan(spec, &args, address.masters()?)).await
}

fn specification(args: &RunArgs) -> Result<JobSpec, Failure> {
    let current = std::env::current_dir().map_err(Failure::Startup)?;
    let names = source::names(&args.files, &current)?;
    let main = args.main.as_deref();
    let main = main.map(|main| source::main_name(main, &args.files, &names, &current)).transpose()?;
    let file = |(path, given): (String, &PathBuf)| {
        source::read(given).map(|content| SourceFile { path, content: content.into() })
    };
    Ok(JobSpec {
        files: names.into_iter().zip(&args.files).map(file).collect::<Result<_, _>>()?,
        main,
        args: args.args.clone(),
        stdin: args.stdin.as_deref().map(|path: &Path| source::read(path).map(Into::into)).transpose()?,
        env: args.env.iter().cloned().collect(),
        compile_args: args.compile_arg.clone(),
        limits: LimitsRequest::from(&args.limits),
        priority: args.priority,
        labels: args.label.iter().cloned().collect(),
        no_wait: args.no_wait,
        callback_url: args.callback.clone(),
        requires: args.require.iter().cloned().collect(),
        // A connection that is lost before the answer leaves open whether the job was taken in.
        idempotency_key: Some(JobId::random().to_string()),
        ..JobSpec::default()
    })
}

/// The language asked for, or the one that the files' names tell; only for names that are not common is the
/// cluster asked.
async fn choose_language(link: &mut Link, args: &RunArgs) -> Result<String, Failure> {
    if let Some(language) = &args.lang {
        return Ok(language.clone());
    }
    let main = args.main.as_deref();
    if let Some(language) = language::common(main, &args.files) {
        return Ok(language.to_owned());
    }
    let offered = languages::ask(link, QUESTION_STREAM).await?;
    language::offered(main, &args.files, &offered).ok_or_else(|| {
        let path = args.main.as_ref().or(args.files.first()).cloned().unwrap_or_default();
        Failure::UnknownExtension(path, offered.into_iter().map(|language| language.id).collect())
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
    }
}
