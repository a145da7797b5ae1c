use std::collections::BTreeSet;

use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::*;

const LANGUAGES: [&str; 3] = ["c", "java", "python"];

fn limits(cpu_seconds: f64) -> Limits {
    Limits {
        cpu_seconds,
        wall_seconds: 60.0,
        memory_bytes: 1 << 30,
        processes: 64,
        output_bytes: 1 << 20,
        disk_bytes: 1 << 20,
    }
}

fn asking(cpu_seconds: f64) -> LimitsRequest {
    LimitsRequest { cpu_seconds: Some(cpu_seconds), ..LimitsRequest::default() }
}

fn runner(name: &str) -> Runner {
    Runner {
        name: name.to_owned(),
        languages: LANGUAGES.map(|language| (language.to_owned(), limits(10.0))).into(),
        max_jobs: 2,
        assigned: 0,
        unavailable: None,
        cpu_percent: 0.0,
        warm: BTreeMap::new(),
    }
}

fn fleet(runners: impl IntoIterator<Item = Runner>) -> BTreeMap<RunnerId, Runner> {
    runners.into_iter().map(|runner| (RunnerId::random(), runner)).collect()
}

fn name_of(chosen: Option<RunnerId>, runners: &BTreeMap<RunnerId, Runner>) -> &str {
    &runners[&chosen.unwrap()].name
}

fn chosen_among(runners: impl IntoIterator<Item = Runner>) -> String {
    let mut runners = fleet(runners);
    let limits = LimitsRequest::default();
    let demand = Demand { language: "c", limits: &limits };
    let placed = place(&[demand], &mut runners, &mut StdRng::seed_from_u64(1));
    name_of(placed[0], &runners).to_owned()
}

#[test]
fn warm_comes_before_idle_and_idle_before_a_quiet_host() {
    let warm = || Runner { warm: [("c".to_owned(), 1)].into(), assigned: 1, ..runner("warm") };
    let idle = || Runner { cpu_percent: 80.0, ..runner("idle") };
    let quiet = || Runner { assigned: 1, ..runner("quiet") };
    assert_eq!(chosen_among([quiet(), idle(), warm()]), "warm");
    assert_eq!(chosen_among([quiet(), idle()]), "idle");
    assert_eq!(chosen_among([runner("quiet"), idle()]), "quiet");
}

#[test]
fn ties_are_spread() {
    let names: BTreeSet<_> = (0..50)
        .map(|seed| {
            let mut runners = fleet(["a", "b", "c"].map(runner));
            let limits = LimitsRequest::default();
            let demand = Demand { language: "c", limits: &limits };
            let placed = place(&[demand], &mut runners, &mut StdRng::seed_from_u64(seed));
            name_of(placed[0], &runners).to_owned()
        })
        .collect();
    assert_eq!(names.len(), 3);
}

#[test]
fn an_explanation_names_each_runner_that_offers_the_language() {
    let default = LimitsRequest::default();
    let demand = Demand { language: "c", limits: &default };
    assert_eq!(explain(&demand, [].iter()), "no runner is connected");

    let full = Runner { assigned: 2, ..runner("a") };
    let busy = Runner { unavailable: Some("cpu 93 % over max_cpu_percent 85".to_owned()), ..runner("b") };
    let other = Runner { languages: BTreeMap::new(), ..runner("d") };
    assert_eq!(
        explain(&demand, [&full, &busy, &other].into_iter()),
        "runner a: 2 of 2 slots busy; runner b: cpu 93 % over max_cpu_percent 85"
    );
    assert_eq!(explain(&demand, [&other].into_iter()), "no connected runner offers c");

    let much = asking(11.0);
    let demand = Demand { language: "c", limits: &much };
    assert_eq!(explain(&demand, [&full].into_iter()), "runner a: cpu_seconds may be at most 10, not 11");
}

fn any_runner() -> impl Strategy<Value = Runner> {
    let languages = prop::collection::btree_map(prop::sample::select(&LANGUAGES[..]), 1..20_u8, 0..3);
    let warm = prop::collection::btree_map(prop::sample::select(&LANGUAGES[..]), 0..3_u32, 0..3);
    (languages, 0..4_u32, 0..4_u32, any::<bool>(), 0..100_u8, warm).prop_map(
        |(languages, max_jobs, assigned, available, cpu, warm)| Runner {
            name: "r".to_owned(),
            languages: languages.into_iter().map(|(id, cpu)| (id.to_owned(), limits(cpu.into()))).collect(),
            max_jobs,
            assigned: assigned.min(max_jobs),
            unavailable: (!available).then(|| "busy".to_owned()),
            cpu_percent: cpu.into(),
            warm: warm.into_iter().map(|(id, count)| (id.to_owned(), count)).collect(),
        },
    )
}

proptest! {
    #[test]
    fn placement_is_sound_and_complete(
        runners in prop::collection::vec(any_runner(), 0..6),
        jobs in prop::collection::vec((prop::sample::select(&LANGUAGES[..]), 1..20_u8), 0..20),
        seed in any::<u64>(),
    ) {
        let before = fleet(runners);
        let mut after = before.clone();
        let requests: Vec<_> = jobs.iter().map(|(_, cpu)| asking((*cpu).into())).collect();
        let demands: Vec<_> = jobs
            .iter()
            .zip(&requests)
            .map(|((language, _), limits)| Demand { language, limits })
            .collect();
        let placed = place(&demands, &mut after, &mut StdRng::seed_from_u64(seed));

        prop_assert_eq!(placed.len(), demands.len());
        for (id, runner) in &after {
            let given = placed.iter().filter(|chosen| **chosen == Some(*id)).count();
            prop_assert!(runner.assigned <= runner.max_jobs, "a slot was sold twice");
            prop_assert_eq!(runner.assigned as usize, before[id].assigned as usize + given);
        }
        for (demand, chosen) in demands.iter().zip(&placed) {
            match chosen {
                Some(id) => prop_assert_eq!(before[id].obstacle(demand), None),
                None => prop_assert!(after.values().all(|runner| runner.obstacle(demand).is_some())),
            }
        }
        for (index, demand) in demands.iter().enumerate().filter(|(index, _)| placed[*index].is_none()) {
            let overtaken = (index + 1..demands.len()).any(|l| demands[l] == *demand && placed[l].is_some());
            prop_assert!(!overtaken, "a later job of the same kind went first");
        }
    }
}
