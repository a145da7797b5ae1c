//! What a store must do about documents.

use super::*;
use crate::store::{Document, NewDocument, Version};

fn new(text: &str) -> NewDocument {
    NewDocument::of(&text, None).unwrap()
}

/// One that is over so many milliseconds from now.
fn passing(text: &str, milliseconds: i64) -> NewDocument {
    let end = crate::store::record::now() + jiff::SignedDuration::from_millis(milliseconds);
    NewDocument::of(&text, Some(end)).unwrap()
}

fn text(document: Option<Document>) -> Option<String> {
    document.map(|document| document.read().unwrap())
}

async fn put(store: &impl Store, kind: &str, key: &str, text: &str) -> Version {
    store.put_document(kind, key, new(text), None).await.unwrap().unwrap()
}

async fn keys(store: &impl Store, prefix: &str, after: &str, limit: usize) -> Vec<String> {
    let found = store.documents("fruit", prefix, after, limit).await.unwrap();
    found.into_iter().map(|document| document.key).collect()
}

pub(super) async fn documents_change_by_compare_and_set(store: &impl Store) {
    assert_eq!(store.document("fruit", "apple").await.unwrap(), None);
    let first = put(store, "fruit", "apple", "green").await;
    assert_eq!(store.put_document("fruit", "apple", new("red"), None).await.unwrap(), None);
    let second = store.put_document("fruit", "apple", new("red"), Some(first)).await.unwrap().unwrap();
    assert_ne!(second, first);
    assert_eq!(store.put_document("fruit", "apple", new("blue"), Some(first)).await.unwrap(), None);
    assert_eq!(store.put_document("fruit", "pear", new("blue"), Some(first)).await.unwrap(), None);
    let found = store.document("fruit", "apple").await.unwrap();
    assert_eq!(found.as_ref().map(|found| (found.version, found.key.as_str())), Some((second, "apple")));
    assert_eq!(text(found).as_deref(), Some("red"));

    assert!(store.remove_document("fruit", "apple").await.unwrap());
    assert!(!store.remove_document("fruit", "apple").await.unwrap());
    let again = put(store, "fruit", "apple", "green").await;
    assert_ne!(again, first, "a version never comes back");
    assert_eq!(store.put_document("fruit", "apple", new("old"), Some(second)).await.unwrap(), None);
}

pub(super) async fn documents_are_listed_by_kind_and_key(store: &impl Store) {
    for key in ["b", "ä", "a:2", "a:10", "B", "a;1"] {
        put(store, "fruit", key, key).await;
    }
    put(store, "tree", "a:0", "of another kind").await;
    assert_eq!(keys(store, "", "", 10).await, ["B", "a:10", "a:2", "a;1", "b", "ä"]);
    assert_eq!(keys(store, "", "a:2", 2).await, ["a;1", "b"]);
    assert_eq!(keys(store, "a:", "", 10).await, ["a:10", "a:2"]);
    assert_eq!(keys(store, "a:", "a:10", 10).await, ["a:2"]);
    assert_eq!(keys(store, "%", "", 10).await, Vec::<String>::new());
}

pub(super) async fn an_expired_document_is_none(store: &impl Store) {
    let later = store.put_document("fruit", "b", passing("later", 60_000), None).await.unwrap().unwrap();
    let soon = store.put_document("fruit", "a", passing("soon", 300), None).await.unwrap().unwrap();
    // By the clock on the wall, which no test stops.
    let begin = std::time::Instant::now();
    while store.document("fruit", "a").await.unwrap().is_some() {
        assert!(begin.elapsed() < HOME_TIMEOUT);
        sleep(SOON).await;
    }
    assert_eq!(keys(store, "", "", 10).await, ["b"]);
    assert_eq!(store.put_document("fruit", "a", new("x"), Some(soon)).await.unwrap(), None);
    assert!(!store.remove_document("fruit", "a").await.unwrap());
    store.put_document("fruit", "a", passing("over", -1), None).await.unwrap().unwrap();
    store.put_document("fruit", "a", new("anew"), None).await.unwrap().unwrap();
    store.forget_expired().await.unwrap();
    assert_eq!(text(store.document("fruit", "a").await.unwrap()).as_deref(), Some("anew"));
    assert!(store.put_document("fruit", "b", new("kept"), Some(later)).await.unwrap().is_some());
}

pub(super) async fn one_of_many_writers_wins(here: &impl Store, there: &impl Store) {
    let version = put(here, "fruit", "a", "0").await;
    let (one, other) = tokio::join!(
        here.put_document("fruit", "a", new("1"), Some(version)),
        there.put_document("fruit", "a", new("2"), Some(version))
    );
    assert_eq!([one.unwrap(), other.unwrap()].iter().flatten().count(), 1);
    let (one, other) = tokio::join!(
        here.put_document("fruit", "b", new("1"), None),
        there.put_document("fruit", "b", new("2"), None)
    );
    assert_eq!([one.unwrap(), other.unwrap()].iter().flatten().count(), 1);
    assert!(there.document("fruit", "b").await.unwrap().is_some());
}

pub(super) async fn jobs_have_owners(store: &impl Store) {
    let owned = |owner: Option<&str>, key: Option<&str>| {
        let mut new = NewJob { owner: owner.map(str::to_owned), ..job("c", 0) };
        Arc::make_mut(&mut new.spec).idempotency_key = key.map(str::to_owned);
        new
    };
    let ada = enqueue_new(store, owned(Some("ada"), Some("k"))).await.id;
    let nobody = enqueue_new(store, owned(None, Some("k"))).await.id;
    let bob = enqueue_new(store, owned(Some("bob"), Some("k"))).await.id;
    assert_eq!(store.enqueue(owned(Some("ada"), Some("k"))).await.unwrap(), Enqueued::Existing(ada));
    assert_eq!(store.enqueue(owned(None, Some("k"))).await.unwrap(), Enqueued::Existing(nobody));
    let forged = enqueue_new(store, owned(None, Some("\u{1f}ada\u{1f}k"))).await.id;
    assert_ne!(forged, ada, "nobody gets at another's job by a clever key");

    assert_eq!(store.get(ada).await.unwrap().unwrap().owner.as_deref(), Some("ada"));
    assert_eq!(store.get(nobody).await.unwrap().unwrap().owner, None);
    let attempt = claim(store, ada).await;
    let Recorded::Now(job) = store.finish(ada, attempt, outcome(Verdict::Ok)).await.unwrap() else {
        panic!()
    };
    assert_eq!(job.owner.as_deref(), Some("ada"));
    let Cancelled::Finished(job) = store.cancel(bob, "enough").await.unwrap() else { panic!() };
    assert_eq!(job.owner.as_deref(), Some("bob"));

    let of = |owners: &[&str]| {
        let owners = Some(owners.iter().map(|&owner| owner.to_owned()).collect());
        let query = JobQuery { owners, ..JobQuery::default() };
        async move { store.list(&query).await.unwrap().jobs }
    };
    assert_eq!(of(&[]).await, []);
    let found = of(&["ada", "bob", "eve"]).await;
    let found: Vec<_> = found.iter().map(|job| (job.id, job.owner.as_deref())).collect();
    assert_eq!(found, [(bob, Some("bob")), (ada, Some("ada"))]);
    assert_eq!(store.list(&JobQuery::default()).await.unwrap().jobs.len(), 4);
}
