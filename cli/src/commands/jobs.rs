//! `cli jobs`.

use protocol::client::{JobQuery, Request, Response};
use protocol::{JobPage, JobState, JobSummary, Timestamp};

use super::Address;
use crate::args::JobsArgs;
use crate::client::Link;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::table::{self, Align};
use crate::{messages, terminal, units};

/// The most jobs that a controller sends at once.
const PAGE: u32 = 100;

const ALIGN: [Align; 7] =
    [Align::Left, Align::Left, Align::Left, Align::Left, Align::Right, Align::Right, Align::Right];

/// Lists jobs.
pub async fn jobs(address: &Address, args: &JobsArgs) -> Result<Exit, Failure> {
    let page = collect(&mut address.connect().await?, args).await?;
    if args.json {
        terminal::print_json(&page)?;
        return Ok(Exit::OK);
    }
    if page.jobs.is_empty() {
        terminal::say(messages::NO_JOBS);
        return Ok(Exit::OK);
    }
    let now = Timestamp::now();
    let rows: Vec<[String; 7]> = page.jobs.iter().map(|job| row(job, now)).collect();
    terminal::print_lines(&table::lines(messages::JOB_HEADS, ALIGN, &rows, terminal::width()))?;
    if page.next_cursor.is_some() {
        terminal::say(messages::MORE_JOBS);
    }
    Ok(Exit::OK)
}

/// Asks for page after page until there are enough.
async fn collect(link: &mut Link, args: &JobsArgs) -> Result<JobPage, Failure> {
    let mut all = JobPage { jobs: Vec::new(), next_cursor: None };
    for stream in 1.. {
        let missing = args.limit.saturating_sub(u32::try_from(all.jobs.len()).unwrap_or(u32::MAX));
        let query = JobQuery {
            state: args.state.map(JobState::from),
            language: args.language.clone(),
            label: args.label.clone(),
            verdict: args.verdict,
            runner: args.runner.clone(),
            search: args.search.clone(),
            owners: None,
            cursor: all.next_cursor.take(),
            limit: Some(missing.min(PAGE)),
        };
        let [Response::Jobs(page)] = link.ask(stream, [Request::Jobs(query)]).await? else {
            return Err(link.strange_answer());
        };
        let empty = page.jobs.is_empty();
        all.jobs.extend(page.jobs);
        all.next_cursor = page.next_cursor;
        if empty || all.next_cursor.is_none() || all.jobs.len() >= args.limit as usize {
            break;
        }
    }
    Ok(all)
}

fn row(job: &JobSummary, now: Timestamp) -> [String; 7] {
    let age = now.as_second() - job.queued_at.as_second();
    let measured = job.state == JobState::Finished;
    let state = match job.state {
        JobState::Queued => messages::QUEUED,
        JobState::Running => messages::RUNNING,
        JobState::Finished => messages::verdict_word(job.verdict),
    };
    [
        job.id.to_string(),
        state.to_owned(),
        job.language.clone(),
        job.runner.clone().unwrap_or_default(),
        if measured { units::millis(job.usage.cpu_ms) } else { String::new() },
        if measured { units::bytes(job.usage.memory_bytes) } else { String::new() },
        messages::ago(age),
    ]
}
