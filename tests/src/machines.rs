//! Three machines on one network, each a network namespace: what goes over the wire between them can be looked at.

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use nix::sched::{CloneFlags, setns};
use nix::sys::socket::sockopt::ReceiveTimeout;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, setsockopt, socket};
use nix::sys::time::{TimeVal, TimeValLike as _};

use crate::nonce;

/// The controller's address.
pub const CONTROLLER: &str = "10.77.0.1";

/// The names of the machines, and their addresses.
const MACHINES: [(&str, &str); 3] =
    [("controller", CONTROLLER), ("runner", "10.77.0.2"), ("client", "10.77.0.3")];

/// The machines. They go with this.
#[derive(Debug)]
pub struct Machines {
    suffix: String,
}

/// What goes over the network while this is there.
#[derive(Debug)]
pub struct Capture {
    stop: Arc<AtomicBool>,
    seen: JoinHandle<Vec<u8>>,
}

impl Machines {
    /// Three of them.
    ///
    /// # Errors
    /// Why this host cannot make any.
    pub fn new() -> Result<Self, String> {
        let machines = Self { suffix: nonce() };
        let hub = machines.name("controller");
        for (machine, _) in MACHINES {
            ip(&["netns", "add", &machines.name(machine)])?;
            machines.ip(machine, &["link", "set", "lo", "up"])?;
        }
        // Both others hang on a bridge of the controller's machine, so that all of it passes there.
        machines.ip("controller", &["link", "add", "hub", "type", "bridge"])?;
        machines.ip("controller", &["addr", "add", &format!("{CONTROLLER}/24"), "dev", "hub"])?;
        machines.ip("controller", &["link", "set", "hub", "up"])?;
        for (machine, address) in &MACHINES[1..] {
            let peer = ["link", "add", "eth0", "type", "veth", "peer", "name", machine, "netns", &hub];
            machines.ip(machine, &peer)?;
            machines.ip(machine, &["addr", "add", &format!("{address}/24"), "dev", "eth0"])?;
            machines.ip(machine, &["link", "set", "eth0", "up"])?;
            machines.ip("controller", &["link", "set", machine, "master", "hub", "up"])?;
        }
        Ok(machines)
    }

    fn name(&self, machine: &str) -> String {
        format!("ruche-{machine}-{}", self.suffix)
    }

    fn path(&self, machine: &str) -> PathBuf {
        PathBuf::from("/run/netns").join(self.name(machine))
    }

    fn ip(&self, machine: &str, arguments: &[&str]) -> Result<(), String> {
        ip(&[&["-n", &self.name(machine)], arguments].concat())
    }

    /// A command on a machine. It shares all but the network with this host.
    pub fn command(&self, machine: &str, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", self.path(machine).display())).arg(program);
        command
    }

    /// Begins to look at what goes over the network.
    pub fn capture(&self) -> Capture {
        let (stop, path) = (Arc::new(AtomicBool::new(false)), self.path("controller"));
        let (begun, begin) = std::sync::mpsc::channel();
        let until = Arc::clone(&stop);
        let seen = std::thread::spawn(move || {
            let namespace = File::open(path).expect("the machine is there");
            // This thread alone goes there.
            setns(&namespace, CloneFlags::CLONE_NEWNET).expect("its network can be entered");
            let packets =
                socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll)
                    .expect("packets can be seen");
            setsockopt(&packets, ReceiveTimeout, &TimeVal::milliseconds(100)).expect("waiting can end");
            begun.send(()).expect("somebody waits");
            let (mut seen, mut packet) = (Vec::new(), vec![0; 1 << 17]);
            while !until.load(Ordering::Relaxed) {
                let length = recv(packets.as_raw_fd(), &mut packet, MsgFlags::empty()).unwrap_or(0);
                seen.extend_from_slice(&packet[..length]);
            }
            seen
        });
        begin.recv().expect("the capture begins");
        Capture { stop, seen }
    }
}

impl Capture {
    /// All that went over the network, packet by packet.
    pub fn end(self) -> Vec<u8> {
        // What was sent last is still on its way to the one who looks.
        std::thread::scope(|scope| {
            scope.spawn(|| std::thread::park_timeout(std::time::Duration::from_millis(300)));
        });
        self.stop.store(true, Ordering::Relaxed);
        self.seen.join().expect("the capture ends")
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        for (machine, _) in MACHINES {
            // One that was never made is none to take away.
            let _ = ip(&["netns", "del", &self.name(machine)]);
        }
    }
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    let ran = Command::new("ip").args(arguments).output().map_err(|error| format!("ip: {error}"))?;
    match ran.status.success() {
        true => Ok(()),
        false => Err(format!("ip {}: {}", arguments.join(" "), String::from_utf8_lossy(&ran.stderr).trim())),
    }
}
