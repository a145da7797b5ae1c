//! How much the doors take on.

use super::{Args, ConfigError, File};
use crate::doors::Room;

/// Connections to each of the clients' doors, and from one address. A school behind one address has a few hundred seats.
const CONNECTIONS: usize = 4096;
const CONNECTIONS_PER_ADDRESS: usize = 1024;

/// The same for runners.
const RUNNERS: usize = 10_000;
const RUNNERS_PER_ADDRESS: usize = 4096;

/// What a program may be as JSON, beside its size as it is: base64 and escapes.
pub const JSON_OVERHEAD: u64 = 2;

/// What the doors take on, and how they are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doors {
    /// The clients' door, and the HTTP door, each.
    pub clients: Room,
    /// The runners' door.
    pub runners: Room,
    /// The names that the HTTP door is called by beside addresses and `localhost`.
    pub http_hosts: Vec<String>,
}

/// Puts the flags and the file together.
pub(super) fn resolve(
    args: &Args,
    file: &File,
    max_memory: u64,
    max_body: u64,
) -> Result<Doors, ConfigError> {
    let number =
        |key, flag: Option<usize>, in_file: Option<usize>, default| match flag.or(in_file).unwrap_or(default)
        {
            0 => Err(ConfigError::Zero(key)),
            number => Ok(number),
        };
    // Two large requests from one address have room at once, whatever the rest is; others have as much.
    let bytes_per_address = (max_memory / 8).max(max_body.saturating_mul(2 * JSON_OVERHEAD));
    let room = |connections, connections_per_address| Room {
        connections,
        connections_per_address,
        bytes: bytes_per_address.saturating_mul(2),
        bytes_per_address,
    };
    Ok(Doors {
        clients: room(
            number("max_connections", args.max_connections, file.max_connections, CONNECTIONS)?,
            number(
                "max_connections_per_address",
                args.max_connections_per_address,
                file.max_connections_per_address,
                CONNECTIONS_PER_ADDRESS,
            )?,
        ),
        runners: room(
            number("max_runners", args.max_runners, file.max_runners, RUNNERS)?,
            number(
                "max_runners_per_address",
                args.max_runners_per_address,
                file.max_runners_per_address,
                RUNNERS_PER_ADDRESS,
            )?,
        ),
        http_hosts: if args.http_hosts.is_empty() {
            file.http_hosts.clone()
        } else {
            args.http_hosts.clone()
        },
    })
}
