//! Whether a job can be taken in.

use protocol::frame::MAX_FRAME;
use protocol::{JobSpec, Judge, LimitsRequest, Problem, ProblemKind, SourceFile};

use super::Jobs;
use crate::backlog::share_of_user;
use crate::identity::{self, Account, Admission};

/// What a frame to a runner holds beside the job.
const ASSIGNMENT: usize = 4096;

impl Jobs {
    /// Checks a job against the rules and the cluster, and puts its language's id in place of a name.
    ///
    /// # Errors
    /// The [`Problem`] with it.
    pub(super) fn check(&self, spec: &mut JobSpec) -> Result<(), Problem> {
        spec.validate()?;
        if spec.content_bytes() > self.limits.max_body {
            let detail = format!("a job's contents may have {} bytes", self.limits.max_body);
            return Err(Problem::new(ProblemKind::TooLarge, detail).at("files"));
        }
        check_frame(spec)?;
        spec.language =
            self.roster.resolve(&spec.language).ok_or_else(|| self.unknown_language(&spec.language))?;
        self.check_main("files", &spec.language, spec.main.as_deref(), &spec.files)?;
        self.check_limits("limits", &spec.language, &spec.limits)?;
        for (index, run) in spec.runs.iter().flatten().enumerate() {
            self.check_limits(&format!("runs[{index}].limits"), &spec.language, &run.limits)?;
        }
        self.check_judge("checker", spec.checker.as_mut())?;
        self.check_judge("interactor", spec.interactor.as_mut())
    }

    fn check_judge(&self, field: &str, judge: Option<&mut Judge>) -> Result<(), Problem> {
        let Some(judge) = judge else { return Ok(()) };
        let unknown = || self.unknown_language(&judge.language).at(format!("{field}.language"));
        judge.language = self.roster.resolve(&judge.language).ok_or_else(unknown)?;
        self.check_main(&format!("{field}.files"), &judge.language, judge.main.as_deref(), &judge.files)?;
        self.check_limits(&format!("{field}.limits"), &judge.language, &judge.limits)
    }

    /// Holds a job to what its user and token are good for.
    ///
    /// # Errors
    /// The limit that is too high, or the language that is not the token's.
    pub(super) fn hold_to_quota(&self, spec: &mut JobSpec, account: &Account) -> Result<(), Problem> {
        let languages = [("language", &spec.language)].into_iter();
        let checker = spec.checker.iter().map(|judge| ("checker.language", &judge.language));
        let interactor = spec.interactor.iter().map(|judge| ("interactor.language", &judge.language));
        for (field, language) in languages.chain(checker).chain(interactor) {
            for token in &account.tokens {
                identity::check_language(&token.budget, language).map_err(|problem| problem.at(field))?;
            }
        }
        let most = &account.quota.maximum;
        let limits = |language: &str| {
            let offer = self.roster.offer(language)?;
            Some((offer.default_limits, offer.maximum_limits))
        };
        identity::hold(spec, most, limits(&spec.language).as_ref())?;
        for (field, judge) in [("checker", &mut spec.checker), ("interactor", &mut spec.interactor)] {
            let Some(judge) = judge else { continue };
            let limits = limits(&judge.language);
            identity::hold_judge(&format!("{field}.limits"), judge, most, limits.as_ref())?;
        }
        Ok(())
    }

    /// Lets a user submit one more job; whoever is none is not counted.
    ///
    /// # Errors
    /// The quota that is used up.
    pub(super) async fn admit(&self, account: Option<&Account>) -> Result<Admission, Problem> {
        let Some(account) = account else { return Ok(Admission::default()) };
        let share = share_of_user(&account.name);
        let waiting = self.backlog.with(|scheduler, _| scheduler.waiting_of(&share));
        self.usage.admit(account, waiting as u64).await
    }

    /// Where a program does not say which file to start from, one of them has to look like it.
    fn check_main(
        &self,
        field: &str,
        language: &str,
        main: Option<&str>,
        files: &[SourceFile],
    ) -> Result<(), Problem> {
        let Some(offer) = self.roster.offer(language).filter(|_| main.is_none()) else { return Ok(()) };
        let is_source = |path: &str| {
            let extension = path.rsplit_once('.').map(|(_, extension)| extension);
            extension.is_some_and(|extension| offer.extensions.iter().any(|own| own == extension))
        };
        if offer.extensions.is_empty() || files.iter().any(|file| is_source(&file.path)) {
            return Ok(());
        }
        let endings: Vec<String> = offer.extensions.iter().map(|extension| format!(".{extension}")).collect();
        let detail =
            format!("no file ends in {}: name the one to start from in `main`", endings.join(" or "));
        Err(Problem::invalid(field, detail))
    }

    fn check_limits(&self, field: &str, language: &str, asked: &LimitsRequest) -> Result<(), Problem> {
        self.roster.allows(language, asked).map_err(|exceeded| {
            Problem::new(ProblemKind::LimitTooHigh, exceeded.to_string())
                .at(format!("{field}.{}", exceeded.field))
        })
    }

    pub(super) fn unknown_language(&self, language: &str) -> Problem {
        let known = self.roster.known().join(", ");
        let detail = format!("there is no language {language:?}; there are {known}");
        Problem::new(ProblemKind::UnknownLanguage, detail).at("language")
    }
}

/// What is not contents goes to a runner in one frame.
fn check_frame(spec: &JobSpec) -> Result<(), Problem> {
    let mut bare = spec.clone();
    bare.detach();
    let json =
        serde_json::to_vec(&bare).map_err(|error| Problem::new(ProblemKind::Invalid, error.to_string()))?;
    let maximum = MAX_FRAME - ASSIGNMENT;
    if json.len() <= maximum {
        return Ok(());
    }
    let detail = format!(
        "names, arguments, variables and labels may have {maximum} bytes together, not {}",
        json.len()
    );
    Err(Problem::new(ProblemKind::TooLarge, detail))
}

/// The most that a job asks for in any of its runs, or for what judges them.
pub(super) fn peak(spec: &JobSpec) -> LimitsRequest {
    let runs = spec.runs.iter().flatten().map(|run| run.limits.or(spec.limits));
    runs.chain(spec.judges().map(|judge| judge.limits)).fold(spec.limits, |peak, run| LimitsRequest {
        cpu_seconds: higher(peak.cpu_seconds, run.cpu_seconds),
        wall_seconds: higher(peak.wall_seconds, run.wall_seconds),
        memory_bytes: peak.memory_bytes.max(run.memory_bytes),
        processes: peak.processes.max(run.processes),
        output_bytes: peak.output_bytes.max(run.output_bytes),
        disk_bytes: peak.disk_bytes.max(run.disk_bytes),
    })
}

fn higher(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => one.or(other),
    }
}
