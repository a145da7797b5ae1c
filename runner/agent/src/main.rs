//! PID 1 of a sandbox container. Started by the container itself; see the library's documentation.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use agent::message::SOCKET_PATH;
use agent::server::{Server, Stop};
use agent::system::prctl;

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("agent: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<(), String> {
    if nix::unistd::geteuid().is_root() {
        return Err(
            "refusing to run as root: with /proc unmasked, uid 0 could change the host's kernel".into()
        );
    }
    // Nobody in the container may look into this process.
    prctl(libc::PR_SET_DUMPABLE, 0).map_err(|errno| format!("cannot become undumpable: {errno}"))?;
    let socket = UnixStream::connect(SOCKET_PATH).map_err(|error| format!("{SOCKET_PATH}: {error}"))?;
    socket.set_nonblocking(true).map_err(|error| format!("{SOCKET_PATH}: {error}"))?;
    match Server::new(OwnedFd::from(socket)).run() {
        Stop::RunnerGone => Ok(()),
        Stop::Protocol => Err("the runner sent what is no command".into()),
        Stop::Kernel(errno) => Err(format!("poll or receive failed: {errno}")),
    }
}
