//! Files that a job's runs leave and that are to be kept: collected once a run has ended, and reported before its result.

use std::sync::{Mutex, PoisonError};

use protocol::{Flag, JobSpec, Step, StepResult, Verdict};

use super::Work;
use crate::report::Report;
use crate::sandbox::collect::{Collected, CollectedFile, Wanted};
use crate::sandbox::{Sandbox, SandboxError};

/// How much all runs of a job may leave together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArtifactLimits {
    /// Files.
    pub files: u32,
    /// Bytes of them.
    pub bytes: u64,
}

/// What is left of it.
pub(super) struct Allowance(Mutex<ArtifactLimits>);

impl Allowance {
    /// All of it.
    pub(super) fn new(limits: ArtifactLimits) -> Self {
        Self(Mutex::new(limits))
    }

    fn left(&self) -> ArtifactLimits {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what a file needs. Returns whether that was left.
    fn take(&self, bytes: u64) -> bool {
        let left = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (left.files.checked_sub(1), left.bytes.checked_sub(bytes)) {
            (Some(files), Some(bytes)) => {
                *left = ArtifactLimits { files, bytes };
                true
            }
            _ => false,
        }
    }
}

impl Work<'_> {
    /// Reports the files that a run left in its box, where the job wants any. Those that it was given do not count,
    /// unless it has changed them: the job's own, and what the compilation made.
    ///
    /// # Errors
    /// [`SandboxError`].
    pub(super) async fn keep_artifacts(
        &self,
        sandbox: &mut Sandbox,
        id: u32,
        compiled: Option<u32>,
        step: Step,
        result: &mut StepResult,
    ) -> Result<(), SandboxError> {
        if self.spec.artifacts.is_empty() || result.verdict == Verdict::Cancelled {
            return Ok(());
        }
        let left = self.allowance.left();
        let wanted = Wanted {
            patterns: &self.spec.artifacts,
            // Its own files come along, and are no artifacts.
            most_files: left.files.saturating_add(u32::try_from(self.spec.files.len()).unwrap_or(u32::MAX)),
            most_bytes: left.bytes.saturating_add(self.spec.content_bytes()),
            unlike: compiled,
        };
        let Collected { files, mut left_out, .. } = sandbox.collect(id, &wanted).await?;
        for CollectedFile { path, content, .. } in files.into_iter().filter(|file| is_new(self.spec, file)) {
            match self.allowance.take(content.len() as u64) {
                // A link that is gone has no use for it.
                true => drop(self.reporter.send(Report::Artifact { step, path, content }).await),
                false => left_out = true,
            }
        }
        if left_out {
            result.flags.push(Flag::ArtifactsCut);
        }
        Ok(())
    }
}

/// Whether it is not one of the job's own files, as it was.
fn is_new(spec: &JobSpec, file: &CollectedFile) -> bool {
    !spec.files.iter().any(|own| own.path == file.path && own.content.bytes() == file.content)
}

#[cfg(test)]
mod tests {
    use protocol::SourceFile;

    use super::*;

    #[test]
    fn a_jobs_own_files_are_new_only_where_they_are_changed() {
        let own = SourceFile { path: "data.txt".into(), content: "1".into() };
        let spec = JobSpec { files: vec![own], ..JobSpec::default() };
        let file = |path: &str, content: &'static str| CollectedFile {
            path: path.into(),
            executable: false,
            content: content.into(),
        };
        assert!(!is_new(&spec, &file("data.txt", "1")));
        assert!(is_new(&spec, &file("data.txt", "2")));
        assert!(is_new(&spec, &file("copy.txt", "1")));
    }

    #[test]
    fn all_runs_share_one_allowance() {
        let allowance = Allowance::new(ArtifactLimits { files: 2, bytes: 10 });
        assert!(allowance.take(6));
        assert!(!allowance.take(5), "too large");
        assert!(allowance.take(4));
        assert!(!allowance.take(0), "too many");
        assert_eq!(allowance.left(), ArtifactLimits { files: 0, bytes: 0 });
    }
}
