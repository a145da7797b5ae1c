//! Files that programs leave.

use std::path::PathBuf;

use clap::{ArgAction, ValueHint};
use protocol::JobId;

use super::ViewArgs;
use crate::messages::help;

/// What of a run's files is kept where only a folder to write to is given.
const NEW_FILES: &str = "*";

/// What to do with the files that the program leaves.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct KeepArgs {
    /// Keep the files that the program leaves and that match: *, ? and […] within a name, ** for any folders. May be given
    /// more than once [default with --out: '*'].
    #[arg(long, value_name = "PATTERN", action = ArgAction::Append)]
    pub artifact: Vec<String>,

    /// Write them below this folder in the end, in place of files of these names.
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, conflicts_with = "detach")]
    pub out: Option<PathBuf>,
}

impl KeepArgs {
    /// The patterns to send with the job.
    pub fn patterns(&self) -> Vec<String> {
        match self.artifact.is_empty() && self.out.is_some() {
            true => vec![NEW_FILES.to_owned()],
            false => self.artifact.clone(),
        }
    }
}

/// Arguments of `artifacts`.
#[derive(Debug, clap::Args)]
#[command(after_help = help::ARTIFACTS)]
pub struct ArtifactsArgs {
    /// The job's id.
    #[arg(value_name = "ID")]
    pub id: JobId,

    /// Write them below this folder, in place of files of these names; those of several runs into run-0, run-1 and so on.
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,

    /// How to show them.
    #[command(flatten)]
    pub view: ViewArgs,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_alone_asks_for_new_files_beside_the_program() {
        let out = Some(PathBuf::from("out"));
        let keep = |artifact: &[&str], out: &Option<PathBuf>| {
            let artifact = artifact.iter().map(|&pattern| pattern.to_owned()).collect();
            KeepArgs { artifact, out: out.clone() }.patterns()
        };
        assert_eq!(keep(&[], &out), ["*"]);
        assert_eq!(keep(&["**/*.png", "log"], &out), ["**/*.png", "log"]);
        assert!(keep(&[], &None).is_empty());
    }
}
