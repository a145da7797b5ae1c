//! `runner images build` and `runner images list`.

use std::io::{self, Write};
use std::path::PathBuf;

use bollard::Docker;

use super::build::{BuildRequest, build};
use super::progress::reporter;
use super::recipes::Recipes;
use super::status::list;
use super::table::{Listed, write_json, write_table};
use super::{Error, versions};
use crate::languages::{self, Language};

/// What the command line asks for.
#[derive(Debug, Clone)]
pub struct ImagesArgs {
    /// The folder with the operator's own languages and their Dockerfiles.
    pub languages_dir: Option<PathBuf>,
    /// What to do.
    pub action: ImagesAction,
}

/// What to do with images.
#[derive(Debug, Clone)]
pub enum ImagesAction {
    /// Build what is not current.
    Build(BuildArgs),
    /// Say what is there.
    List {
        /// As JSON, for programs.
        json: bool,
    },
}

/// What to build.
#[derive(Debug, Clone, Default)]
pub struct BuildArgs {
    /// Which images, by their own names or by their languages; none means all.
    pub names: Vec<String>,
    /// The image to build on.
    pub base: Option<String>,
    /// The network to build in.
    pub network: Option<String>,
    /// Build even what is current.
    pub force: bool,
}

/// Does what was asked for. Progress goes to stderr, the list to stdout.
///
/// # Errors
/// [`Error`] names the image, language or file.
pub async fn command(docker: &Docker, args: &ImagesArgs) -> Result<(), Error> {
    let recipes = Recipes::load(args.languages_dir.as_deref())?;
    let languages = languages::load(args.languages_dir.as_deref())?;
    match &args.action {
        ImagesAction::Build(args) => {
            let names = images_of(&args.names, &languages, &recipes)?;
            let request = BuildRequest {
                recipes: &recipes,
                names: &names,
                base: args.base.as_deref(),
                network: args.network.as_deref(),
                force: args.force,
            };
            build(docker, &request, reporter().as_ref()).await
        }
        ImagesAction::List { json } => {
            let images = list(docker, &recipes).await?;
            let versions = versions::of(docker, &images, &languages).await;
            let listed = images.into_iter().zip(versions);
            let listed: Vec<Listed> =
                listed.map(|(status, languages)| Listed { status, languages }).collect();
            let mut out = io::stdout().lock();
            match json {
                true => write_json(&mut out, &listed)?,
                false => write_table(&mut out, &listed)?,
            }
            Ok(out.flush()?)
        }
    }
}

/// The images that are meant, each once: languages are asked for by id or by another of their names. What is both
/// means the image, and with it all its languages.
fn images_of(names: &[String], languages: &[Language], recipes: &Recipes) -> Result<Vec<String>, Error> {
    let mut images: Vec<String> = Vec::new();
    for name in names {
        let speaks = |language: &&Language| language.id == *name || language.aliases.contains(name);
        let image = match recipes.contains(name) {
            true => Some(name),
            false => languages.iter().find(speaks).map(|language| &language.image),
        };
        let image =
            image.ok_or_else(|| Error::Unknown { name: name.clone(), known: known(languages, recipes) })?;
        if !images.contains(image) {
            images.push(image.clone());
        }
    }
    Ok(images)
}

fn known(languages: &[Language], recipes: &Recipes) -> Vec<String> {
    let ids = languages.iter().map(|language| language.id.clone());
    let mut known: Vec<String> = ids.chain(recipes.names().map(str::to_owned)).collect();
    known.sort_unstable();
    known.dedup();
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_built_by_their_images_each_once() {
        let (languages, recipes) = (languages::built_in().unwrap(), Recipes::embedded());
        let images = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            images_of(&names, &languages, &recipes)
        };
        assert_eq!(images(&["cpp17", "c++", "js", "typescript", "gcc"]).unwrap(), ["gcc", "node"]);
        assert_eq!(images(&[]).unwrap(), Vec::<String>::new());
        let message = images(&["cobol"]).unwrap_err().to_string();
        assert!(
            message.contains("`cobol`") && message.contains("cpp17") && message.contains("jdk"),
            "{message}"
        );
    }
}
