//! What a user may have at once, in a day and for each job. Pure.

use std::collections::BTreeMap;

use protocol::account::{Budget, Quota};
use protocol::{JobSpec, Judge, Limits, LimitsRequest, Problem, ProblemKind, Timestamp};

use super::records::{Group, User};

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 3600 * 1000;

/// What holds for a user: its own where it has one, else the most that one of its groups gives its members.
pub fn effective<'a>(own: &Quota, groups: impl Iterator<Item = &'a Quota> + Clone) -> Quota {
    let numbers = |of: fn(&Quota) -> Option<u32>| of(own).or_else(|| groups.clone().filter_map(of).max());
    let seconds =
        |of: fn(&Quota) -> Option<f64>| of(own).or_else(|| groups.clone().filter_map(of).reduce(f64::max));
    let bytes = |of: fn(&Quota) -> Option<u64>| of(own).or_else(|| groups.clone().filter_map(of).max());
    Quota {
        max_running: numbers(|quota| quota.max_running),
        max_queued: numbers(|quota| quota.max_queued),
        cpu_seconds_per_day: seconds(|quota| quota.cpu_seconds_per_day),
        maximum: LimitsRequest {
            cpu_seconds: seconds(|quota| quota.maximum.cpu_seconds),
            wall_seconds: seconds(|quota| quota.maximum.wall_seconds),
            memory_bytes: bytes(|quota| quota.maximum.memory_bytes),
            processes: numbers(|quota| quota.maximum.processes),
            output_bytes: bytes(|quota| quota.maximum.output_bytes),
            disk_bytes: bytes(|quota| quota.maximum.disk_bytes),
        },
    }
}

/// What holds for a user who is in some of these groups.
pub fn of_user(user: &User, groups: &[Group]) -> Quota {
    let theirs = groups.iter().filter(|group| group.members.contains(&user.name));
    effective(&user.quota, theirs.map(|group| &group.quota))
}

/// How many jobs each user may run at once, where that is limited, by name.
pub fn running(users: &[User], groups: &[Group]) -> BTreeMap<String, u32> {
    let limit = |user: &User| Some((user.name.clone(), of_user(user, groups).max_running?));
    users.iter().filter_map(limit).collect()
}

/// Checks what somebody is to be allowed.
///
/// # Errors
/// The field that is not possible.
pub fn check(quota: &Quota) -> Result<(), Problem> {
    if quota.max_running == Some(0) {
        return Err(Problem::invalid("max_running", "above zero, or absent for any number"));
    }
    let mut seconds = [quota.cpu_seconds_per_day, quota.maximum.cpu_seconds, quota.maximum.wall_seconds];
    match seconds.iter_mut().flatten().all(|seconds| seconds.is_finite() && *seconds > 0.0) {
        true => Ok(()),
        false => Err(Problem::invalid("limits", "seconds are above zero")),
    }
}

/// Holds a job to the most that its user may ask for: what asks for more is refused, what does not say gets no more.
///
/// # Errors
/// The limit that is too high.
pub fn hold(
    spec: &mut JobSpec,
    most: &LimitsRequest,
    language: Option<&(Limits, Limits)>,
) -> Result<(), Problem> {
    let whole = spec.limits;
    hold_one("limits", &mut spec.limits, LimitsRequest::default(), most, language)?;
    for (index, run) in spec.runs.iter_mut().flatten().enumerate() {
        hold_one(&format!("runs[{index}].limits"), &mut run.limits, whole, most, language)?;
    }
    Ok(())
}

/// The same for a program that judges it.
///
/// # Errors
/// The limit that is too high.
pub fn hold_judge(
    field: &str,
    judge: &mut Judge,
    most: &LimitsRequest,
    language: Option<&(Limits, Limits)>,
) -> Result<(), Problem> {
    hold_one(field, &mut judge.limits, LimitsRequest::default(), most, language)
}

