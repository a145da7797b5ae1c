//! Builds images with Docker's classic builder, which every engine still has.

use std::collections::HashMap;

use bollard::Docker;
use bollard::models::BuildInfo;
use bollard::query_parameters::{BuildImageOptions, BuildImageOptionsBuilder, RemoveImageOptions};
use bytes::Bytes;
use futures_util::StreamExt;

use super::base::{self, Base};
use super::progress::{Event, Progress};
use super::recipes::{Recipes, dockerfile};
use super::tail::Tail;
use super::{BASE_LABEL, Error, RECIPE_LABEL, said, status, tag};

/// What to build, and how.
#[derive(Debug, Clone, Copy)]
pub struct BuildRequest<'a> {
    /// Where the images are described.
    pub recipes: &'a Recipes,
    /// Which of them; none named means all.
    pub names: &'a [String],
    /// The image to build on instead of Debian's.
    pub base: Option<&'a str>,
    /// The network to build in instead of the one that suits the base.
    pub network: Option<&'a str>,
    /// Build even what is current, and without Docker's cache.
    pub force: bool,
}

/// Builds what is not current, and says so while it does.
pub async fn build(
    docker: &Docker,
    request: &BuildRequest<'_>,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let here = match (base::find(docker, request.base).await?, request.base) {
        // Without the base asked for, nothing can be said to be built on it.
        (None, Some(wanted)) => Some(base::obtain(docker, Some(wanted), progress).await?),
        (here, _) => here,
    };
    let mut stale = Vec::new();
    for name in request.chosen()? {
        match request.force || !is_current(docker, request.recipes, &name, here.as_ref()).await? {
            true => stale.push(name),
            false => progress.event(&name, Event::Current),
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    let base = match here {
        Some(base) => base,
        None => base::obtain(docker, None, progress).await?,
    };
    for name in stale {
        build_one(docker, request, &base, &name, progress).await?;
    }
    Ok(())
}

impl BuildRequest<'_> {
    fn chosen(&self) -> Result<Vec<String>, Error> {
        let known = || self.recipes.names().map(str::to_owned).collect();
        match self.names.iter().find(|name| !self.recipes.contains(name)) {
            Some(name) => Err(Error::Unknown { name: name.clone(), known: known() }),
            None if self.names.is_empty() => Ok(known()),
            None => Ok(self.names.to_vec()),
        }
    }

    fn options(&self, name: &str, base: &Base) -> BuildImageOptions {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let recipe = self.recipes.fingerprint(name, &base.id);
        BuildImageOptionsBuilder::new()
            .dockerfile(&dockerfile(name))
            .t(&tag(name))
            .buildargs(&HashMap::from([pair("BASE", &base.reference)]))
            .labels(&HashMap::from([pair(RECIPE_LABEL, &recipe), pair(BASE_LABEL, &base.id)]))
            .networkmode(self.network.or(base.network()).unwrap_or_default())
            .nocache(self.force)
            .rm(true)
            .forcerm(true)
            .build()
    }
}

async fn is_current(
    docker: &Docker,
    recipes: &Recipes,
    name: &str,
    base: Option<&Base>,
) -> Result<bool, Error> {
    let image = status::find(docker, &tag(name)).await?;
    let base_id = base.map(|base| base.id.as_str());
    Ok(image.is_some_and(|image| status::matches_recipe(recipes, name, &image, base_id)))
}

async fn build_one(
    docker: &Docker,
    request: &BuildRequest<'_>,
    base: &Base,
    name: &str,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let before = status::find(docker, &tag(name)).await?.and_then(|image| image.id);
    let context = bollard::body_full(Bytes::from(request.recipes.context(name)?));
    let mut answers = docker.build_image(request.options(name, base), None, Some(context));
    let mut follower = Follower::new(name, progress);
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(info) => follower.take(&info),
            Err(error) => return Err(follower.failure(error)),
        }
    }
    let built = docker.inspect_image(&tag(name)).await;
    let built = built.map_err(Error::docker(format!("{name} was built, but cannot be found")))?;
    progress.event(name, Event::Done { size: status::size(&built) });
    if let Some(before) = before.filter(|before| Some(before) != built.id.as_ref()) {
        forget(docker, &before).await;
    }
    Ok(())
}

/// Removes the image that a new one has taken the name of. One that containers still use has to stay.
async fn forget(docker: &Docker, id: &str) {
    if let Err(error) = docker.remove_image(id, None::<RemoveImageOptions>, None).await {
        tracing::debug!(image = id, %error, "the image that was replaced stays");
    }
}

/// Makes events of what the builder says, and keeps what an error message will need.
struct Follower<'a> {
    image: &'a str,
    progress: &'a dyn Progress,
    step: String,
    line: String,
    tail: Tail,
}

impl<'a> Follower<'a> {
    fn new(image: &'a str, progress: &'a dyn Progress) -> Self {
        let step = "0 (reading the Dockerfile)".to_owned();
        Self { image, progress, step, line: String::new(), tail: Tail::default() }
    }

