//! The controller under test: the real binary in a process of its own, on a processor of its own.

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::unistd::Pid;
use tempfile::TempDir;
use tests::http;
use tests::postgres::Postgres;
use tests::process::{Server, binary};

use crate::options::{Options, Store};
use crate::system::{Cores, cpu, memory, pin};

/// How long a controller may take over anything.
const PATIENCE: Duration = Duration::from_secs(300);

/// Where a controller keeps its jobs, empty.
#[derive(Debug)]
pub struct Backend {
    /// What it is called in tables.
    pub name: &'static str,
    flags: Vec<String>,
    /// These end with it.
    _folder: TempDir,
    _server: Option<Postgres>,
}

impl Backend {
    /// An empty one. A database server is started where none is given; its processor is this process's.
    pub fn fresh(store: Store, options: &Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_str().unwrap().to_owned();
        let mut server = None;
        let kind = match store {
            Store::Memory | Store::Sqlite => store.name().to_owned(),
            Store::Postgres => options.postgres.clone().unwrap_or_else(|| {
                let server = server.insert(Postgres::start());
                server.url(&server.database())
            }),
        };
        let flags = ["--store".to_owned(), kind, "--data-dir".to_owned(), data].into();
        Self { name: store.name(), flags, _folder: folder, _server: server }
    }
}

/// A controller that runs.
pub struct Controller {
    server: Server,
    addresses: Vec<(String, SocketAddr)>,
}

impl Controller {
    /// Starts one with this store.
    pub fn start(backend: &Backend, cores: Cores) -> Self {
        let any = "127.0.0.1:0";
        let mut command = Command::new(binary("controller"));
        command.args(["--clients", any, "--runners", any, "--http", any, "--max-queue", "1000000"]);
        command.args(["--max-runners", "16384", "--max-runners-per-address", "16384"]);
        command.args(&backend.flags).env("RUST_LOG", "error");
        pin(cores.controller);
        let mut server = Server::start(&mut command);
        pin(cores.bench);
        let line = server.line("listening");
        let pairs = line.split_whitespace().filter_map(|pair| pair.split_once('='));
        let addresses = pairs.filter_map(|(door, at)| Some((door.to_owned(), at.parse().ok()?)));
        Self { addresses: addresses.collect(), server }
    }

    /// Where a door is.
    pub fn address(&self, door: &str) -> SocketAddr {
        self.addresses.iter().find(|(name, _)| name == door).unwrap().1
    }

    /// A figure of `GET /cluster`.
    pub async fn count(&self, field: &'static str) -> u64 {
        let url = format!("http://{}/api/v1/cluster", self.address("http"));
        let answer = tokio::task::spawn_blocking(move || http::get(&url)).await.unwrap();
        answer.body[field].as_u64().unwrap_or_else(|| panic!("there is no {field}: {}", answer.body))
    }

    /// Waits until a figure is this.
    pub async fn until(&self, field: &'static str, wanted: u64) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let count = self.count(field).await;
            if count == wanted {
                return;
            }
            assert!(Instant::now() < deadline, "{field} is {count} and does not become {wanted}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The processor time that it has used.
    pub fn cpu(&self) -> Duration {
        cpu(self.pid())
    }

    /// The memory that it takes up, in bytes.
    pub fn memory(&self) -> u64 {
        memory(self.pid())
    }

    fn pid(&self) -> Pid {
        self.server.pid()
    }

    /// Kills it: there is nothing to keep.
    pub fn stop(mut self) {
        self.server.kill();
    }
}
