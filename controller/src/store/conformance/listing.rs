//! Finding jobs.

use super::super::listing::LOOKED_AT;
use super::*;

fn all() -> JobQuery {
    JobQuery::default()
}

async fn ids(store: &impl Store, query: JobQuery) -> Vec<JobId> {
    store.list(&query).await.unwrap().jobs.iter().map(|job| job.id).collect()
}

/// Follows the pages to the last. Returns all that they found, and how many pages there were.
async fn walk(store: &impl Store, mut query: JobQuery) -> (Vec<JobId>, usize) {
    let (mut found, mut pages) = (Vec::new(), 0);
    loop {
        let page = store.list(&query).await.unwrap();
        assert!(page.jobs.len() <= query.limit.unwrap() as usize);
        found.extend(page.jobs.iter().map(|job| job.id));
        pages += 1;
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            return (found, pages);
        }
        assert!(pages < 100, "there is an end");
    }
}

fn labelled(owner: Option<&str>, name: &str, value: &str) -> NewJob {
    let mut new = NewJob { owner: owner.map(str::to_owned), ..job("c", 0) };
    Arc::make_mut(&mut new.spec).labels = [(name.to_owned(), value.to_owned())].into();
    new
}

pub(super) async fn jobs_are_found_by_verdict_runner_and_words(store: &impl Store) {
    let ada = enqueue_new(store, labelled(Some("ada.l"), "class", "Group-3B")).await.id;
    let bob = enqueue_new(store, labelled(Some("bob"), "note", "50 % of Ada's")).await.id;
    let nobody = enqueue_new(store, labelled(None, "ada", "Élise")).await.id;
    finish_one(store, ada).await;
    store.cancel(bob, "enough").await.unwrap();

    for (verdict, found) in
        [(Verdict::Ok, vec![ada]), (Verdict::Cancelled, vec![bob]), (Verdict::CompileError, vec![])]
    {
        assert_eq!(ids(store, JobQuery { verdict: Some(verdict), ..all() }).await, found, "{verdict}");
    }
    for (runner, found) in [("a", vec![ada]), ("A", vec![]), ("b", vec![])] {
        assert_eq!(ids(store, JobQuery { runner: Some(runner.into()), ..all() }).await, found, "{runner}");
    }

    let id = ada.to_string();
    for (text, found) in [
        ("ADA", vec![bob, ada]),
        ("ada.", vec![ada]),
        ("group-3b", vec![ada]),
        ("%", vec![bob]),
        ("_", vec![]),
        ("'", vec![bob]),
        ("lise", vec![nobody]),
        ("Él", vec![nobody]),
        ("nothing", vec![]),
        (&id, vec![ada]),
        (&id.to_ascii_uppercase(), vec![ada]),
        (&id[..20], vec![ada]),
        (&id[1..20], vec![]),
    ] {
        assert_eq!(ids(store, JobQuery { search: Some(text.into()), ..all() }).await, found, "{text}");
    }

    let both = JobQuery { search: Some("ada".into()), verdict: Some(Verdict::Ok), ..all() };
    assert_eq!(ids(store, both).await, [ada]);
    let of_bob = |search: &str| JobQuery {
        search: Some(search.into()),
        owners: Some(vec!["bob".to_owned()]),
        ..all()
    };
    assert_eq!(ids(store, of_bob("ada")).await, [bob], "those of others are not found");
    assert_eq!(ids(store, of_bob(&id)).await, [], "not even by their id");
    let waiting = JobQuery { search: Some(id), state: Some(JobState::Queued), ..all() };
    assert_eq!(ids(store, waiting).await, []);
}

pub(super) async fn a_page_looks_only_so_far(store: &impl Store) {
    let looked_at = LOOKED_AT as usize;
    let oldest = enqueue_new(store, NewJob { owner: Some("ada".to_owned()), ..job("java", 0) }).await.id;
    let running = enqueue(store, "java").await;
    claim(store, running).await;
    let mut newer = Vec::new();
    for _ in 0..2 * looked_at {
        newer.insert(0, enqueue(store, "c").await);
    }

    let java = JobQuery { language: Some("java".into()), limit: Some(5), ..all() };
    let page = store.list(&java).await.unwrap();
    assert_eq!((page.jobs.len(), page.next_cursor.is_some()), (0, true), "it has not looked at all of them");
    assert_eq!(walk(store, java.clone()).await, (vec![running, oldest], 3));
    let none = JobQuery { search: Some("nothing".into()), limit: Some(5), ..all() };
    assert_eq!(walk(store, none).await, (vec![], 3));

    let of_ada = JobQuery { owners: Some(vec!["ada".to_owned()]), ..java.clone() };
    assert_eq!(walk(store, of_ada).await, (vec![oldest], 1), "only her jobs are looked at");
    let of_state = JobQuery { state: Some(JobState::Running), ..java };
    assert_eq!(walk(store, of_state).await, (vec![running], 1), "only what runs is looked at");
    let by_id = JobQuery { search: Some(oldest.to_string()), limit: Some(5), ..all() };
    assert_eq!(walk(store, by_id).await, (vec![oldest], 1));

    let found = walk(store, JobQuery { language: Some("c".into()), limit: Some(7), ..all() }).await.0;
    assert_eq!(found, newer, "each of many is found once, and in order");
    let everything = walk(store, JobQuery { limit: Some(100), ..all() }).await;
    assert_eq!((everything.0.len(), everything.1), (newer.len() + 2, 1), "where nothing is sifted all count");
}