fn hold_one(
    field: &str,
    asked: &mut LimitsRequest,
    whole: LimitsRequest,
    most: &LimitsRequest,
    language: Option<&(Limits, Limits)>,
) -> Result<(), Problem> {
    for ((name, asked), (_, most)) in asked.fields().into_iter().zip(most.fields()) {
        if let (Some(asked), Some(most)) = (asked, most)
            && asked > most
        {
            let detail = format!("{name} may be at most {most} for your account, not {asked}");
            return Err(Problem::new(ProblemKind::LimitTooHigh, detail).at(format!("{field}.{name}")));
        }
    }
    let Some((default, maximum)) = language else { return Ok(()) };
    let would = asked.or(whole).resolve(default, maximum);
    let capped = LimitsRequest {
        cpu_seconds: most.cpu_seconds.filter(|most| would.cpu_seconds > *most),
        wall_seconds: most.wall_seconds.filter(|most| would.wall_seconds > *most),
        memory_bytes: most.memory_bytes.filter(|most| would.memory_bytes > *most),
        processes: most.processes.filter(|most| would.processes > *most),
        output_bytes: most.output_bytes.filter(|most| would.output_bytes > *most),
        disk_bytes: most.disk_bytes.filter(|most| would.disk_bytes > *most),
    };
    *asked = asked.or(capped);
    Ok(())
}

/// Whether a token is good for this language.
///
/// # Errors
/// Where it is not.
pub fn check_language(budget: &Budget, language: &str) -> Result<(), Problem> {
    match &budget.languages {
        Some(languages) if !languages.contains(language) => {
            let known: Vec<&str> = languages.iter().map(String::as_str).collect();
            let detail = format!("this token is not good for {language}, only for {}", known.join(", "));
            Err(Problem::new(ProblemKind::Forbidden, detail).at("language"))
        }
        _ => Ok(()),
    }
}

/// The day that a moment is in, as in `2026-01-31`, and how many seconds are left of it, by UTC.
pub fn day(now: Timestamp) -> (String, u32) {
    let text = now.to_string();
    let left = DAY_MS - now.as_millisecond().rem_euclid(DAY_MS);
    (text.chars().take(10).collect(), u32::try_from(left / 1000 + 1).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ones_own_quota_goes_before_the_groups_and_of_those_the_most_counts() {
        let quota =
            |running, cpu| Quota { max_running: running, cpu_seconds_per_day: cpu, ..Quota::default() };
        let groups = [quota(Some(2), Some(60.0)), quota(Some(5), None), quota(None, Some(10.0))];
        let held = effective(&quota(None, None), groups.iter());
        assert_eq!((held.max_running, held.cpu_seconds_per_day), (Some(5), Some(60.0)));
        let held = effective(&quota(Some(1), None), groups.iter());
        assert_eq!((held.max_running, held.cpu_seconds_per_day), (Some(1), Some(60.0)));
        assert_eq!(effective(&Quota::default(), [].iter()), Quota::default());
    }

    #[test]
    fn a_job_is_held_to_what_its_user_may_ask_for() {
        let limits = |seconds: f64| Limits {
            cpu_seconds: seconds,
            wall_seconds: seconds * 2.0,
            memory_bytes: 1 << 28,
            processes: 64,
            output_bytes: 1 << 20,
            disk_bytes: 1 << 26,
        };
        let language = (limits(10.0), limits(60.0));
        let language = Some(&language);
        let most =
            LimitsRequest { cpu_seconds: Some(5.0), memory_bytes: Some(1 << 30), ..Default::default() };
        let mut spec = JobSpec { runs: Some(vec![Default::default()]), ..JobSpec::default() };
        hold(&mut spec, &most, language).unwrap();
        assert_eq!((spec.limits.cpu_seconds, spec.limits.memory_bytes), (Some(5.0), None));
        assert_eq!(spec.runs.as_ref().unwrap()[0].limits.cpu_seconds, Some(5.0));

        spec.limits.cpu_seconds = Some(2.0);
        hold(&mut spec, &most, language).unwrap();
        assert_eq!(spec.limits.cpu_seconds, Some(2.0));
        spec.runs.as_mut().unwrap()[0].limits.memory_bytes = Some(2 << 30);
        let refused = hold(&mut spec, &most, language).unwrap_err();
        assert_eq!(refused.field.as_deref(), Some("runs[0].limits.memory_bytes"));

        let mut judge = Judge::default();
        hold_judge("checker.limits", &mut judge, &most, language).unwrap();
        assert_eq!(judge.limits.cpu_seconds, Some(5.0));
        judge.limits.cpu_seconds = Some(6.0);
        let refused = hold_judge("checker.limits", &mut judge, &most, language).unwrap_err();
        assert_eq!(refused.field.as_deref(), Some("checker.limits.cpu_seconds"));
    }

    #[test]
    fn a_day_ends_at_midnight() {
        let at = |text: &str| day(text.parse().unwrap());
        assert_eq!(at("2026-01-31T23:59:59Z"), ("2026-01-31".to_owned(), 2));
        assert_eq!(at("2026-02-01T00:00:00Z"), ("2026-02-01".to_owned(), 86_401));
    }
}
