//! What toolchains say of their versions: asked in a container of each image, without network and by nobody's user.

use agent::message::SANDBOX_UID;
use bollard::Docker;
use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{
    CreateContainerOptions, LogsOptionsBuilder, RemoveContainerOptions, StartContainerOptions,
    WaitContainerOptions,
};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::status::ImageStatus;
use super::table::LanguageVersion;
use crate::languages::Language;

/// How many images are asked at once.
const AT_ONCE: usize = 4;

/// How long a version may be, in characters.
const LONGEST: usize = 100;

/// What stands between two toolchains' answers.
const BETWEEN: char = '\u{1e}';

/// The languages of each of these images, with what their toolchains say. One that cannot be asked says nothing.
pub async fn of(
    docker: &Docker,
    images: &[ImageStatus],
    languages: &[Language],
) -> Vec<Vec<LanguageVersion>> {
    let asked: Vec<_> = images.iter().map(|image| of_image(docker, image, languages)).collect();
    stream::iter(asked).buffered(AT_ONCE).collect().await
}

async fn of_image(docker: &Docker, image: &ImageStatus, languages: &[Language]) -> Vec<LanguageVersion> {
    let own: Vec<&Language> = languages.iter().filter(|language| language.image == image.name).collect();
    let said = match image.present && !own.is_empty() {
        true => ask(docker, &image.tag, &script(&own)).await.unwrap_or_else(|error| {
            tracing::warn!(image = image.name, %error, "the toolchains cannot be asked for their versions");
            String::new()
        }),
        false => String::new(),
    };
    let answers = said.split(BETWEEN).map(first_line).chain(std::iter::repeat(None));
    own.iter()
        .zip(answers)
        .map(|(language, version)| LanguageVersion { id: language.id.clone(), version })
        .collect()
}

/// Asks all toolchains of an image, in one container.
fn script(languages: &[&Language]) -> String {
    let ask = |language: &&Language| {
        let words: Vec<String> = language.version.iter().map(|word| quoted(word)).collect();
        format!("{} 2>&1 </dev/null; printf '\\036'\n", words.join(" "))
    };
    languages.iter().map(ask).collect()
}

/// A word as a shell takes it for what it is.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The first line that says something.
pub fn first_line(said: &str) -> Option<String> {
    let line = said.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().take(LONGEST).collect())
}

async fn ask(docker: &Docker, image: &str, script: &str) -> Result<String, bollard::errors::Error> {
    let made = docker.create_container(None::<CreateContainerOptions>, container(image, script)).await?;
    let said = run(docker, &made.id).await;
    let options = RemoveContainerOptions { force: true, v: true, ..Default::default() };
    docker.remove_container(&made.id, Some(options)).await?;
    said
}

async fn run(docker: &Docker, id: &str) -> Result<String, bollard::errors::Error> {
    docker.start_container(id, None::<StartContainerOptions>).await?;
    // How it ends is no matter: what it says is looked at.
    let _ = docker.wait_container(id, None::<WaitContainerOptions>).try_collect::<Vec<_>>().await;
    let options = LogsOptionsBuilder::new().stdout(true).build();
    let pieces: Vec<_> = docker.logs(id, Some(options)).try_collect().await?;
    let bytes: Vec<u8> = pieces.into_iter().flat_map(|piece| piece.into_bytes()).collect();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn container(image: &str, script: &str) -> ContainerCreateBody {
    let text = |text: &str| Some(text.to_owned());
    let host = HostConfig {
        cap_drop: Some(vec!["ALL".to_owned()]),
        network_mode: text("none"),
        readonly_rootfs: Some(true),
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        ..Default::default()
    };
    ContainerCreateBody {
        image: text(image),
        entrypoint: Some(vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()]),
        cmd: Some(Vec::new()),
        user: Some(format!("{SANDBOX_UID}:{SANDBOX_UID}")),
        env: Some(vec!["HOME=/box".to_owned(), "LANG=C.UTF-8".to_owned()]),
        host_config: Some(host),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_toolchain_is_asked_as_its_entry_says() {
        let languages = crate::languages::built_in().unwrap();
        let of = |image: &str| -> Vec<&Language> {
            languages.iter().filter(|language| language.image == image).collect()
        };
        assert_eq!(script(&of("python")), "'python3' '--version' 2>&1 </dev/null; printf '\\036'\n");
        assert_eq!(script(&of("gcc")).lines().count(), of("gcc").len());
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }

    #[test]
    fn a_version_is_the_first_line_with_something_in_it() {
        assert_eq!(first_line("\n  gcc 12 \nmore").as_deref(), Some("gcc 12"));
        assert_eq!(first_line(" \n"), None);
    }
}
