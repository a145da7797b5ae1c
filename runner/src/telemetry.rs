//! How the host is doing, and whether that leaves room for jobs.

use std::time::{Duration, Instant};

use sysinfo::{MINIMUM_CPU_UPDATE_INTERVAL, System};

/// How the host is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct HostLoad {
    /// Busy share of all processors, in percent.
    pub cpu_percent: f32,
    /// Used share of the memory, in percent.
    pub memory_percent: f32,
    /// Load average over one minute.
    pub load: f32,
}

/// At what load the runner takes no more jobs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Busy share of all processors, in percent.
    pub max_cpu_percent: f32,
    /// Used share of the memory, in percent.
    pub max_memory_percent: f32,
}

/// Reads the host's load.
#[derive(Debug)]
pub struct HostProbe {
    system: System,
    last: Option<Instant>,
}

impl HostProbe {
    /// A probe; its first reading of the processors is 0.
    ///
    /// # Errors
    /// Where this system cannot be read.
    pub fn new() -> Result<Self, sysinfo::Error> {
        let mut system = System::new()?;
        system.refresh_memory();
        system.refresh_cpu_usage();
        Ok(Self { system, last: None })
    }

    /// Processors of the host.
    pub fn cpus(&self) -> usize {
        self.system.cpus().len().max(1)
    }

    /// Memory of the host, in bytes.
    pub fn memory_bytes(&self) -> u64 {
        self.system.total_memory()
    }

    /// The load now: of the processors, since the last reading.
    pub fn read(&mut self) -> HostLoad {
        let due = self.last.is_none_or(|last| last.elapsed() >= MINIMUM_CPU_UPDATE_INTERVAL);
        if due {
            self.system.refresh_cpu_usage();
            self.last = Some(Instant::now());
        }
        self.system.refresh_memory();
        let total = self.system.total_memory().max(1);
        HostLoad {
            cpu_percent: self.system.global_cpu_usage(),
            memory_percent: (self.system.used_memory() as f64 / total as f64 * 100.0) as f32,
            load: System::load_average().map_or(0.0, |load| load.one as f32),
        }
    }
}

/// Why the runner takes no job, where it takes none.
pub fn unavailable(load: &HostLoad, thresholds: &Thresholds, docker: Option<&str>) -> Option<String> {
    if let Some(docker) = docker {
        return Some(docker.to_owned());
    }
    let over = |what: &str, value: f32, most: f32| {
        (value > most).then(|| format!("{what} {value:.0} % over max_{what}_percent {most:.0}"))
    };
    over("cpu", load.cpu_percent, thresholds.max_cpu_percent)
        .or_else(|| over("memory", load.memory_percent, thresholds.max_memory_percent))
}

/// How often the host's load is read.
pub const PERIOD: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const THRESHOLDS: Thresholds = Thresholds { max_cpu_percent: 85.0, max_memory_percent: 90.0 };

    fn reason(cpu_percent: f32, memory_percent: f32, docker: Option<&str>) -> Option<String> {
        unavailable(&HostLoad { cpu_percent, memory_percent, load: 0.0 }, &THRESHOLDS, docker)
    }

    #[test]
    fn a_busy_host_says_why_it_takes_nothing() {
        assert_eq!(reason(85.0, 90.0, None), None);
        assert_eq!(reason(93.2, 10.0, None).as_deref(), Some("cpu 93 % over max_cpu_percent 85"));
        assert_eq!(reason(10.0, 95.0, None).as_deref(), Some("memory 95 % over max_memory_percent 90"));
        assert_eq!(reason(99.0, 99.0, Some("no Docker")).as_deref(), Some("no Docker"));
    }

    #[test]
    fn a_host_can_be_read() {
        let load = HostProbe::new().unwrap().read();
        assert!((0.0..=100.0).contains(&load.memory_percent));
    }
}
