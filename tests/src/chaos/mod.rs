//! Chaos on the real thing: while clients submit jobs, controllers and runners are killed, links break, and the
//! database fails over. At the end every accepted job has one verdict, the right one, and nothing is left behind.

mod arena;
mod check;
mod clients;
mod dice;
mod faults;
mod history;
mod logs;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use arena::Arena;
use check::Counts;
use clients::Client;
use dice::Dice;
use faults::Faults;
use history::{Door, History};
use logs::Logs;

use crate::table::columns;
use crate::wait::pause;

/// How large a cluster is, and what it stands on.
#[derive(Debug, Clone)]
pub struct Scale {
    /// Controllers; one where the store is in memory.
    pub controllers: usize,
    /// Runners.
    pub runners: usize,
    /// Clients.
    pub clients: usize,
    /// Whether the store is a PostgreSQL with a standby; otherwise memory.
    pub postgres: bool,
    /// How long things happen.
    pub time: Duration,
    /// What they depend on.
    pub seed: u64,
}

/// How long there is peace before, and after, so that there is something to compare with.
const PEACE: Duration = Duration::from_secs(1);

/// Lets chaos rage, and checks what came of it. Returns a report for people.
///
/// # Errors
/// What is wrong, with the seed, what happened, and the histories of the jobs concerned.
pub fn run(scale: &Scale) -> Result<String, String> {
    let mut dice = Dice::new(scale.seed);
    let mut arena = Arena::start(scale);
    let begin = Instant::now();
    let stop = AtomicBool::new(false);
    let mut faults = Faults::new(dice.split(), begin);
    let clients: Vec<Client> = (0..scale.clients).map(|index| client(&arena, index, dice.split())).collect();
    let folder = arena.folder.path().join("files");
    let histories: Vec<History> = thread::scope(|scope| {
        let (folder, stop) = (&folder, &stop);
        let clients: Vec<_> =
            clients.into_iter().map(|client| scope.spawn(move || client.work(folder, begin, stop))).collect();
        pause(PEACE);
        faults.rage(&mut arena, scale.time);
        pause(PEACE);
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().flat_map(|client| client.join().expect("a client does not fail")).collect()
    });
    let apis = arena.apis();
    check::settle(&apis);
    let (counts, mut wrong) = check::check(&histories, &apis);
    let logs = Logs::read(&arena);
    for what in &mut wrong {
        *what += &logs.about(what);
    }
    wrong.extend(arena.stop());
    let report = report(scale, &counts, &histories, &faults);
    match wrong.is_empty() {
        true => Ok(report),
        false => Err(format!(
            "{report}\nWrong: {}\n{}\n\nWhat happened\n{}\n\nLogs\n{}",
            wrong.len(),
            wrong.join("\n"),
            faults.log().join("\n"),
            logs.ends()
        )),
    }
}

fn client(arena: &Arena, index: usize, dice: Dice) -> Client {
    let addresses = |door: usize, before: &str| {
        let proxies = arena.controllers.iter().map(|controller| controller.proxies[door].address());
        let mut addresses: Vec<String> = proxies.map(|address| format!("{before}{address}")).collect();
        let count = addresses.len();
        addresses.rotate_left(index % count);
        addresses
            .iter()
            .map(|address| if door == 1 { format!("{address}/api/v1") } else { address.clone() })
            .collect()
    };
    let doors =
        [Door::Http, Door::Run, Door::Http, Door::Detach, Door::Http, Door::File, Door::Http, Door::Detach];
    let door = doors[index % doors.len()];
    Client { index, door, tcp: addresses(0, ""), http: addresses(1, "http://"), dice }
}

fn report(scale: &Scale, counts: &Counts, histories: &[History], faults: &Faults) -> String {
    let slowest = histories.iter().map(|history| history.took).max().unwrap_or_default();
    let mut ends: Vec<Duration> = histories.iter().map(|history| history.at + history.took).collect();
    ends.sort_unstable();
    let gap = ends.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
    let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    let mut rows = vec![
        ("seed".to_owned(), scale.seed.to_string()),
        ("jobs submitted".to_owned(), counts.submitted.to_string()),
        ("  accepted".to_owned(), counts.accepted.to_string()),
        ("  finished with their own answer".to_owned(), counts.finished.to_string()),
        ("  stopped, their client being cut off".to_owned(), counts.stopped.to_string()),
        ("  given up after three lost attempts".to_owned(), counts.given_up.to_string()),
        ("  ended with their streamed input".to_owned(), counts.input_lost.to_string()),
        ("attempts lost, and tried again".to_owned(), counts.lost.to_string()),
        ("attempts refused, and tried elsewhere".to_owned(), counts.refused.to_string()),
        ("times that clients tried again".to_owned(), counts.retries.to_string()),
        ("slowest job".to_owned(), seconds(slowest)),
        ("longest time without an answer to anybody".to_owned(), seconds(gap)),
    ];
    rows.extend(faults.counts().iter().map(|(kind, count)| (kind.to_string(), count.to_string())));
    columns(&rows.into_iter().map(|(name, value)| vec![name, value]).collect::<Vec<_>>())
}
