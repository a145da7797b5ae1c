//! What a runner can offer, and keeps being able to: Docker is asked once a second how it is, and the images every
//! few seconds and whenever a sandbox cannot be started.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use protocol::runner::LanguageOffer;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::{Node, gate};
use crate::images;
use crate::languages::Language;
use crate::sandbox::docker::DockerError;
use crate::telemetry::PERIOD;

/// How often the images are looked at without a reason.
const LOOK: Duration = Duration::from_secs(10);

/// How long Docker may take to say which images it has.
const LOOK_TIMEOUT: Duration = Duration::from_secs(10);

/// How many languages are tried at once: each starts a container, and Docker makes these one after the other anyway.
const CHECKS_AT_ONCE: usize = 4;

/// What works on this host.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Works {
    /// The languages.
    pub languages: Vec<LanguageOffer>,
    /// Why the others do not work, by their ids.
    pub troubles: BTreeMap<String, String>,
    /// The ids of the images that can be used, by name.
    pub images: BTreeMap<String, String>,
}

/// What became of a language with the image that there was then.
#[derive(Debug)]
struct Checked {
    image_id: String,
    offer: Result<LanguageOffer, String>,
}

/// What is known so far.
#[derive(Debug, Default)]
struct Findings {
    /// Whether what an earlier life left has been removed.
    cleared: bool,
    /// Whether Docker answered when it was asked last.
    answered: bool,
    looked: Option<Instant>,
    /// The ids of the images that can be used, by name.
    images: BTreeMap<String, String>,
    checked: BTreeMap<String, Checked>,
    /// What was logged last.
    told: String,
}

/// Keeps the offers, the pool and the node's health up to date. Does not return.
pub(super) async fn keep(node: &Node) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut findings = Findings::default();
    let mut gate = node.gate.subscribe();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            // What is known of the sandbox decides whether jobs may come: not a second later.
            _ = gate.changed() => {}
            () = node.pool.troubles_changed() => findings.looked = None,
        }
        let health = findings.refresh(node).await;
        let offered = gate::offer(node, health.is_err());
        let health = health.and(offered);
        node.health.send_if_modified(|now| {
            let news = now.as_ref() != Some(&health);
            *now = Some(health);
            news
        });
    }
}

/// Looks once.
///
/// # Errors
/// Why nothing works here, for people.
pub(super) async fn look(node: &Node) -> Result<(), String> {
    Findings::default().refresh(node).await
}

