//! Links to jobs: whoever has one sees the program and its result, without an account. A link has 256 random bits; what is
//! kept is the job that it leads to, under the job's id and the bits' fingerprint.

use protocol::{JobId, Problem, ProblemKind, Secret};

use super::records::{self, internal};
use super::secret::{self, Fingerprint};
use super::{Caller, Deed, Identity};
use crate::clock;

/// What a link's token begins with.
const SHARE: &str = "ruche_share_";

/// Links of one job that there may be.
const MOST: usize = 100;

/// The job stands in the token, so that its links are found without a second document.
fn key(job: JobId, secret: &Secret) -> String {
    format!("{job}.{}", Fingerprint::of(secret).as_str())
}

impl Identity {
    /// Makes a link to a job, for a caller who may.
    ///
    /// # Errors
    /// Where links are off, the job has too many, or the store fails.
    pub async fn share(&self, caller: &Caller, job: JobId) -> Result<Secret, Problem> {
        self.check_sharing()?;
        let there = self.store.documents(records::SHARE, &prefix(job), "", MOST).await;
        if there.map_err(internal)?.len() >= MOST {
            return Err(Problem::new(ProblemKind::Conflict, format!("the job has {MOST} links already")));
        }
        let secret = secret::new(SHARE);
        let expires_at = clock::now().checked_add(self.rules.share_life).ok();
        records::create(&*self.store, records::SHARE, &key(job, &secret), &job, expires_at).await?;
        let subject = job.to_string();
        self.note(Deed::of(caller, "job_shared", Some(&subject))).await;
        Ok(Secret::from(format!("{job}.{}", secret.expose())))
    }

    /// The job that a link leads to.
    ///
    /// # Errors
    /// Where there is none, links are off, or the store fails.
    pub async fn shared(&self, token: &Secret) -> Result<JobId, Problem> {
        self.check_sharing()?;
        let gone = || Problem::new(ProblemKind::NotFound, "this link leads nowhere (any more)");
        let (job, secret) = token.expose().split_once('.').ok_or_else(gone)?;
        let job: JobId = job.parse().map_err(|_| gone())?;
        let key = key(job, &Secret::from(secret.to_owned()));
        let found = self.store.document(records::SHARE, &key).await.map_err(internal)?;
        found.map(|_| job).ok_or_else(gone)
    }

    /// Takes all links to a job back.
    ///
    /// # Errors
    /// Where links are off, or the store fails.
    pub async fn unshare(&self, caller: &Caller, job: JobId) -> Result<(), Problem> {
        self.check_sharing()?;
        let links = self.store.documents(records::SHARE, &prefix(job), "", MOST).await.map_err(internal)?;
        for link in links {
            self.store.remove_document(records::SHARE, &link.key).await.map_err(internal)?;
        }
        let subject = job.to_string();
        self.note(Deed::of(caller, "job_unshared", Some(&subject))).await;
        Ok(())
    }

    fn check_sharing(&self) -> Result<(), Problem> {
        match self.rules.sharing {
            true => Ok(()),
            false => {
                Err(Problem::new(ProblemKind::Forbidden, "this cluster's operator has turned links off"))
            }
        }
    }
}

fn prefix(job: JobId) -> String {
    format!("{job}.")
}
