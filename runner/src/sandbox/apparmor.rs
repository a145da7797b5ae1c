//! The AppArmor profile of sandbox containers. Docker's own forbids the mounts that boxes are made of, so on a
//! host with AppArmor the runner loads one that allows them, and denies what Docker's denies.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// What the profile is called in the kernel.
pub const NAME: &str = "ruche-sandbox";

/// The name that lifts AppArmor from a container: where the profile cannot be loaded.
pub const UNCONFINED: &str = "unconfined";

/// The profile's text.
pub const PROFILE: &str = include_str!("../../apparmor/ruche-sandbox");

/// The rule that parsers before version 4 do not know.
const USERNS_RULE: &str = "  userns,\n";

/// Where the parser is. A user's path may lack the folders of the system's programs.
const PARSERS: [&str; 3] = ["/usr/sbin/apparmor_parser", "/sbin/apparmor_parser", "apparmor_parser"];

const ENABLED: &str = "/sys/module/apparmor/parameters/enabled";
const LOADED: &str = "/sys/kernel/security/apparmor/profiles";

/// Why the profile could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// No `apparmor_parser`.
    #[error("there is no apparmor_parser on this host")]
    NoParser,
    /// It cannot be run.
    #[error("apparmor_parser cannot be run: {0}")]
    Parser(#[from] io::Error),
    /// It refused.
    #[error("apparmor_parser: {0}")]
    Refused(String),
}

/// Whether this host's kernel confines by AppArmor.
pub fn is_enabled() -> bool {
    fs::read_to_string(ENABLED).is_ok_and(|enabled| enabled.starts_with('Y'))
}

/// Whether a profile of this name is loaded, as far as this user may know.
pub fn is_loaded(name: &str) -> bool {
    fs::read_to_string(LOADED).is_ok_and(|loaded| lists(&loaded, name))
}

/// The profile for a runner's containers: the one that comes with it, loaded now; without AppArmor none. Where
/// it cannot be loaded, containers run without and the log says so.
pub fn confine() -> Option<String> {
    if !is_enabled() {
        return None;
    }
    let profile = match load(NAME) {
        Ok(()) => NAME,
        // Somebody else loaded it: this process may not.
        Err(_) if is_loaded(NAME) => NAME,
        Err(error) => {
            tracing::warn!(%error, "sandbox containers run without an AppArmor profile: see `runner doctor`");
            UNCONFINED
        }
    };
    Some(profile.to_owned())
}

/// Loads the profile under a name, in place of any of that name.
///
/// # Errors
/// [`ProfileError`].
pub fn load(name: &str) -> Result<(), ProfileError> {
    let whole = profile(name, true);
    // Which rules a parser knows, only the parser can tell.
    parse("--replace", &whole).or_else(|error| match error {
        ProfileError::Refused(_) => parse("--replace", &profile(name, false)),
        error => Err(error),
    })
}

/// Takes a profile away that [`load`] loaded. No container may use it any more.
///
/// # Errors
/// [`ProfileError`].
pub fn unload(name: &str) -> Result<(), ProfileError> {
    parse("--remove", &profile(name, false))
}

/// The profile under another name, with or without the rule that not all parsers know.
fn profile(name: &str, userns: bool) -> String {
    let text = PROFILE.replace(NAME, name);
    if userns { text } else { text.replace(USERNS_RULE, "") }
}

fn parse(action: &str, profile: &str) -> Result<(), ProfileError> {
    let found = PARSERS.iter().find(|parser| Path::new(parser).exists());
    let mut parser = Command::new(found.unwrap_or(&PARSERS[2]));
    parser.args([action, "--skip-cache"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = parser.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ProfileError::NoParser,
        _ => ProfileError::Parser(error),
    })?;
    if let Some(mut stdin) = child.stdin.take() {
        // A parser that ends before it has read everything says why on its own.
        let _ = stdin.write_all(profile.as_bytes());
    }
    outcome(&child.wait_with_output()?)
}

fn outcome(output: &Output) -> Result<(), ProfileError> {
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let mut lines = said.lines().filter(|line| !line.trim().is_empty());
    // Warnings may stand before it, and what follows from it behind.
    let error = lines.clone().find(|line| line.contains("error")).or(lines.next_back());
    let line = error.unwrap_or("it failed and did not say why");
    Err(ProfileError::Refused(line.trim().to_owned()))
}

/// Whether a profile is in the kernel's list, of lines such as `ruche-sandbox (enforce)`.
fn lists(loaded: &str, name: &str) -> bool {
    loaded.lines().any(|line| line.rsplit_once(' ').is_some_and(|(profile, _mode)| profile == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_takes_any_name_and_does_without_the_newest_rule() {
        let newest = profile("ruche-doctor-7", true);
        assert!(newest.contains("profile ruche-doctor-7 flags=") && newest.contains("peer=ruche-doctor-7,"));
        assert!(!newest.contains(NAME));
        assert!(newest.contains(USERNS_RULE));
        assert!(!profile(NAME, false).lines().any(|line| line.trim() == "userns,"));
    }

    #[test]
    fn the_profile_allows_boxes_and_denies_the_hosts_settings() {
        let rules: Vec<&str> = PROFILE.lines().map(str::trim).collect();
        for rule in
            ["capability,", "mount,", "umount,", "deny mount options=(move),", "deny /proc/[^1-9]*/** wl,"]
        {
            assert!(rules.contains(&rule), "{rule}");
        }
        // It would drop the descriptors of control groups.
        assert!(!rules.iter().any(|rule| rule.starts_with("deny /sys/** ")));
    }

    #[test]
    fn a_loaded_profile_is_found_by_its_whole_name() {
        let loaded = "docker-default (enforce)\nruche-sandbox-2 (enforce)\nlsb_release (complain)\n";
        assert!(lists(loaded, "docker-default") && lists(loaded, "ruche-sandbox-2"));
        assert!(!lists(loaded, "ruche-sandbox"));
    }

    #[test]
    fn a_parser_that_refuses_says_why() {
        use std::os::unix::process::ExitStatusExt;
        let outcome = |code, said: &str| {
            let status = std::process::ExitStatus::from_raw(code);
            outcome(&Output { status, stdout: Vec::new(), stderr: said.into() })
        };
        assert!(outcome(0, "Warning from stdin (line 4): feature abi missing\n").is_ok());
        let recorded = "AppArmor parser error at line 19: syntax error, unexpected TOK_END_OF_RULE, \
                        expecting TOK_MODE\n";
        let error = outcome(256, recorded).unwrap_err().to_string();
        assert!(error.starts_with("apparmor_parser: AppArmor parser error at line 19"), "{error}");
        let error = outcome(256, "Access denied. You need policy admin privileges\n\n").unwrap_err();
        assert!(error.to_string().ends_with("policy admin privileges"), "{error}");
    }
}
