//! What a program may use.

use serde::{Deserialize, Serialize};

/// The limits of a run, all of them set. They hold for each run on its own; a compilation has its language's
/// limits, or these where they are higher.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Limits {
    /// Processor time of all its processes together, in seconds.
    pub cpu_seconds: f64,
    /// Time on the clock, in seconds.
    pub wall_seconds: f64,
    /// Memory of all its processes together, in bytes, files it writes included.
    pub memory_bytes: u64,
    /// Processes and threads that may exist at once.
    pub processes: u32,
    /// Standard output and standard error together, in bytes.
    pub output_bytes: u64,
    /// Files it may write, in bytes.
    pub disk_bytes: u64,
}

/// The limits that a job asks for; what is absent takes the runner's default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LimitsRequest {
    /// See [`Limits::cpu_seconds`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<f64>,
    /// See [`Limits::wall_seconds`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall_seconds: Option<f64>,
    /// See [`Limits::memory_bytes`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// See [`Limits::processes`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processes: Option<u32>,
    /// See [`Limits::output_bytes`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_bytes: Option<u64>,
    /// See [`Limits::disk_bytes`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_bytes: Option<u64>,
}

/// A limit that was asked for and is over what a runner allows.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{field} may be at most {maximum}, not {asked}")]
pub struct ExceededLimit {
    /// The field's name.
    pub field: &'static str,
    /// What was asked for.
    pub asked: f64,
    /// What may be had.
    pub maximum: f64,
}

impl LimitsRequest {
    /// Each field with its name and, where it was asked for, its value.
    pub fn fields(&self) -> [(&'static str, Option<f64>); 6] {
        [
            ("cpu_seconds", self.cpu_seconds),
            ("wall_seconds", self.wall_seconds),
            ("memory_bytes", self.memory_bytes.map(|n| n as f64)),
            ("processes", self.processes.map(f64::from)),
            ("output_bytes", self.output_bytes.map(|n| n as f64)),
            ("disk_bytes", self.disk_bytes.map(|n| n as f64)),
        ]
    }

    /// This request, completed by another where it is silent: a run's limits over its job's.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            cpu_seconds: self.cpu_seconds.or(other.cpu_seconds),
            wall_seconds: self.wall_seconds.or(other.wall_seconds),
            memory_bytes: self.memory_bytes.or(other.memory_bytes),
            processes: self.processes.or(other.processes),
            output_bytes: self.output_bytes.or(other.output_bytes),
            disk_bytes: self.disk_bytes.or(other.disk_bytes),
        }
    }

    /// The first limit asked for that is over `maximum`.
    ///
    /// # Errors
    /// [`ExceededLimit`] names it.
    pub fn check(&self, maximum: &Limits) -> Result<(), ExceededLimit> {
        for ((field, asked), (_, maximum)) in self.fields().into_iter().zip(maximum.fields()) {
            if let Some(asked) = asked.filter(|asked| *asked > maximum) {
                return Err(ExceededLimit { field, asked, maximum });
            }
        }
        Ok(())
    }

    /// The limits that hold: what was asked for, else the default. Where only the processor time was asked
    /// for, the default time on the clock grows with it, so that it does not cut the program off first.
    pub fn resolve(&self, default: &Limits, maximum: &Limits) -> Limits {
        let cpu_seconds = self.cpu_seconds.unwrap_or(default.cpu_seconds);
        let spare = default.wall_seconds - default.cpu_seconds;
        let wall_default = default.wall_seconds.max(cpu_seconds + spare.max(0.0));
        Limits {
            cpu_seconds,
            wall_seconds: self.wall_seconds.unwrap_or(wall_default.min(maximum.wall_seconds)),
            memory_bytes: self.memory_bytes.unwrap_or(default.memory_bytes),
            processes: self.processes.unwrap_or(default.processes),
            output_bytes: self.output_bytes.unwrap_or(default.output_bytes),
            disk_bytes: self.disk_bytes.unwrap_or(default.disk_bytes),
        }
    }
}

impl Limits {
    /// Each field with its name and value.
    pub fn fields(&self) -> [(&'static str, f64); 6] {
        [
            ("cpu_seconds", self.cpu_seconds),
            ("wall_seconds", self.wall_seconds),
            ("memory_bytes", self.memory_bytes as f64),
            ("processes", f64::from(self.processes)),
            ("output_bytes", self.output_bytes as f64),
            ("disk_bytes", self.disk_bytes as f64),
        ]
    }
}