    /// The builder's text comes in pieces that need not be lines.
    fn take(&mut self, info: &BuildInfo) {
        self.line.push_str(info.stream.as_deref().unwrap_or_default());
        while let Some(end) = self.line.find(['\n', '\r']) {
            let line: String = self.line.drain(..=end).collect();
            self.take_line(without_colours(&line).trim_end());
        }
    }

    fn take_line(&mut self, line: &str) {
        if let Some((number, of, instruction)) = parse_step(line) {
            self.step = format!("{number}/{of} ({instruction})");
            self.tail.clear();
            // The last steps are the builder's own, for the labels of the request: digests, and no news.
            if !instruction.starts_with("LABEL ruche.") {
                self.progress.event(self.image, Event::Step { number, of, instruction });
            }
        } else if !line.is_empty() && !is_housekeeping(line) {
            self.tail.push(line);
            self.progress.event(self.image, Event::Output(line));
        }
    }

    fn failure(self, error: bollard::errors::Error) -> Error {
        let said = said(error);
        // The command stands in the step already.
        let cause = match said.starts_with("The command '") {
            true => said.rsplit("' ").next().unwrap_or_default().to_owned(),
            false => said,
        };
        Error::Step { image: self.image.to_owned(), step: self.step, cause, tail: self.tail }
    }
}

/// `Step 3/6 : RUN make` → (3, 6, `RUN make`).
fn parse_step(line: &str) -> Option<(u32, u32, &str)> {
    let (count, instruction) = line.strip_prefix("Step ")?.split_once(" : ")?;
    let (number, of) = count.split_once('/')?;
    Some((number.parse().ok()?, of.parse().ok()?, instruction))
}

/// The builder marks what went to stderr with a colour, which has no place in a log.
fn without_colours(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().unwrap_or_default();
    let rest = parts.map(|part| part.split_once('m').map_or(part, |(_, text)| text));
    std::iter::once(first).chain(rest).collect()
}

/// What the builder says about its own layers and containers.
fn is_housekeeping(line: &str) -> bool {
    [" ---> ", "Removing intermediate", "Successfully "].iter().any(|start| line.starts_with(start))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Recorder(Mutex<Vec<String>>);

    impl Progress for Recorder {
        fn event(&self, task: &str, event: Event<'_>) {
            self.0.lock().unwrap().push(format!("{task} {event:?}"));
        }
    }

    fn says(text: &str) -> BuildInfo {
        BuildInfo { stream: Some(text.to_owned()), ..Default::default() }
    }

    #[test]
    fn steps_are_told_from_output() {
        assert_eq!(parse_step("Step 3/16 : RUN a : b"), Some((3, 16, "RUN a : b")));
        assert_eq!(parse_step("Step by step"), None);
        assert_eq!(parse_step("Step x/y : RUN"), None);
    }

    #[test]
    fn a_failure_names_the_step_and_ends_with_its_output_only() {
        let recorder = Recorder::default();
        let mut follower = Follower::new("gcc", &recorder);
        for text in [
            "Step 1/2 : FROM x\n",
            " ---> 0123\n",
            "Step 2/2",
            " : RUN false\nold",
            " \u{1b}[91mfriends\u{1b}[0m\n",
            "part",
        ] {
            follower.take(&says(text));
        }
        let error = bollard::errors::Error::DockerStreamError {
            error: "The command 'false' returned a non-zero code: 1".into(),
        };
        let shown = follower.failure(error).to_string();
        let expected = "gcc: step 2/2 (RUN false) failed: returned a non-zero code: 1\n    old friends";
        assert_eq!(shown, expected);
        let events = recorder.0.lock().unwrap();
        assert_eq!(events.len(), 3, "{events:?}");
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let recipes = Recipes::embedded();
        let names = ["python".to_owned(), "cobol".to_owned()];
        let request =
            BuildRequest { recipes: &recipes, names: &names, base: None, network: None, force: false };
        let message = request.chosen().unwrap_err().to_string();
        assert!(
            message.contains("`cobol`") && message.contains("gcc") && message.contains("jdk"),
            "{message}"
        );
        let all: Vec<&str> = recipes.names().collect();
        assert_eq!(BuildRequest { names: &[], ..request }.chosen().unwrap(), all);
    }

    #[test]
    fn the_labels_say_what_the_image_is_made_from() {
        let recipes = Recipes::embedded();
        let request = BuildRequest { recipes: &recipes, names: &[], base: None, network: None, force: false };
        let base = Base { reference: "debian:x".into(), id: "sha256:1".into() };
        let options = request.options("gcc", &base);
        let labels = options.labels.unwrap();
        assert_eq!(labels[BASE_LABEL], "sha256:1");
        assert_eq!(labels[RECIPE_LABEL], recipes.fingerprint("gcc", "sha256:1"));
        assert_eq!(options.buildargs.unwrap()["BASE"], "debian:x");
    }
}
