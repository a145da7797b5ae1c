//! Memory of the servers: shared pages counted once (PSS), and the highest that was resident.

use std::process::Command;

use tests::Cluster;
use tests::docker;

use crate::figures::columns;

/// Memory after the load above, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// The runner's process and its sandboxes' agents, idle.
    pub runner_and_agents: u64,
    /// How many sandboxes that are.
    pub sandboxes: u64,
    /// The runner's process at its highest.
    pub runner_peak: u64,
    /// The controller's process at its highest.
    pub controller_peak: u64,
}

/// Looks at the cluster's processes.
pub fn measure(cluster: &Cluster) -> Memory {
    let runner = cluster.runner_pid("bench");
    let sandboxes = docker::containers(&cluster.runner_name("bench"));
    let agents = sandboxes.iter().map(|id| {
        let inspect = ["inspect", "--format", "{{.State.Pid}}", id];
        let output = Command::new("docker").args(inspect).output().expect("docker runs");
        let pid = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        boxes(&pid).iter().map(|pid| field(pid, "smaps_rollup", "Pss:")).sum::<u64>()
    });
    let agents: u64 = agents.sum();
    Memory {
        runner_and_agents: field(&runner, "smaps_rollup", "Pss:") + agents,
        sandboxes: sandboxes.len() as u64,
        runner_peak: field(&runner, "status", "VmHWM:"),
        controller_peak: field(&cluster.controller_pid(), "status", "VmHWM:"),
    }
}

/// An agent and the inits of its boxes.
fn boxes(agent: &str) -> Vec<String> {
    let children =
        std::fs::read_to_string(format!("/proc/{agent}/task/{agent}/children")).unwrap_or_default();
    children.split_whitespace().map(str::to_owned).chain([agent.to_owned()]).collect()
}

/// A line of kilobytes in a file of a process, in bytes.
fn field(pid: &str, file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    let number = value.and_then(|value| value.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    number.unwrap_or(0) << 10
}

/// For people.
pub fn table(memory: &Memory) -> String {
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
    let agents = format!("runner and {} agents, idle (PSS)", memory.sandboxes);
    columns(&[
        [agents, mib(memory.runner_and_agents)],
        ["runner, peak (RSS)".to_owned(), mib(memory.runner_peak)],
        ["controller, peak (RSS)".to_owned(), mib(memory.controller_peak)],
    ])
}
