//! A file of a control group that stays open: to open one costs many times what it costs to read or write it.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::CgroupError;

/// The longest content that is read: a few lines.
const MOST: usize = 512;

/// An open file.
#[derive(Debug)]
pub struct Interface {
    path: PathBuf,
    file: File,
}

impl Interface {
    /// Opens it for both.
    ///
    /// # Errors
    /// Where that is not possible.
    pub fn read_and_write(path: PathBuf) -> Result<Self, CgroupError> {
        Self::with(OpenOptions::new().read(true).write(true), path)
    }

    /// Opens it for reading.
    ///
    /// # Errors
    /// Where that is not possible.
    pub fn read_only(path: PathBuf) -> Result<Self, CgroupError> {
        Self::with(OpenOptions::new().read(true), path)
    }

    fn with(options: &OpenOptions, path: PathBuf) -> Result<Self, CgroupError> {
        match options.open(&path) {
            Ok(file) => Ok(Self { path, file }),
            Err(source) => Err(CgroupError::File { path, source }),
        }
    }

    /// What it says now.
    ///
    /// # Errors
    /// Where it cannot be read, or is no text.
    pub fn read(&self) -> Result<String, CgroupError> {
        let mut content = [0; MOST];
        let length = self.file.read_at(&mut content, 0).map_err(|source| self.failed(source))?;
        let text = content.get(..length).and_then(|text| str::from_utf8(text).ok());
        text.map(str::to_owned).ok_or_else(|| CgroupError::Content(self.path.clone()))
    }

    /// The number that it says now.
    ///
    /// # Errors
    /// Where it cannot be read, or says something else.
    pub fn read_number(&self) -> Result<u64, CgroupError> {
        self.read()?.trim().parse().map_err(|_| CgroupError::Content(self.path.clone()))
    }

    /// Writes a value.
    ///
    /// # Errors
    /// Where the kernel refuses it.
    pub fn write(&self, value: impl std::fmt::Display) -> Result<(), CgroupError> {
        self.file.write_all_at(value.to_string().as_bytes(), 0).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: std::io::Error) -> CgroupError {
        CgroupError::File { path: self.path.clone(), source }
    }
}
