//! Between what works on this host and what is offered: languages are offered once the sandbox has withstood the
//! hostile programs here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use protocol::runner::{LanguageOffer, SelfTest};

use super::{AGENT, Node};
use crate::config::DEFAULT_LIMITS;
use crate::digest;
use crate::images::{self, ImageStatus};
use crate::languages::Language;
use crate::sandbox::docker::DockerError;
use crate::selftest::attack::{Attack, HeadError};
use crate::selftest::{self, Outcome, RecordError, Records};
use crate::worker::Workshop;

/// What a runner offers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Offers {
    /// The languages.
    pub languages: Vec<LanguageOffer>,
    /// How its sandbox withstood the hostile programs, where that was tried.
    pub selftest: Option<SelfTest>,
    /// Whether that is all there is to say, rather than that it is still being tried.
    pub decided: bool,
}

/// Whether languages may be offered.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Gate {
    /// It is not known yet.
    #[default]
    Untested,
    /// So many attacks of so many have been tried.
    Testing(usize, usize),
    /// They may.
    Open(Option<SelfTest>),
    /// They may not: the result, where there is one, and the reason for people.
    Failed(Option<SelfTest>, String),
}

/// Why the sandbox could not be tried.
#[derive(Debug, thiserror::Error)]
pub enum SelftestError {
    /// A hostile program cannot be read.
    #[error("self-test: {0}")]
    Head(#[from] HeadError),
    /// Earlier results cannot be read, or this one not be kept.
    #[error("self-test: {0}")]
    Record(#[from] RecordError),
    /// Docker's.
    #[error("self-test: {0}")]
    Docker(#[from] DockerError),
    /// The runner stops.
    #[error("self-test: interrupted")]
    Interrupted,
}

impl Gate {
    /// Whether it will stay as it is.
    fn is_decided(&self) -> bool {
        matches!(self, Self::Open(_) | Self::Failed(..))
    }

    /// Why no job may come, where none may.
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Open(_) => None,
            Self::Untested => Some("the self-test is about to begin".to_owned()),
            Self::Testing(tried, of) => Some(format!("self-test: {tried} of {of} attacks tried")),
            Self::Failed(_, reason) => Some(format!("failed its self-test: {reason}")),
        }
    }

    fn result(&self) -> Option<&SelfTest> {
        match self {
            Self::Open(result) | Self::Failed(result, _) => result.as_ref(),
            Self::Untested | Self::Testing(..) => None,
        }
    }
}

/// After how long a failed test is done again: what made it fail may have been mended, or the host too busy.
const AGAIN: Duration = Duration::from_secs(300);

/// Tests sandboxes of images that have not been tested yet, as they come. Does not return.
pub(super) async fn keep(node: &Node) {
    let mut works = node.works.subscribe();
    loop {
        let failed = matches!(*node.gate.borrow(), Gate::Failed(..));
        let again = tokio::select! {
            changed = works.changed() => match changed {
                Ok(()) => false,
                Err(_) => return,
            },
            () = tokio::time::sleep(AGAIN), if failed => true,
        };
        let images = works.borrow_and_update().images.clone();
        if again || !node.is_tested(&images) {
            node.gate.send_replace(Gate::Untested);
            let gate = node.test().await;
            node.tested.send_replace(images);
            node.gate.send_replace(gate);
        }
    }
}

/// Offers what works, once the gate is open. A runner that is `ill` has nothing to be tested.
///
/// # Errors
/// Why it is not, for people.
pub(super) fn offer(node: &Node, ill: bool) -> Result<(), String> {
    let works = node.works.borrow().clone();
    let gate = match node.gate.borrow().clone() {
        // The images are newer than what was tested.
        gate if gate.is_decided() && !node.is_tested(&works.images) => Gate::Untested,
        gate => gate,
    };
    let decided = ill || gate.is_decided();
    let languages = match gate {
        Gate::Open(_) => works.languages,
        _ => Vec::new(),
    };
    let offers = Offers { languages, selftest: gate.result().cloned(), decided };
    node.offers.send_if_modified(|now| {
        let news = **now != offers;
        *now = Arc::new(offers);
        news
    });
    gate.reason().map_or(Ok(()), Err)
}

impl Node {
    /// Whether sandboxes of all these images have been tested, whatever came of it.
    fn is_tested(&self, images: &BTreeMap<String, String>) -> bool {
        let tested = self.tested.borrow();
        images.iter().all(|(name, id)| tested.get(name) == Some(id))
    }

    /// Tries the sandboxes, unless they were tried before; the gate opens where they withstand.
    async fn test(&self) -> Gate {
        let gate = match self.config.selftest {
            false => {
                tracing::warn!("languages are offered without a self-test (selftest = false)");
                Gate::Open(None)
            }
            true => self.try_sandbox().await.unwrap_or_else(|error| Gate::Failed(None, error.to_string())),
        };
        if let Gate::Failed(_, reason) = &gate {
            tracing::error!(reason, "nothing is offered: `runner selftest` tells more");
        }
        gate
    }

