//! Where callbacks go, if anywhere.

use std::time::Duration;

use serde::Deserialize;

use super::{Args, ConfigError, File};
use crate::callbacks::{Network, Settings};

/// How long until the first further try where nothing is said, and how long a try may take, in seconds.
const RETRY_SECONDS: u64 = 5;
const TIMEOUT_SECONDS: u64 = 10;

/// The longest that either may be: an hour.
const MOST_SECONDS: u64 = 3600;

/// The table `callbacks` of controller.toml.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Table {
    enabled: Option<bool>,
    allow_private: Vec<Network>,
    retry_seconds: Option<u64>,
    timeout_seconds: Option<u64>,
}

/// Puts the flags and the file together.
pub(super) fn resolve(args: &Args, file: &File) -> Result<Settings, ConfigError> {
    let Table { enabled, allow_private, retry_seconds, timeout_seconds } = &file.callbacks;
    let seconds = |key, given: Option<u64>, default| match given.unwrap_or(default) {
        0 => Err(ConfigError::Zero(key)),
        seconds => Ok(Duration::from_secs(seconds.min(MOST_SECONDS))),
    };
    let flags = &args.callbacks_allow_private;
    Ok(Settings {
        enabled: !args.no_callbacks && enabled.unwrap_or(true),
        allow_private: if flags.is_empty() { allow_private } else { flags }.clone(),
        first_pause: seconds("callbacks.retry_seconds", *retry_seconds, RETRY_SECONDS)?,
        timeout: seconds("callbacks.timeout_seconds", *timeout_seconds, TIMEOUT_SECONDS)?,
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn settings(flags: &[&str], file: &str) -> Result<Settings, String> {
        let args =
            Args::try_parse_from([&["controller"], flags].concat()).map_err(|error| error.to_string())?;
        let file = toml::from_str(file).map_err(|error: toml::de::Error| error.to_string())?;
        resolve(&args, &file).map_err(|error| error.to_string())
    }

    #[test]
    fn callbacks_go_to_the_public_internet_unless_more_is_allowed() {
        let settings = |flags: &[&str], file| settings(flags, file).unwrap();
        let usual = settings(&[], "");
        assert!(usual.enabled && usual.allow_private.is_empty());
        assert_eq!((usual.first_pause.as_secs(), usual.timeout.as_secs()), (5, 10));
        let file = "[callbacks]\nallow_private = ['10.1.0.0/16', '10.9.0.1']\nretry_seconds = 1";
        let networks =
            |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<Network>>();
        assert_eq!(settings(&[], file).allow_private, networks(&["10.1.0.0/16", "10.9.0.1"]));
        assert_eq!(settings(&[], file).first_pause.as_secs(), 1);
        let flags = ["--callbacks-allow-private", "10.2.0.0/16,::1"];
        assert_eq!(settings(&flags, file).allow_private, networks(&["10.2.0.0/16", "::1"]));
        assert!(!settings(&[], "callbacks.enabled = false").enabled);
        assert!(!settings(&["--no-callbacks"], "callbacks.enabled = true").enabled);
    }

    #[test]
    fn what_cannot_be_is_named() {
        for (flags, file, name) in [
            (&[][..], "callbacks.allow_private = ['10.0.0.1/8']", "10.0.0.1/8"),
            (&["--callbacks-allow-private", "lab"], "", "lab"),
            (&[], "callbacks.retry_seconds = 0", "callbacks.retry_seconds"),
            (&[], "callbacks.allowed = []", "allowed"),
        ] {
            let error = settings(flags, file).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }
}
