//! Whether everybody got what is theirs: what clients were told against what every controller says.

use serde_json::Value;

use super::history::{Door, History, Told};
use crate::http;
use crate::wait_until;

/// How jobs ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Submitted by clients.
    pub submitted: usize,
    /// Taken in by the cluster.
    pub accepted: usize,
    /// With their own answer.
    pub finished: usize,
    /// Stopped since their client was cut off.
    pub stopped: usize,
    /// Given up after three lost attempts, and saying so.
    pub given_up: usize,
    /// Ended with the controller that their input was streamed to, and saying so.
    pub input_lost: usize,
    /// Attempts that were lost.
    pub lost: usize,
    /// Attempts that runners did not take: other controllers had filled them.
    pub refused: usize,
    /// Times that clients had to try again.
    pub retries: usize,
}

/// Waits until no job is on its way any more, at any controller.
pub fn settle(apis: &[String]) {
    for api in apis {
        wait_until("all jobs to end", || {
            let cluster = http::get(&format!("{api}/cluster")).body;
            (cluster["queued"] == 0 && cluster["running"] == 0).then_some(())
        });
    }
}

/// Asks every controller about every job. Returns the counts, and the jobs about which something is wrong.
pub fn check(histories: &[History], apis: &[String]) -> (Counts, Vec<String>) {
    let mut counts = Counts { submitted: histories.len(), ..Counts::default() };
    let mut wrong = Vec::new();
    for history in histories {
        counts.retries += history.notes.len();
        if let Err(what) = look(history, apis, &mut counts) {
            wrong.push(format!("{what}\n  {history}"));
        }
    }
    (counts, wrong)
}

fn look(history: &History, apis: &[String], counts: &mut Counts) -> Result<(), String> {
    let mut answers: Vec<Vec<Value>> = Vec::new();
    for api in apis {
        let listed = http::get(&format!("{api}/jobs?label=nonce={}", history.nonce)).body;
        let listed = listed["jobs"].as_array().ok_or_else(|| format!("no list of jobs: {listed}"))?;
        let ids = listed.iter().filter_map(|job| job["id"].as_str());
        answers.push(ids.map(|id| http::get(&format!("{api}/jobs/{id}")).body).collect());
    }
    let facts = |jobs: &[Value]| -> Vec<Value> { jobs.iter().map(essence).collect() };
    if let Some(other) = answers.iter().find(|other| facts(other) != facts(&answers[0])) {
        return Err(format!("controllers disagree: {:?} and {other:?}", answers[0]));
    }
    if let Told::Wrong(what) = &history.told {
        return Err(format!("its client was told something wrong: {what}; it is {:?}", answers[0]));
    }
    match answers[0].as_slice() {
        [] if history.told == Told::Right || history.id.is_some() => Err("it is lost".to_owned()),
        [] => Ok(()),
        [job] => {
            count_attempts(&apis[0], job, counts)?;
            judge(history, job, counts)
        }
        several => Err(format!("it is {} jobs: {several:?}", several.len())),
    }
}

/// What does not change once a job has its verdict.
fn essence(job: &Value) -> Value {
    ["id", "state", "verdict", "message", "attempts", "runs", "finished_at"]
        .map(|key| job[key].clone())
        .into()
}

/// Every attempt has ended, and at most one of them gave the job its verdict.
fn count_attempts(api: &str, job: &Value, counts: &mut Counts) -> Result<(), String> {
    let id = job["id"].as_str().unwrap_or_default();
    let attempts = http::get(&format!("{api}/jobs/{id}/attempts")).body;
    let list = attempts["attempts"].as_array().or(attempts.as_array());
    let list = list.ok_or_else(|| format!("no list of attempts: {attempts}"))?;
    let ended = |how: &str| list.iter().filter(|attempt| attempt["end"] == how).count();
    let (finished, lost, refused) = (ended("finished"), ended("lost"), ended("refused"));
    if finished > 1 || finished + lost + refused != list.len() {
        return Err(format!("its attempts have not one end each: {attempts}"));
    }
    counts.lost += lost;
    counts.refused += refused;
    Ok(())
}

fn judge(history: &History, job: &Value, counts: &mut Counts) -> Result<(), String> {
    counts.accepted += 1;
    if history.id.as_ref().is_some_and(|id| job["id"] != id.as_str()) {
        return Err(format!("it became another job: {job}"));
    }
    let message = job["message"].as_str().unwrap_or_default();
    let stdout = job["runs"][0]["stdout"].as_str().unwrap_or_default();
    match job["verdict"].as_str() {
        Some("ok") if stdout.trim_end() == history.nonce => counts.finished += 1,
        _ if history.told == Told::Right => return Err(format!("it ended otherwise than was told: {job}")),
        Some("cancelled") if matches!(history.door, Door::Run | Door::File) => counts.stopped += 1,
        Some("internal_error") if message.contains("3 times") => counts.given_up += 1,
        Some("internal_error")
            if history.door == Door::Run && message.contains("standard input was lost") =>
        {
            counts.input_lost += 1;
        }
        _ => return Err(format!("it ended wrongly: {job}")),
    }
    if history.door == Door::Http && matches!(history.told, Told::Nothing(_)) {
        return Err("its client never heard of its end".to_owned());
    }
    Ok(())
}
