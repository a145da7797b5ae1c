//! The cluster that things happen to: controllers on one store, and runners and clients that reach each controller
//! through a proxy of their own.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::Scale;
use crate::cluster::left_behind;
use crate::http;
use crate::postgres::Postgres;
use crate::process::{Server, binary};
use crate::proxy::Proxy;
use crate::{nonce, wait_until};

/// A language whose programs cost next to nothing: shell scripts.
const LANGUAGES: &str = "[[language]]\nid = 'sh'\nname = 'Shell'\nextensions = ['sh']\nimage = 'python'\n\
                         version = ['cat', '--version']\nrun = ['sh', '{main}']\n";

/// The doors of a controller.
const DOORS: [&str; 3] = ["clients", "runners", "http"];

/// The cluster.
#[derive(Debug)]
pub struct Arena {
    /// A folder that goes with it.
    pub folder: TempDir,
    /// The controllers.
    pub controllers: Vec<Controller>,
    /// The runners.
    pub runners: Vec<Runner>,
    /// The database servers, the one that writes first.
    pub databases: Vec<Postgres>,
    store: Vec<String>,
}

/// A controller, up or down.
#[derive(Debug)]
pub struct Controller {
    server: Option<Server>,
    doors: [SocketAddr; 3],
    /// How clients reach it: its TCP door, and its HTTP door.
    pub proxies: [Proxy; 2],
}

/// A runner, up or down.
#[derive(Debug)]
pub struct Runner {
    /// What it is called.
    pub name: String,
    server: Option<Server>,
    /// How it reaches each controller.
    pub links: Vec<Proxy>,
}

