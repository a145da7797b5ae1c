//! Callbacks: who is told how jobs end, how they know it, and where callbacks do not go.

use std::collections::BTreeSet;
use std::time::Duration;

use controller::config::{Config, StoreKind};
use hmac::{Hmac, KeyInit as _, Mac as _};
use protocol::{JobSpec, Verdict};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{Controller, Received, Receiver, SILENCE, Someone, program, soon};

/// What is called may be on this machine, and tries follow each other at once.
fn quick(config: &mut Config) {
    config.callbacks.allow_private = vec!["127.0.0.0/8".parse().unwrap()];
    config.callbacks.first_pause = Duration::from_millis(20);
    config.callbacks.timeout = Duration::from_millis(500);
}

fn calling(url: &str) -> Value {
    serde_json::to_value(JobSpec { callback_url: Some(url.to_owned()), ..program() }).unwrap()
}

async fn submit(someone: &Someone, url: &str) -> String {
    let accepted = someone.post("/jobs", &calling(url)).await;
    assert_eq!(accepted.status, 202, "{accepted:?}");
    accepted.json()["id"].as_str().unwrap().to_owned()
}

async fn key(someone: &Someone, whose: &str) -> String {
    let reply = someone.get(&format!("/{whose}/callback-key")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["key"].as_str().unwrap().to_owned()
}

/// As docs/callbacks.md says that it is done.
fn is_signed_with(received: &Received, key: &str) -> bool {
    let (time, proof) = received.header("ruche-signature").split_once(',').unwrap();
    let time = time.strip_prefix("t=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(format!("{time}.{}", received.body).as_bytes());
    let expected: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let age = protocol::Timestamp::now().as_second() - time.parse::<i64>().unwrap();
    assert!((0..60).contains(&age), "it was signed {age} s ago");
    proof == format!("v1={expected}")
}

#[tokio::test]
async fn a_finished_job_is_told_and_its_owners_key_proves_it() {
    let controller = Controller::start_with(quick).await;
    let mut runner = controller.runner("a", 1).await;
    let admin = controller.first_admin().await;
    let ada = controller.add_user(&admin, "ada", "user").await;
    let mut receiver = Receiver::answering(&[200]).await;

    let id = submit(&ada, &receiver.url()).await;
    let assigned = runner.run_next("hello").await;
    let received = receiver.next().await;
    assert!(received.head.starts_with("POST /called?secret=tulip HTTP/1.1\r\n"), "{received:?}");
    assert_eq!(received.header("ruche-event"), "job.finished");
    assert_eq!(received.header("host"), format!("127.0.0.1:{}", receiver.port));
    assert_eq!(received.header("content-type"), "application/json");
    assert!(received.header("user-agent").starts_with("ruche/"));
    assert_eq!(received.job(), ada.get(&format!("/jobs/{id}")).await.json());
    assert_eq!((&received.job()["id"], &received.job()["verdict"]), (&json!(id), &json!("ok")));
    let own = key(&ada, "account").await;
    assert!(is_signed_with(&received, &own));
    assert!(!is_signed_with(&received, &key(&admin, "account").await));
    assert_eq!(assigned.assignment.spec.callback_url, None, "runners need not know");

    let renewed =
        ada.post("/account/callback-key", &json!({})).await.json()["key"].as_str().unwrap().to_owned();
    assert_ne!(renewed, own);
    submit(&ada, &receiver.url()).await;
    runner.run_next("").await;
    assert!(is_signed_with(&receiver.next().await, &renewed));

    submit(&controller.anonymous(), &receiver.url()).await;
    runner.run_next("").await;
    assert!(is_signed_with(&receiver.next().await, &key(&admin, "cluster").await), "a job of nobody");
}

#[tokio::test]
async fn nobody_who_sees_a_job_sees_where_its_end_is_told() {
    let controller = Controller::start_with(quick).await;
    let receiver = Receiver::answering(&[200]).await;
    let someone = controller.anonymous();
    let id = submit(&someone, &receiver.url()).await;
    for path in ["", "/spec"] {
        let seen = someone.get(&format!("/jobs/{id}{path}")).await;
        assert_eq!(seen.status, 200);
        assert!(!seen.body.contains("tulip"), "{path}");
    }
    let link = someone.post(&format!("/jobs/{id}/share"), &json!({})).await.json();
    let shared = someone.get(&format!("/shared/{}", link["token"].as_str().unwrap())).await;
    assert!(shared.status == 200 && !shared.body.contains("tulip"));
}

#[tokio::test]
async fn whoever_does_not_take_it_is_told_again_until_it_does() {
    let controller = Controller::start_with(quick).await;
    let mut receiver = Receiver::answering(&[500, SILENCE, 302, 404, 204]).await;
    let someone = controller.anonymous();
    let id = submit(&someone, &receiver.url()).await;
    assert_eq!(someone.post(&format!("/jobs/{id}/cancel"), &json!({})).await.status, 200);
    let key = key(&someone, "cluster").await;
    let mut deliveries = BTreeSet::new();
    for _ in 0..5 {
        let received = receiver.next().await;
        assert!(received.head.starts_with("POST /called"), "a redirect is not followed: {received:?}");
        assert_eq!(received.job()["verdict"], "cancelled");
        assert!(is_signed_with(&received, &key));
        deliveries.insert(received.header("ruche-delivery").to_owned());
    }
    assert_eq!(deliveries.len(), 1, "each try says that it is the same");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(receiver.connections(), 5, "and then no more");
}

#[tokio::test]
async fn whoever_wants_it_no_more_is_not_told_again() {
    let controller = Controller::start_with(quick).await;
    let mut receiver = Receiver::answering(&[410]).await;
    let someone = controller.anonymous();
    let id = submit(&someone, &receiver.url()).await;
    someone.post(&format!("/jobs/{id}/cancel"), &json!({})).await;
    receiver.next().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_slow_receiver_holds_up_nobody() {
    let controller = Controller::start_with(|config| {
        quick(config);
        config.callbacks.timeout = Duration::from_secs(600);
    })
    .await;
    let (slow, mut quick) = (Receiver::answering(&[SILENCE]).await, Receiver::answering(&[200]).await);
    let admin = controller.first_admin().await;
    for receiver in [&slow, &slow, &slow, &slow, &slow, &slow, &quick] {
        let id = submit(&admin, &receiver.url()).await;
        admin.post(&format!("/jobs/{id}/cancel"), &json!({})).await;
    }
    quick.next().await;
}

#[tokio::test]
async fn callbacks_go_nowhere_inside_unless_that_is_allowed() {
    let controller = Controller::start_with(|config| {
        quick(config);
        config.callbacks.allow_private.clear();
    })
    .await;
    let receiver = Receiver::answering(&[200]).await;
    let someone = controller.anonymous();
    for url in [
        receiver.url(),
        "http://2130706433/".to_owned(),
        "http://[::ffff:10.0.0.1]/".to_owned(),
        "http://169.254.169.254/".to_owned(),
    ] {
        let refused = someone.post("/jobs", &calling(&url)).await;
        assert_eq!(
            (refused.status, refused.problem()["field"].as_str()),
            (400, Some("callback_url")),
            "{url}"
        );
        assert!(!refused.body.contains("tulip"));
    }
    // What a name stands for is only known when it is called.
    let id = submit(&someone, &format!("http://localhost:{}/", receiver.port)).await;
    someone.post(&format!("/jobs/{id}/cancel"), &json!({})).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn where_callbacks_are_off_a_job_with_one_is_refused() {
    let controller = Controller::start_with(|config| {
        quick(config);
        config.callbacks.enabled = false;
    })
    .await;
    let refused = controller.anonymous().post("/jobs", &calling("https://example.org/")).await;
    assert_eq!((refused.status, refused.problem()["field"].as_str()), (400, Some("callback_url")));
}

#[tokio::test]
async fn what_is_owed_outlives_the_controller() {
    let folder = tempfile::tempdir().unwrap();
    let keeping = |config: &mut Config| {
        quick(config);
        config.store = StoreKind::Sqlite(folder.path().to_owned());
        config.callbacks.first_pause = Duration::from_secs(1);
    };
    let mut receiver = Receiver::answering(&[503, 503, 200]).await;
    let controller = Controller::start_with(keeping).await;
    let someone = controller.anonymous();
    let (ended, waits) = (submit(&someone, &receiver.url()).await, submit(&someone, &receiver.url()).await);
    someone.post(&format!("/jobs/{ended}/cancel"), &json!({})).await;
    let first = receiver.next().await;
    controller.shutdown.now.cancel();
    controller.ended().await;

    let controller = Controller::start_with(keeping).await;
    let again = receiver.next().await;
    assert_eq!(again.header("ruche-delivery"), first.header("ruche-delivery"));
    assert_eq!((again.body, &first.job()["id"]), (first.body.clone(), &json!(ended)));
    let mut runner = controller.runner("a", 1).await;
    runner.run_next("").await;
    let told = async {
        loop {
            let received = receiver.next().await;
            if received.job()["id"] == json!(waits) {
                return received;
            }
        }
    };
    assert_eq!(soon("the other is told, too", told).await.job()["verdict"], Verdict::Ok.as_str());
}

#[tokio::test]
async fn several_controllers_tell_each_end_once() {
    let controllers: [Controller; 2] = Controller::several_with(quick).await;
    let mut receiver = Receiver::answering(&[200]).await;
    let mut deliveries = BTreeSet::new();
    for controller in [&controllers[0], &controllers[1]].repeat(10) {
        let id = submit(&controller.anonymous(), &receiver.url()).await;
        // Whoever ends it, it is told.
        let other = if std::ptr::eq(controller, &controllers[0]) { &controllers[1] } else { &controllers[0] };
        other.anonymous().post(&format!("/jobs/{id}/cancel"), &json!({})).await;
        deliveries.insert(receiver.next().await.header("ruche-delivery").to_owned());
    }
    assert_eq!((deliveries.len(), receiver.connections()), (20, 20));
}

#[tokio::test]
async fn what_is_told_does_not_depend_on_how_long_its_job_is_kept() {
    let controller = Controller::start_with(|config| {
        quick(config);
        config.keep_finished = 1;
        config.callbacks.first_pause = Duration::from_secs(2);
    })
    .await;
    let mut receiver = Receiver::answering(&[500, 200]).await;
    let someone = controller.anonymous();
    let id = submit(&someone, &receiver.url()).await;
    someone.post(&format!("/jobs/{id}/cancel"), &json!({})).await;
    let first = receiver.next().await;
    for _ in 0..2 {
        let other = someone.post("/jobs", &serde_json::to_value(program()).unwrap()).await.json();
        someone.post(&format!("/jobs/{}/cancel", other["id"].as_str().unwrap()), &json!({})).await;
    }
    assert_eq!(someone.get(&format!("/jobs/{id}")).await.status, 404, "it is forgotten");
    assert_eq!(receiver.next().await.body, first.body);
}

#[tokio::test]
async fn after_ten_tries_it_is_given_up() {
    let controller = Controller::start_with(|config| {
        quick(config);
        config.callbacks.first_pause = Duration::from_micros(10);
    })
    .await;
    let mut receiver = Receiver::answering(&[500]).await;
    let someone = controller.anonymous();
    let id = submit(&someone, &receiver.url()).await;
    someone.post(&format!("/jobs/{id}/cancel"), &json!({})).await;
    for _ in 0..10 {
        receiver.next().await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(receiver.connections(), 10);
}
