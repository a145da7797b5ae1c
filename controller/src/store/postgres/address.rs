//! What the address of a database says: where it is, how to get in, and how far its connections are protected.

use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use crate::config::PostgresUrl;

/// How long one host may take to take a connection.
const CONNECT: Duration = Duration::from_secs(3);

/// How long a host may leave what is sent to it unacknowledged: one that has gone without a word is noticed.
const UNANSWERED: Duration = Duration::from_secs(10);

/// Every statement has an index for what it looks for. The server plans it while the tables are as good as empty, where
/// reading them whole is cheaper, and keeps the plan when they are not: ten times slower with 100,000 jobs waiting.
/// And no statement is planned more than once on a connection: with no choice left, that only takes time. Nor is any
/// compiled to machine code: a plan that has to read a table whole after all counts as so dear that the server would
/// compile it anew each time, 60 to 300 ms of a processor for each heartbeat.
const PLANS: &str = "-c enable_seqscan=off -c plan_cache_mode=force_generic_plan -c jit=off";

/// How a connection is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trust {
    /// Encrypted at most: whoever answers is believed.
    Anybody,
    /// The server's certificate has to be signed by one of these and be for its name.
    SignedBy(PathBuf),
}

/// A database and how to reach it.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) config: Config,
    pub(super) trust: Trust,
}

/// Reads an address.
///
/// # Errors
/// What is wrong with it, without repeating it.
pub(super) fn parse(url: &PostgresUrl) -> Result<Address, String> {
    let (base, query) = url.secret().split_once('?').unwrap_or((url.secret(), ""));
    let mut rest = Vec::new();
    let (mut mode, mut authorities) = ("prefer", None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", value)) => mode = value,
            Some(("sslrootcert", value)) => authorities = Some(PathBuf::from(value.replace("%2F", "/"))),
            _ => rest.push(pair),
        }
    }
    let (mode, trust) = protection(mode, authorities)?;
    let rest = if rest.is_empty() { base.to_owned() } else { format!("{base}?{}", rest.join("&")) };
    let mut config: Config = rest.parse().map_err(|error| explain(&error))?;
    config.ssl_mode(mode).connect_timeout(CONNECT).tcp_user_timeout(UNANSWERED);
    config.keepalives_idle(UNANSWERED).keepalives_interval(CONNECT).keepalives_retries(3);
    if config.get_application_name().is_none() {
        config.application_name("ruche-controller");
    }
    let options = config.get_options().unwrap_or_default();
    let options = format!("{options} {PLANS}").trim_start().to_owned();
    config.options(options);
    Ok(Address { config, trust })
}

fn protection(mode: &str, authorities: Option<PathBuf>) -> Result<(SslMode, Trust), String> {
    match (mode, authorities) {
        ("disable" | "prefer", Some(_)) => {
            Err("sslrootcert needs sslmode=require or verify-full: without one of them \
            nobody's certificate is checked"
                .to_owned())
        }
        ("disable", None) => Ok((SslMode::Disable, Trust::Anybody)),
        ("prefer", None) => Ok((SslMode::Prefer, Trust::Anybody)),
        ("require", None) => Ok((SslMode::Require, Trust::Anybody)),
        ("require" | "verify-full", Some(file)) => Ok((SslMode::Require, Trust::SignedBy(file))),
        ("verify-full", None) => {
            Err("sslmode=verify-full needs sslrootcert=FILE with the authority's certificate".to_owned())
        }
        _ => Err("sslmode is disable, prefer, require or verify-full".to_owned()),
    }
}

/// The parser's reason, which names keys and never values.
fn explain(error: &tokio_postgres::Error) -> String {
    let reason = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    format!("it cannot be read: {reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Result<Address, String> {
        parse(&PostgresUrl::new(text))
    }

    #[test]
    fn several_hosts_and_what_libpq_knows_are_understood() {
        let text =
            "postgres://ruche:tulip@one:5432,two:5433/jobs?target_session_attrs=read-write&sslmode=disable";
        let address = address(text).unwrap();
        assert_eq!(address.config.get_hosts().len(), 2);
        assert_eq!(address.config.get_ports(), [5432, 5433]);
        assert_eq!(address.config.get_dbname(), Some("jobs"));
        assert_eq!(address.config.get_ssl_mode(), SslMode::Disable);
        assert!(!format!("{address:?}").contains("tulip"));
    }

    #[test]
    fn certificates_are_checked_where_an_authority_is_named() {
        let trust = |query: &str| address(&format!("postgres://u@h/d?{query}")).map(|address| address.trust);
        assert_eq!(trust("sslmode=require"), Ok(Trust::Anybody));
        let signed = Ok(Trust::SignedBy(PathBuf::from("/etc/ca.pem")));
        assert_eq!(trust("sslmode=verify-full&sslrootcert=/etc/ca.pem"), signed);
        assert_eq!(trust("sslmode=require&sslrootcert=%2Fetc%2Fca.pem"), signed);
        assert!(trust("sslmode=verify-full").unwrap_err().contains("sslrootcert"));
        for query in ["sslrootcert=/etc/ca.pem", "sslmode=disable&sslrootcert=/etc/ca.pem"] {
            assert!(trust(query).unwrap_err().contains("sslrootcert needs sslmode=require"));
        }
        assert!(trust("sslmode=maybe").unwrap_err().contains("verify-full"));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        let error = address("postgres://ruche:tulip@one/jobs?no_such_key=1").unwrap_err();
        assert!(error.contains("no_such_key") && !error.contains("tulip"), "{error}");
    }
}
