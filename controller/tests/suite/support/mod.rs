//! A controller, and peers for it.

mod accounts;
mod client;
mod http;
mod peer;
mod receiver;
mod runner;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use controller::config::{Args, Config, StoreKind};
use controller::{Listeners, SharedMemory, Shutdown};
use protocol::runner::{HeldAttempt, Registration};
use protocol::{JobSpec, SourceFile};
use tokio::task::JoinHandle;

pub use accounts::{PASSWORD, Someone};
pub use client::Client;
pub use http::{Events, Http, Reply};
pub use peer::Peer;
pub use receiver::{Received, Receiver, SILENCE};
pub use runner::{Given, RUN, Runner, registration, telemetry};

/// How long anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for something that has to happen.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("it takes too long: {what}"))
}

/// A controller in this process; it ends with the test.
pub struct Controller {
    pub clients: SocketAddr,
    pub runners: SocketAddr,
    pub http: SocketAddr,
    pub shutdown: Shutdown,
    task: JoinHandle<()>,
}

impl Controller {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config();
        change(&mut config);
        Self::start_as(config, None).await
    }

    /// So many controllers on one store.
    pub async fn several<const N: usize>() -> [Self; N] {
        Self::several_with(|_| {}).await
    }

    /// The same, with something changed.
    pub async fn several_with<const N: usize>(change: impl FnOnce(&mut Config)) -> [Self; N] {
        let mut config = config();
        change(&mut config);
        let memory = Arc::new(SharedMemory::new(&config));
        let controllers = [(); N].map(|()| Self::start_as(config.clone(), Some(Arc::clone(&memory))));
        futures_util::future::join_all(controllers).await.try_into().unwrap_or_else(|_| unreachable!())
    }

    async fn start_as(config: Config, memory: Option<Arc<SharedMemory>>) -> Self {
        let listeners = Listeners::bind(&config).await.unwrap();
        let clients = listeners.clients.local_addr().unwrap();
        let runners = listeners.runners.local_addr().unwrap();
        let http = listeners.http.local_addr().unwrap();
        let shutdown = Shutdown::default();
        let told = shutdown.clone();
        let task = tokio::spawn(async move {
            match memory {
                Some(memory) => controller::run_sharing(&memory, config, listeners, told).await,
                None => {
                    let store = controller::store::open(&config).await.unwrap();
                    controller::run(config, store, listeners, told).await;
                }
            }
        });
        Self { clients, runners, http, shutdown, task }
    }

    pub async fn client(&self) -> Client {
        Client::connect(self.clients).await
    }

    /// The same runner, of a kind that holds its attempts when a link breaks, with those that it holds.
    pub async fn holder(&self, itself: &Registration, held: &[HeldAttempt]) -> Runner {
        let itself = Registration { held: held.to_vec(), ..itself.clone() };
        let mut runner = Runner::join_as(self.runners, &runner::resuming(), itself).await.unwrap();
        runner.measured(telemetry()).await;
        runner
    }

    /// A runner of this name with so many slots, ready for jobs.
    pub async fn runner(&self, name: &str, slots: u32) -> Runner {
        let mut runner = Runner::join(self.runners, registration(name, slots)).await.unwrap();
        runner.measured(telemetry()).await;
        self.until_available(name).await;
        runner
    }

    pub fn http(&self) -> Http {
        Http(self.http)
    }

    pub async fn until_available(&self, name: &str) {
        let there = async |runners: &serde_json::Value| {
            let mut runners = runners.as_array().unwrap().iter();
            runners.any(|runner| runner["name"] == name && runner["state"] == "available")
        };
        soon("the runner is available", async {
            while !there(&self.http().get("/api/v1/runners").await.json()).await {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// Waits until it has ended by itself.
    pub async fn ended(self) {
        soon("the controller ends", self.task).await.unwrap();
    }
}

fn config() -> Config {
    let free = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    let args = Args { clients: free, runners: free, http: free, ..Args::default() };
    let mut config = Config::load(args).unwrap();
    config.store = StoreKind::Memory;
    config
}

/// A program that no runner here looks at.
pub fn program() -> JobSpec {
    JobSpec {
        language: "c".to_owned(),
        files: vec![SourceFile { path: "main.c".to_owned(), content: "int main(){}".into() }],
        ..JobSpec::default()
    }
}
