//! The files of a membership: a folder for each runner that this host has joined as.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::MembershipError;

/// The folder of memberships in the state folder.
const FOLDER: &str = "joined";
/// The authority of the cluster.
const AUTHORITY: &str = "ca.pem";
/// The key and its certificate, in one file so that they always belong together.
const IDENTITY: &str = "identity.pem";
/// The controllers, one a line.
const CONTROLLERS: &str = "controllers";
/// A key that a certificate was asked for. It stays until there is one, so that asking again is asking the same.
const PENDING: &str = "pending-key.pem";

/// A membership that this host has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The runner's name.
    pub name: String,
    /// Where its controllers are.
    pub controllers: Vec<String>,
}

/// The memberships below this state folder, by name. One that cannot be read is told when it is used.
pub fn joined(state_dir: &Path) -> Vec<Joined> {
    let Ok(entries) = fs::read_dir(state_dir.join(FOLDER)) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut joined: Vec<Joined> = names.filter_map(|name| look(state_dir, name)).collect();
    joined.sort_by(|one, other| one.name.cmp(&other.name));
    joined
}

fn look(state_dir: &Path, name: String) -> Option<Joined> {
    let files = Files::new(state_dir, &name);
    if !files.path(IDENTITY).exists() {
        return None;
    }
    let controllers = fs::read_to_string(files.path(CONTROLLERS)).unwrap_or_default();
    Some(Joined { name, controllers: controllers.lines().map(str::to_owned).collect() })
}

/// The folder of one membership.
#[derive(Debug, Clone)]
pub(super) struct Files(PathBuf);

/// What is in it.
pub(super) struct Contents {
    pub authority: String,
    pub identity: String,
}

impl Files {
    pub(super) fn new(state_dir: &Path, name: &str) -> Self {
        Self(state_dir.join(FOLDER).join(name))
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }

    /// What is in the folder; nothing where this host has not joined.
    pub(super) fn read(&self) -> Result<Option<Contents>, MembershipError> {
        let Some(identity) = self.read_one(IDENTITY)? else { return Ok(None) };
        let authority = self
            .read_one(AUTHORITY)?
            .ok_or_else(|| MembershipError::Unusable(self.0.clone(), format!("{AUTHORITY} is missing")))?;
        Ok(Some(Contents { authority, identity }))
    }

    /// The key that a certificate was asked for and not given.
    pub(super) fn pending(&self) -> Result<Option<String>, MembershipError> {
        self.read_one(PENDING)
    }

    /// A certificate is asked for with this key.
    pub(super) fn keep_pending(&self, key: &str) -> Result<(), MembershipError> {
        self.write(PENDING, key)
    }

    /// This host has joined.
    pub(super) fn keep(
        &self,
        authority: &str,
        controllers: &[String],
        identity: &str,
    ) -> Result<(), MembershipError> {
        self.write(AUTHORITY, authority)?;
        self.write(CONTROLLERS, &controllers.iter().map(|line| format!("{line}\n")).collect::<String>())?;
        // Last: what it is there with is whole.
        self.keep_identity(identity)?;
        match fs::remove_file(self.path(PENDING)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(MembershipError::File(self.path(PENDING), error))
            }
            _ => Ok(()),
        }
    }

    /// It has another key and certificate.
    pub(super) fn keep_identity(&self, identity: &str) -> Result<(), MembershipError> {
        self.write(IDENTITY, identity)
    }

    fn read_one(&self, file: &str) -> Result<Option<String>, MembershipError> {
        match fs::read_to_string(self.path(file)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(MembershipError::File(self.path(file), error)),
        }
    }

    /// Writes a file whole or not at all, for this user alone.
    fn write(&self, file: &str, text: &str) -> Result<(), MembershipError> {
        let failed = |error| MembershipError::File(self.path(file), error);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0).map_err(failed)?;
        let new = self.path(&format!(".{file}.new"));
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let mut written =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new).map_err(failed)?;
        written.write_all(text.as_bytes()).and_then(|()| written.sync_all()).map_err(failed)?;
        fs::rename(&new, self.path(file)).map_err(failed)
    }
}