    async fn try_sandbox(&self) -> Result<Gate, SelftestError> {
        let attacks = self.attacks()?;
        if attacks.is_empty() {
            tracing::warn!(
                "no language here has hostile programs: languages are offered without a self-test"
            );
            return Ok(Gate::Open(None));
        }
        let (make, records) = self.records(&attacks).await?;
        if let Some(passed) = records.passed(&make) {
            return Ok(Gate::Open(Some(passed)));
        }
        tracing::info!(attacks = attacks.len(), "self-test: attacking this host's sandboxes");
        let mut tried = 0;
        let outcome = self.attack(&attacks, |_| {
            tried += 1;
            self.gate.send_replace(Gate::Testing(tried, attacks.len()));
        });
        let outcome = outcome.await;
        records.keep(&make, &outcome.summary)?;
        let failed = outcome.summary.failed.len();
        tracing::info!(took_ms = outcome.took_ms, failed, "self-test: done");
        Ok(match failed {
            0 => Gate::Open(Some(outcome.summary)),
            _ => Gate::Failed(Some(outcome.summary.clone()), outcome.complaints().join("; ")),
        })
    }

    /// The attacks in the languages that work here.
    ///
    /// # Errors
    /// [`SelftestError::Head`].
    pub fn attacks(&self) -> Result<Vec<(Workshop, Attack)>, SelftestError> {
        let works = self.works.borrow();
        let workshop = |id: &str| {
            let language = self.languages.iter().find(|language| language.id == id)?;
            // What an attack does not limit itself is the same on every host.
            let workshop = || Workshop { default_limits: DEFAULT_LIMITS, ..self.workshop(language) };
            works.languages.iter().any(|offer| offer.id == id).then(workshop)
        };
        Ok(selftest::attacks(workshop)?)
    }

    /// The languages that this runner may offer.
    pub fn languages(&self) -> &[Arc<Language>] {
        &self.languages
    }

    /// What it takes to run programs of a language here, without a job's slot, and its version.
    ///
    /// # Errors
    /// Why it does not work, for people.
    pub fn working(&self, id: &str) -> Result<(Workshop, Option<String>), String> {
        let works = self.works.borrow();
        let language = self.languages.iter().find(|language| language.id == id);
        let offer = works.languages.iter().find(|offer| offer.id == id);
        match language.zip(offer) {
            Some((language, offer)) => Ok((self.workshop(language), offer.version.clone())),
            None => {
                Err(works.troubles.get(id).cloned().unwrap_or_else(|| "there is no such language".to_owned()))
            }
        }
    }

    /// The images that there are recipes for, as Docker has them.
    ///
    /// # Errors
    /// Why Docker does not say, for people.
    pub async fn images(&self) -> Result<Vec<ImageStatus>, String> {
        let docker = self.sandboxes.docker.get().await.map_err(|error| error.to_string())?;
        images::list(docker, &self.recipes).await.map_err(|error| error.to_string())
    }

    /// Tries attacks, as many at a time as this runner takes jobs.
    pub async fn attack(
        &self,
        attacks: &[(Workshop, Attack)],
        ended: impl FnMut(&selftest::Trial),
    ) -> Outcome {
        selftest::run(attacks, self.config.max_jobs as usize, ended).await
    }

    /// The results of earlier tests, and the make under which this one belongs there. Waits while another runner
    /// of this host tests: its result may be ours.
    ///
    /// # Errors
    /// [`SelftestError`].
    pub async fn records(&self, attacks: &[(Workshop, Attack)]) -> Result<(String, Records), SelftestError> {
        let images = attacks.iter().map(|(workshop, _)| workshop.own.image.as_str());
        let mut parts = self.sandboxes.make(images).await?;
        parts.push(AGENT.to_vec());
        for (workshop, attack) in attacks {
            parts.push(format!("{:?} {:?}", workshop.own.language, attack).into_bytes());
        }
        let folder = self.config.state_dir.clone();
        let records = tokio::task::spawn_blocking(move || Records::open(&folder)).await;
        Ok((digest::of(&parts), records.map_err(|_| SelftestError::Interrupted)??))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_open_gate_gives_no_reason() {
        assert_eq!(Gate::Open(None).reason(), None);
        assert_eq!(Gate::Testing(3, 61).reason().as_deref(), Some("self-test: 3 of 61 attacks tried"));
        let failed = Gate::Failed(None, "ptrace: ESCAPED".to_owned());
        assert!(failed.is_decided() && failed.reason().is_some_and(|reason| reason.contains("ptrace")));
        assert!(!Gate::Untested.is_decided());
    }
}
