//! `runner images build` and `runner images list`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bollard::Docker;
use indicatif::DecimalBytes;

use super::Error;
use super::build::{BuildRequest, build};
use super::progress::reporter;
use super::recipes::{FolderError, Recipes};
use super::status::{ImageStatus, list};

/// What the command line asks for.
#[derive(Debug, Clone)]
pub enum ImagesArgs {
    /// Build what is not current.
    Build(BuildArgs),
    /// Say what is there.
    List {
        /// As JSON, for programs.
        json: bool,
        /// A folder of recipes to use instead of the embedded ones.
        recipes: Option<PathBuf>,
    },
}

/// What to build.
#[derive(Debug, Clone, Default)]
pub struct BuildArgs {
    /// Which images; none means all.
    pub names: Vec<String>,
    /// The image to build on.
    pub base: Option<String>,
    /// The network to build in.
    pub network: Option<String>,
    /// Build even what is current.
    pub force: bool,
    /// A folder of recipes to use instead of the embedded ones.
    pub recipes: Option<PathBuf>,
}

/// Does what was asked for. Progress goes to stderr, the list to stdout.
pub async fn command(docker: &Docker, args: &ImagesArgs) -> Result<(), Error> {
    match args {
        ImagesArgs::Build(args) => {
            let recipes = recipes(args.recipes.as_deref())?;
            let request = BuildRequest {
                recipes: &recipes,
                names: &args.names,
                base: args.base.as_deref(),
                network: args.network.as_deref(),
                force: args.force,
            };
            build(docker, &request, reporter().as_ref()).await
        }
        ImagesArgs::List { json, recipes: folder } => {
            let images = list(docker, &recipes(folder.as_deref())?).await?;
            let mut out = io::stdout().lock();
            match json {
                true => write_json(&mut out, &images)?,
                false => write_table(&mut out, &images)?,
            }
            Ok(())
        }
    }
}

fn recipes(folder: Option<&Path>) -> Result<Recipes, FolderError> {
    folder.map_or_else(|| Ok(Recipes::embedded()), Recipes::from_folder)
}

fn write_json(out: &mut impl Write, images: &[ImageStatus]) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, images)?;
    writeln!(out)
}

fn write_table(out: &mut impl Write, images: &[ImageStatus]) -> io::Result<()> {
    writeln!(out, "{:<10} {:<24} {:<10} {:>10}  CREATED", "NAME", "IMAGE", "STATE", "SIZE")?;
    for image in images {
        let size = if image.present { DecimalBytes(image.size_bytes).to_string() } else { "-".to_owned() };
        let created = image.created.as_deref().map_or("-", to_the_second);
        writeln!(out, "{:<10} {:<24} {:<10} {size:>10}  {created}", image.name, image.tag, state(image))?;
    }
    Ok(())
}

fn state(image: &ImageStatus) -> &'static str {
    match (image.present, image.current) {
        (false, _) => "missing",
        (true, false) => "outdated",
        (true, true) => "current",
    }
}

/// Docker writes nanoseconds, which nobody reads.
fn to_the_second(created: &str) -> &str {
    created.split('.').next().unwrap_or(created)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(present: bool, current: bool) -> ImageStatus {
        let created = present.then(|| "2026-11-24T00:19:07.123456789Z".to_owned());
        let tag = "ruche/gcc:latest".to_owned();
        ImageStatus { name: "gcc".into(), tag, present, current, size_bytes: 401_000_000, created }
    }

    #[test]
    fn the_table_says_what_state_each_image_is_in() {
        let mut out = Vec::new();
        write_table(&mut out, &[image(false, false), image(true, false), image(true, true)]).unwrap();
        let text = String::from_utf8(out).unwrap();
        let rows: Vec<_> =
            text.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>()).collect();
        assert_eq!(rows[0], ["gcc", "ruche/gcc:latest", "missing", "-", "-"]);
        assert_eq!(rows[1][2..], ["outdated", "401.00", "MB", "2026-11-24T00:19:07"]);
        assert_eq!(rows[2][2], "current");
    }

    #[test]
    fn the_json_is_a_list_of_images() {
        let mut out = Vec::new();
        write_json(&mut out, &[image(true, true)]).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value[0]["size_bytes"], 401_000_000);
    }
}
