//! The page as browsers get it, and links to jobs.

use serde_json::json;

use crate::support::{Controller, Someone, program};

#[tokio::test]
async fn the_page_comes_compressed_with_a_policy_of_its_own_and_is_not_sent_twice() {
    let controller = Controller::start().await;
    let http = controller.http();
    let page = http.get("/").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.header("content-encoding"), None);

    for (accepted, encoding) in [("gzip", "gzip"), ("gzip, br", "br"), ("br;q=0, gzip", "gzip")] {
        let reply = http.send("HEAD", "/", &format!("accept-encoding: {accepted}\r\n"), "").await;
        assert_eq!(reply.header("content-encoding"), Some(encoding), "{accepted}");
    }
    let known = format!("if-none-match: {}\r\n", page.header("etag").unwrap());
    assert_eq!(http.send("GET", "/", &known, "").await.status, 304);

    let script =
        page.body.split('"').find(|part| part.starts_with("/assets/") && part.ends_with(".js")).unwrap();
    let reply = http.send("HEAD", script, "", "").await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/javascript; charset=utf-8")));
    assert!(reply.header("cache-control").unwrap().contains("immutable"));
    for nothing in [
        "/assets/nothing.js",
        "/assets/..%2findex.html",
        "/assets/%2e%2e/Cargo.toml",
        &format!("{script}.gz"),
    ] {
        assert_eq!(http.get(nothing).await.status, 404, "{nothing}");
    }
}

#[tokio::test]
async fn the_page_hears_what_holds_here() {
    let controller = Controller::start_with(|config| config.sharing = false).await;
    let settings = controller.anonymous().get("/settings").await.json();
    assert_eq!((&settings["sharing"], &settings["has_accounts"]), (&json!(false), &json!(false)));
    controller.first_admin().await;
    assert_eq!(controller.anonymous().get("/settings").await.json()["has_accounts"], json!(true));
}

async fn submit(someone: &Someone) -> String {
    let submitted = someone.post("/jobs", &serde_json::to_value(program()).unwrap()).await;
    submitted.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_program_can_be_had_and_run_again_by_those_who_see_it() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 2).await;
    let root = controller.first_admin().await;
    let (ada, bob) =
        (controller.add_user(&root, "ada", "user").await, controller.add_user(&root, "bob", "user").await);
    let id = submit(&ada).await;
    runner.run_next("1\n").await;
    let spec = ada.get(&format!("/jobs/{id}/spec")).await.json();
    assert_eq!(spec, serde_json::to_value(program()).unwrap());
    let again = ada.post(&format!("/jobs/{id}/rerun"), &json!({})).await;
    assert_eq!(again.status, 202, "{again:?}");
    let again = again.json()["id"].as_str().unwrap().to_owned();
    assert_ne!(again, id);
    runner.run_next("2\n").await;
    let job = ada.get(&format!("/jobs/{again}?wait=10")).await.json();
    assert_eq!((&job["owner"], &job["runs"][0]["stdout"]), (&json!("ada"), &json!("2\n")));
    let of_root = root.post(&format!("/jobs/{id}/rerun"), &json!({})).await.json();
    let of_root = root.get(&format!("/jobs/{}", of_root["id"].as_str().unwrap())).await.json();
    assert_eq!(of_root["owner"], "root");
    for path in [format!("/jobs/{id}/rerun"), format!("/jobs/{id}/share")] {
        assert_eq!(bob.post(&path, &json!({})).await.status, 404, "{path}");
    }
    assert_eq!(bob.get(&format!("/jobs/{id}/spec")).await.status, 404);
}

#[tokio::test]
async fn whoever_has_a_link_sees_the_job_until_it_is_taken_back() {
    let controller =
        Controller::start_with(|config| config.anonymous_use = controller::config::AnonymousUse::Off).await;
    let mut runner = controller.runner("a", 1).await;
    let root = controller.first_admin().await;
    let ada = controller.add_user(&root, "ada", "user").await;
    let id = submit(&ada).await;
    runner.run_next("1\n").await;
    let shared = ada.post(&format!("/jobs/{id}/share"), &json!({})).await;
    assert_eq!(shared.status, 201, "{shared:?}");
    let token = shared.json()["token"].as_str().unwrap().to_owned();

    let stranger = controller.anonymous();
    assert_eq!(stranger.get(&format!("/jobs/{id}")).await.status, 401);
    let seen = stranger.get(&format!("/shared/{token}")).await;
    assert_eq!(seen.status, 200, "{seen:?}");
    let seen = seen.json();
    assert_eq!((&seen["job"]["runs"][0]["stdout"], &seen["job"]["owner"]), (&json!("1\n"), &json!(null)));
    assert_eq!(seen["spec"]["files"][0]["path"], program().files[0].path);
    for wrong in [&token[..token.len() - 1], &format!("{id}.x"), "x", &id] {
        assert_eq!(stranger.get(&format!("/shared/{wrong}")).await.status, 404, "{wrong}");
    }
    assert_eq!(ada.call("DELETE", &format!("/jobs/{id}/share"), None).await.status, 204);
    assert_eq!(stranger.get(&format!("/shared/{token}")).await.status, 404);
    let audit = root.get("/audit").await.json();
    let deeds: Vec<_> =
        audit["entries"].as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
    assert!(deeds.contains(&json!("job_shared")) && deeds.contains(&json!("job_unshared")), "{deeds:?}");
    assert!(!audit.to_string().contains(&token));
}

#[tokio::test]
async fn links_can_be_off() {
    let controller = Controller::start_with(|config| config.sharing = false).await;
    let _runner = controller.runner("a", 1).await;
    let someone = controller.anonymous();
    let id = submit(&someone).await;
    let reply = someone.post(&format!("/jobs/{id}/share"), &json!({})).await;
    assert_eq!(reply.status, 403, "{reply:?}");
    assert_eq!(someone.get(&format!("/shared/{id}.x")).await.status, 403);
}

#[tokio::test]
async fn jobs_are_found_by_verdict_runner_and_words() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let someone = controller.anonymous();
    let id = submit(&someone).await;
    runner.run_next("1\n").await;
    let count = async |query: &str| {
        let page = someone.get(&format!("/jobs?{query}")).await;
        page.json()["jobs"].as_array().map_or(usize::MAX, Vec::len)
    };
    someone.get(&format!("/jobs/{id}?wait=10")).await;
    for (query, expected) in [
        ("verdict=ok", 1),
        ("verdict=cancelled", 0),
        ("runner=a", 1),
        ("runner=b", 0),
        (&format!("search={}", &id[..6].to_uppercase()), 1),
        ("search=zzz", 0),
    ] {
        assert_eq!(count(query).await, expected, "{query}");
    }
    assert_eq!(someone.get("/jobs?verdict=fine").await.status, 400);
}