impl Findings {
    /// Looks at everything that is due.
    ///
    /// # Errors
    /// Why no job can be run here, for people.
    async fn refresh(&mut self, node: &Node) -> Result<(), String> {
        let answer = self.ask_docker(node).await;
        if answer.is_ok() && !self.answered {
            // Whatever failed, failed for that.
            node.pool.retry(|_| true);
            self.looked = None;
        }
        self.answered = answer.is_ok();
        answer.map_err(|error| error.to_string())?;
        if self.looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
            self.look(node).await.map_err(|error| error.to_string())?;
            self.looked = Some(Instant::now());
        }
        node.pool.maintain();
        self.publish(node)
    }

    async fn ask_docker(&mut self, node: &Node) -> Result<(), DockerError> {
        let docker = &node.sandboxes.docker;
        docker.ping().await?;
        if !self.cleared {
            let count = docker.remove_all(&node.config.name).await?;
            if count > 0 {
                tracing::info!(count, "removed sandbox containers that an earlier runner left");
            }
            node.sandboxes.cgroups.clear().await;
            self.cleared = true;
        }
        Ok(())
    }

    /// Looks at the images, and tries languages whose image is new or did not work.
    async fn look(&mut self, node: &Node) -> Result<(), LookError> {
        let found = timeout(LOOK_TIMEOUT, self.find(node)).await;
        let found = found.map_err(|_| DockerError::Silent(LOOK_TIMEOUT))??;
        for name in without(&self.images, &found) {
            node.pool.discard(&images::tag(name));
        }
        let new: BTreeSet<String> = without(&found, &self.images).map(|name| images::tag(name)).collect();
        node.pool.retry(|image| new.contains(image));
        self.images = found;
        let names: BTreeSet<String> = self.images.keys().map(|name| images::tag(name)).collect();
        node.pool.keep(&names);
        let due = node.languages.iter().filter_map(|language| {
            let id = self.images.get(&language.image)?;
            let checked = self.checked.get(&language.id);
            let settled = checked.is_some_and(|checked| checked.image_id == *id && checked.offer.is_ok());
            (!settled).then(|| check(node, language, id))
        });
        let checked =
            stream::iter(due.collect::<Vec<_>>()).buffer_unordered(CHECKS_AT_ONCE).collect::<Vec<_>>();
        self.checked.extend(checked.await);
        Ok(())
    }

    /// The images that can be used; and removes containers that nobody looks after.
    async fn find(&self, node: &Node) -> Result<BTreeMap<String, String>, LookError> {
        let docker = node.sandboxes.docker.get().await?;
        let names: BTreeSet<&String> = node.languages.iter().map(|language| &language.image).collect();
        let mut found = BTreeMap::new();
        for name in names {
            if let Some(id) = images::current(docker, &node.recipes, name).await? {
                found.insert(name.clone(), id);
            }
        }
        let count = node.sandboxes.docker.sweep(&node.config.name).await?;
        if count > 0 {
            tracing::info!(count, "removed sandbox containers that were left while Docker did not answer");
        }
        Ok(found)
    }

    /// Says what works now.
    ///
    /// # Errors
    /// Why nothing does, where nothing does.
    fn publish(&mut self, node: &Node) -> Result<(), String> {
        let troubles = node.pool.troubles();
        let mut languages = Vec::new();
        let mut reasons = Vec::new();
        for language in &node.languages {
            match self.offer(language, &troubles) {
                Ok(offer) => languages.push(offer.clone()),
                Err(reason) => reasons.push((language.id.as_str(), reason)),
            }
        }
        let troubles = reasons.iter().map(|(id, why)| ((*id).to_owned(), why.clone())).collect();
        let reasons = summary(&reasons);
        if self.told != reasons {
            match reasons.as_str() {
                "" => tracing::info!("all languages work"),
                reasons => tracing::warn!(reasons, "languages do not work"),
            }
            self.told.clone_from(&reasons);
        }
        let works = Works { languages, troubles, images: self.images.clone() };
        let any = !works.languages.is_empty();
        node.works.send_if_modified(|now| {
            let news = *now != works;
            *now = works;
            news
        });
        any.then_some(()).ok_or_else(|| format!("no language works here: {reasons}"))
    }

    /// The offer of a language that works.
    ///
    /// # Errors
    /// Why it does not.
    fn offer(
        &self,
        language: &Language,
        troubles: &BTreeMap<String, String>,
    ) -> Result<&LanguageOffer, String> {
        if !self.images.contains_key(&language.image) {
            return Err("its image is missing or out of date: run `runner images build`".to_owned());
        }
        if let Some(trouble) = troubles.get(&images::tag(&language.image)) {
            return Err(trouble.clone());
        }
        match self.checked.get(&language.id).map(|checked| &checked.offer) {
            Some(offer) => offer.as_ref().map_err(Clone::clone),
            None => Err("it has not been tried yet".to_owned()),
        }
    }
}

/// Why images could not be looked at.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error(transparent)]
    Docker(#[from] DockerError),
    #[error(transparent)]
    Images(#[from] images::Error),
}

async fn check(node: &Node, language: &Language, image_id: &str) -> (String, Checked) {
    let offer = node.check(language).await;
    (language.id.clone(), Checked { image_id: image_id.to_owned(), offer })
}

/// The images among these that the others do not have, or not with the same id.
fn without<'a>(
    images: &'a BTreeMap<String, String>,
    others: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = &'a String> {
    images.iter().filter(|(name, id)| others.get(*name) != Some(id)).map(|(name, _)| name)
}

/// Reasons by language in one line, each reason once.
fn summary(reasons: &[(&str, String)]) -> String {
    let mut grouped: Vec<(&str, Vec<&str>)> = Vec::new();
    for (language, reason) in reasons {
        match grouped.iter_mut().find(|(other, _)| other == reason) {
            Some((_, languages)) => languages.push(language),
            None => grouped.push((reason, vec![language])),
        }
    }
    let lines = grouped.into_iter().map(|(reason, languages)| format!("{}: {reason}", languages.join(", ")));
    lines.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_told_once() {
        let reasons =
            [("c", "no image".to_owned()), ("java", "no heap".to_owned()), ("cpp", "no image".to_owned())];
        assert_eq!(summary(&reasons), "c, cpp: no image; java: no heap");
        assert_eq!(summary(&[]), "");
    }

    #[test]
    fn images_that_went_and_came_are_told_by_their_ids() {
        let images = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, id)| (name.to_string(), id.to_string())).collect()
        };
        let before = images(&[("gcc", "1"), ("jdk", "1"), ("python", "1")]);
        let now = images(&[("gcc", "1"), ("jdk", "2"), ("rust", "1")]);
        assert_eq!(without(&before, &now).collect::<Vec<_>>(), ["jdk", "python"]);
        assert_eq!(without(&now, &before).collect::<Vec<_>>(), ["jdk", "rust"]);
    }
}
