//! What a runner is to take.

use clap::ArgGroup;
use protocol::cluster::RunnerChange;

use super::values::{parse_own_number, parse_own_percent};

/// Arguments of `runner set`.
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("wanted").required(true).multiple(true).args(["max_jobs", "max_cpu", "max_memory"])))]
pub struct SetArgs {
    /// Its name or id.
    #[arg(value_name = "NAME")]
    pub name: String,

    /// Jobs at once from each controller, or `own` for what the runner says itself.
    #[arg(long, value_name = "NUMBER", value_parser = parse_own_number)]
    pub max_jobs: Option<OwnOr>,

    /// Take nothing while the host's processors are busier than so many percent; `own` for the runner's own bound.
    #[arg(long, value_name = "PERCENT", value_parser = parse_own_percent)]
    pub max_cpu: Option<OwnOr>,

    /// Take nothing while more of the host's memory is used than so many percent; `own` for the runner's own bound.
    #[arg(long, value_name = "PERCENT", value_parser = parse_own_percent)]
    pub max_memory: Option<OwnOr>,
}

/// A number, or none for what the runner has itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnOr(pub Option<u32>);

impl From<&SetArgs> for RunnerChange {
    fn from(args: &SetArgs) -> Self {
        let SetArgs { name: _, max_jobs, max_cpu, max_memory } = args;
        let said = |value: Option<OwnOr>| value.map(|OwnOr(number)| number);
        Self {
            max_jobs: said(*max_jobs),
            max_cpu_percent: said(*max_cpu),
            max_memory_percent: said(*max_memory),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::{Args, Command, RunnerCommand};
    use super::*;

    #[test]
    fn what_a_runner_is_to_take_is_a_number_or_its_own() {
        let set = |arguments: &[&str]| {
            let all = ["cli", "runner", "set", "lab-1"].iter().chain(arguments);
            let Command::Runner(runner) = Args::try_parse_from(all).ok()?.command else { return None };
            let RunnerCommand::Set(set) = runner.command else { return None };
            Some(RunnerChange::from(&set))
        };
        let expected =
            RunnerChange { max_jobs: Some(None), max_cpu_percent: Some(Some(80)), max_memory_percent: None };
        assert_eq!(set(&["--max-jobs", "own", "--max-cpu", "80"]), Some(expected));
        for wrong in [&[][..], &["--max-jobs", "0"], &["--max-cpu", "101"], &["--max-memory", "much"]] {
            assert_eq!(set(wrong), None, "{wrong:?}");
        }
    }
}