impl Arena {
    /// Starts everything, and waits until all runners are everywhere.
    pub fn start(scale: &Scale) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for name in ["log", "files", "languages", "run"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder can be made");
        }
        std::fs::write(folder.path().join("languages/sh.toml"), LANGUAGES).expect("a file can be written");
        let languages = folder.path().join("languages");
        // Not about this host's strength: that is the self-test's business.
        let config = format!("languages_dir = {languages:?}\nselftest = false\n");
        std::fs::write(folder.path().join("runner.toml"), config).expect("a file can be written");
        let (databases, store) = match scale.postgres {
            true => databases(),
            false => (Vec::new(), vec!["--store".to_owned(), "memory".to_owned()]),
        };
        let mut arena = Self { folder, controllers: Vec::new(), runners: Vec::new(), databases, store };
        for index in 0..scale.controllers {
            let (server, doors) = arena.controller(index);
            let proxies = [Proxy::new(doors[0]), Proxy::new(doors[2])];
            arena.controllers.push(Controller { server: Some(server), doors, proxies });
        }
        for index in 0..scale.runners {
            let links = arena.controllers.iter().map(|controller| Proxy::new(controller.doors[1])).collect();
            arena.runners.push(Runner { name: format!("chaos{index}-{}", nonce()), server: None, links });
            arena.revive_runner(index);
        }
        arena.until_whole();
        arena
    }

    /// Kills a controller.
    pub fn kill_controller(&mut self, index: usize) {
        if let Some(mut server) = self.controllers[index].server.take() {
            server.kill();
        }
    }

    /// Starts it again, elsewhere; all ways to it lead there.
    pub fn revive_controller(&mut self, index: usize) {
        let (server, doors) = self.controller(index);
        let controller = &mut self.controllers[index];
        (controller.server, controller.doors) = (Some(server), doors);
        controller.proxies[0].lead_to(doors[0]);
        controller.proxies[1].lead_to(doors[2]);
        self.runners.iter().for_each(|runner| runner.links[index].lead_to(doors[1]));
    }

    /// Kills a runner.
    pub fn kill_runner(&mut self, index: usize) {
        if let Some(mut server) = self.runners[index].server.take() {
            server.kill();
        }
    }

    /// Starts a runner, under its old name.
    pub fn revive_runner(&mut self, index: usize) {
        let folder = self.folder.path();
        let runner = &mut self.runners[index];
        let mut command = Command::new(binary("runner"));
        command.args(["start", "--name", &runner.name, "--language", "sh", "--max-jobs", "2", "--config"]);
        command.arg(folder.join("runner.toml")).arg("--run-dir").arg(folder.join("run"));
        for link in &runner.links {
            command.arg("--controller").arg(link.address().to_string());
        }
        log_to(&mut command, folder, &runner.name);
        runner.server = Some(Server::start(&mut command));
    }

    /// Makes the standby the database that writes; the old one is gone.
    pub fn fail_over(&mut self) {
        let mut lost = self.databases.remove(0);
        lost.kill();
        self.databases[0].promote();
    }

    /// The controllers that are up.
    pub fn controllers_up(&self) -> Vec<usize> {
        (0..self.controllers.len()).filter(|index| self.controllers[*index].server.is_some()).collect()
    }

    /// The runners that are up.
    pub fn runners_up(&self) -> Vec<usize> {
        (0..self.runners.len()).filter(|index| self.runners[*index].server.is_some()).collect()
    }

    /// All ways, with what they connect.
    pub fn ways(&self) -> Vec<(String, &Proxy)> {
        let mut ways = Vec::new();
        for (index, controller) in self.controllers.iter().enumerate() {
            ways.push((format!("clients to controller {index}"), &controller.proxies[0]));
            ways.push((format!("HTTP to controller {index}"), &controller.proxies[1]));
        }
        for (number, runner) in self.runners.iter().enumerate() {
            for (index, link) in runner.links.iter().enumerate() {
                ways.push((format!("runner {number} to controller {index}"), link));
            }
        }
        ways
    }

    /// Where the controllers' API is, past all proxies.
    pub fn apis(&self) -> Vec<String> {
        self.controllers.iter().map(|controller| format!("http://{}/api/v1", controller.doors[2])).collect()
    }

    /// Waits until every controller has every runner.
    pub fn until_whole(&self) {
        for api in self.apis() {
            wait_until("every runner to be with every controller", || {
                let cluster = http::get(&format!("{api}/cluster")).body;
                (cluster["available_runners"] == self.runners.len()).then_some(())
            });
        }
    }

    /// Stops everything as a service manager would. Returns what is not as it should be.
    pub fn stop(mut self) -> Vec<String> {
        let mut complaints = Vec::new();
        for runner in &mut self.runners {
            let status = runner.server.take().map(|mut server| server.stop());
            if !status.is_some_and(|status| status.success()) {
                complaints.push(format!("runner {} ended with {status:?}", runner.name));
            }
            complaints.extend(left_behind(&runner.name, &self.folder.path().join("run")));
        }
        for (index, controller) in self.controllers.iter_mut().enumerate() {
            let status = controller.server.take().map(|mut server| server.stop());
            if !status.is_some_and(|status| status.success()) {
                complaints.push(format!("controller {index} ended with {status:?}"));
            }
        }
        complaints
    }

    /// Where everybody logs.
    pub fn log_folder(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn controller(&self, index: usize) -> (Server, [SocketAddr; 3]) {
        let mut command = Command::new(binary("controller"));
        command.args(self.store.iter()).env("RUST_LOG", "info,tokio_postgres=warn");
        command.args(DOORS.iter().flat_map(|door| [format!("--{door}"), "127.0.0.1:0".to_owned()]));
        log_to(&mut command, self.folder.path(), &format!("controller-{index}"));
        let mut server = Server::start(&mut command);
        let line = server.line("listening");
        let address = |door: &str| {
            let address = line.split_whitespace().find_map(|pair| pair.strip_prefix(door)?.strip_prefix('='));
            address.and_then(|address| address.parse().ok()).expect("a controller says where its doors are")
        };
        (server, DOORS.map(address))
    }
}

/// A database and its standby, and what controllers are told of them.
fn databases() -> (Vec<Postgres>, Vec<String>) {
    let primary = Postgres::start();
    let database = primary.database();
    let standby = primary.standby();
    let url = Postgres::url_of(&[&primary, &standby], &database);
    (vec![primary, standby], vec!["--store".to_owned(), url])
}

/// Adds what a process logs to a file.
fn log_to(command: &mut Command, folder: &Path, name: &str) {
    let log = File::options().create(true).append(true).open(folder.join("log").join(name));
    command.stderr(log.expect("a log can be made"));
}
