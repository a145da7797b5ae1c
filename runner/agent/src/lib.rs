//! The agent: PID 1 of a sandbox container. It starts a fresh **box** for each step of a job (namespaces, file
//! systems and a process tree of its own), writes the program's files into it, starts the program, carries
//! its input and output, and takes the box away again.
//!
//! The runner drives it over a unix socket ([`message`]). It is one thread with one `poll` loop ([`server`]),
//! runs without any privilege as an ordinary user, and holds no limits of its own: counting and judging is the
//! runner's, from outside, through the box's cgroup.
//!
//! ```text
//! runner ══ socket ══ server ── boxes ══ control socket ══ init (pid 1 of the box) ── the program
//!                        └──── pipes: stdin, stdout, stderr, or one terminal for all ─────┘
//! ```

pub mod message;

pub mod boxes;
pub mod collect;
pub mod files;
pub mod glob;
pub mod init;
pub mod mounts;
pub mod pipes;
pub mod program;
pub mod seccomp;
pub mod server;
pub mod signals;
pub mod socket;
pub mod sockets;
pub mod system;
pub mod terminal;
