//! What is kept of each cluster: a folder named for its controller in `ruche/clusters` below the configuration folder.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use protocol::Secret;

use crate::settings::Master;

/// The file with the token that this user was given.
const TOKEN: &str = "token";

/// The folder of one cluster. It need not be there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    folder: PathBuf,
}

impl Cluster {
    /// The folder for a controller, below the configuration folder.
    pub fn of(master: &Master, config_folder: &Path) -> Self {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-.".contains(c) { c } else { '_' };
        let host: String = master.host.to_ascii_lowercase().chars().map(plain).collect();
        Self { folder: config_folder.join("ruche").join("clusters").join(format!("{host}_{}", master.port)) }
    }

    /// A file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The token, where there is one.
    ///
    /// # Errors
    /// Where the file is there and cannot be read.
    pub fn token(&self) -> io::Result<Option<Secret>> {
        match fs::read_to_string(self.path(TOKEN)) {
            Ok(text) => {
                Ok(Some(Secret::from(text.trim().to_owned())).filter(|token| !token.expose().is_empty()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps a token, for this user alone.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn keep_token(&self, token: &Secret) -> io::Result<()> {
        self.keep(TOKEN, &format!("{}\n", token.expose()))
    }

    /// Forgets the token. Returns whether there was one.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub fn forget_token(&self) -> io::Result<bool> {
        match fs::remove_file(self.path(TOKEN)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes a file whole or not at all, for this user alone.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn keep(&self, name: &str, text: &str) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let new = self.path(&format!(".{name}.{}", std::process::id()));
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        fs::rename(&new, self.path(name))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn cluster(master: &str, folder: &Path) -> Cluster {
        Cluster::of(&master.parse().unwrap(), folder)
    }

    #[test]
    fn each_controller_has_its_folder() {
        let folder = |master: &str| cluster(master, Path::new("/c")).path("token");
        assert_eq!(folder("Lab:9000"), Path::new("/c/ruche/clusters/lab_9000/token"));
        assert_eq!(folder("[::1]"), Path::new("/c/ruche/clusters/__1_7000/token"));
        assert_eq!(folder("10.0.0.1"), Path::new("/c/ruche/clusters/10.0.0.1_7000/token"));
    }

    #[test]
    fn a_token_is_kept_for_its_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        let cluster = cluster("lab", folder.path());
        assert_eq!(cluster.token().unwrap(), None);
        assert!(!cluster.forget_token().unwrap());
        for text in ["one", "two"] {
            let token = Secret::from(text.to_owned());
            cluster.keep_token(&token).unwrap();
            assert_eq!(cluster.token().unwrap(), Some(token));
        }
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&cluster.path(TOKEN)), 0o600);
        assert_eq!(mode(&cluster.folder), 0o700);
        assert!(cluster.forget_token().unwrap());
        assert_eq!(cluster.token().unwrap(), None);
    }
}
