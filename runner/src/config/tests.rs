//! What flags and files come to.

use clap::Parser;

use super::*;

fn resolve(flags: &[&str], file: &str) -> Result<Config, String> {
    let cli =
        Cli::try_parse_from(["runner", "start"].iter().chain(flags)).map_err(|error| error.to_string())?;
    let Command::Start(args) = cli.command else { panic!("not start") };
    let file = toml::from_str(file).map_err(|error: toml::de::Error| error.to_string())?;
    let host = HostFacts { name: "host".into(), cpus: 4 };
    Config::resolve(args, file, &host, &[]).map_err(|error| error.to_string())
}

#[test]
fn the_commented_example_is_valid_and_says_the_defaults() {
    let example = include_str!("../../runner.toml");
    let uncommented: String = example
        .lines()
        .filter_map(|line| line.strip_prefix("#= ").or(Some(line).filter(|line| !line.starts_with('#'))))
        .map(|line| format!("{line}\n"))
        .collect();
    let mut said = resolve(&[], &uncommented).unwrap();
    let plain = resolve(&[], "").unwrap();
    assert_eq!(said.name, "lab-1");
    assert_eq!(said.languages.as_deref().map(<[String]>::len), Some(4));
    assert_eq!(said.labels["room"], "12");
    said = Config {
        name: plain.name.clone(),
        languages: None,
        languages_dir: None,
        labels: BTreeMap::new(),
        runtime: None,
        ..said
    };
    assert_eq!(said, plain);
}

#[test]
fn flags_override_the_file() {
    let config =
        resolve(&["--name", "a", "--max-jobs", "3"], "name = 'b'\nmax_jobs = 2\nmax_cpu_percent = 85")
            .unwrap();
    assert_eq!((config.pool.most, config.pool.isolation), (3, Isolation::Box));
    assert_eq!((config.name.as_str(), config.max_jobs), ("a", 3));
    assert_eq!(config.thresholds.max_cpu_percent, 85.0);
}

#[test]
fn labels_of_flags_come_over_those_of_the_file() {
    let file = "labels = { room = '12', gpu = 'no' }";
    let config = resolve(&["--label", "room=13", "--label", "note=a=b"], file).unwrap();
    let labels = [("gpu", "no"), ("note", "a=b"), ("room", "13")];
    assert_eq!(config.labels, labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    assert!(resolve(&["--label", "room"], "").unwrap_err().contains("NAME=VALUE"));
}

#[test]
fn what_separates_jobs_and_what_runs_them_can_be_chosen() {
    let file = "isolation = 'container'\nruntime = 'crun'";
    let config = resolve(&[], file).unwrap();
    assert_eq!((config.pool.isolation, config.runtime.as_deref()), (Isolation::Container, Some("crun")));
    let config = resolve(&["--isolation", "box", "--runtime", "runc"], file).unwrap();
    assert_eq!((config.pool.isolation, config.runtime.as_deref()), (Isolation::Box, Some("runc")));
    assert!(resolve(&["--isolation", "vm"], "").unwrap_err().contains("box or container"));
}

#[test]
fn a_wrong_key_or_value_is_named() {
    for (file, name) in [
        ("max_job = 3", "max_job"),
        ("max_jobs = 0", "max_jobs"),
        ("max_jobs = 'many'", "max_jobs"),
        ("name = 'a b'", "name"),
        ("controllers = ['host']", "controllers"),
        ("max_cpu_percent = 101", "max_cpu_percent"),
        ("[default_limits]\ncpu_seconds = 0", "cpu_seconds"),
        ("[default_limits]\ncpu_seconds = 1000", "cpu_seconds"),
        ("[pool]\nwarmth = 1", "warmth"),
        ("isolation = 'none'", "isolation"),
        ("labels = { '' = 'x' }", "labels"),
        ("labels = { room = 12 }", "labels"),
    ] {
        let error = resolve(&[], file).unwrap_err();
        assert!(error.contains(name), "{file}: {error}");
    }
}

#[test]
fn a_host_that_has_joined_once_needs_to_be_told_nothing_more() {
    let joined =
        |name: &str| Joined { name: name.to_owned(), controllers: vec![format!("{name}-master:7001")] };
    let (a, b) = (joined("a"), joined("b"));
    let found = |said: Option<&str>, joined: &[Joined]| remembered(said.map(str::to_owned), "host", joined);
    assert_eq!(found(None, &[]), ("host".to_owned(), vec![]));
    assert_eq!(found(None, std::slice::from_ref(&a)), ("a".to_owned(), a.controllers.clone()));
    assert_eq!(found(None, &[a.clone(), b.clone()]), ("host".to_owned(), vec![]));
    assert_eq!(found(Some("b"), &[a.clone(), b.clone()]), ("b".to_owned(), b.controllers));
    assert_eq!(found(Some("c"), &[a]), ("c".to_owned(), vec![]));
}
