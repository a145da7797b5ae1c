//! The web page, as browsers get it.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;

use crate::support::{Controller, Http, Reply};

/// What the page may do: no more than it needs.
const POLICY: [&str; 11] = [
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "connect-src 'self'",
    "font-src 'self'",
    "worker-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "object-src 'none'",
];

/// A file as the page's build left it.
fn built(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("web/dist").join(name)).unwrap()
}

/// The first script that the page loads.
fn script(page: &Reply) -> String {
    let script = page.body.split("src=\"").nth(1).and_then(|rest| rest.split('"').next());
    script.unwrap_or_else(|| panic!("no script: {page:?}")).to_owned()
}

async fn get(http: &Http, path: &str, headers: &str) -> Reply {
    http.send("GET", path, headers, "").await
}

#[tokio::test]
async fn the_page_is_there_and_may_do_in_a_browser_what_it_needs_and_no_more() {
    let controller = Controller::start().await;
    let http = controller.http();
    let page = http.get("/").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(page.bytes, built("index.html"));
    let asset = http.get(&script(&page)).await;
    assert_eq!((asset.status, asset.header("content-type")), (200, Some("text/javascript; charset=utf-8")));
    let icon = http.get("/favicon.svg").await;
    assert_eq!((icon.status, icon.header("content-type")), (200, Some("image/svg+xml")));
    for reply in [page, asset, icon] {
        let policy = reply.header("content-security-policy").unwrap();
        assert_eq!(policy.split("; ").collect::<BTreeSet<_>>(), BTreeSet::from(POLICY), "{policy}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("x-frame-options"), Some("DENY"));
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    }
}

#[tokio::test]
async fn what_never_changes_is_kept_and_the_page_itself_is_asked_for_again() {
    let controller = Controller::start().await;
    let http = controller.http();
    let page = http.get("/").await;
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let asset = http.get(&script(&page)).await;
    assert_eq!(asset.header("cache-control"), Some("public, max-age=31536000, immutable"));

    let tag = page.header("etag").unwrap();
    let known = get(&http, "/", &format!("if-none-match: \"other\", W/{tag}\r\n")).await;
    assert_eq!((known.status, known.body.as_str()), (304, ""));
    assert_eq!((known.header("etag"), known.header("cache-control")), (Some(tag), Some("no-cache")));
    assert!(known.header("content-security-policy").unwrap().contains("'self'"));
    let changed = get(&http, "/", "if-none-match: \"other\"\r\n").await;
    assert_eq!((changed.status, changed.bytes), (200, built("index.html")));
    let packed = get(&http, "/", &format!("if-none-match: {tag}\r\naccept-encoding: br\r\n")).await;
    assert_eq!(packed.status, 200, "compressed it is something else");
}

#[tokio::test]
async fn whoever_takes_it_compressed_gets_it_so() {
    let controller = Controller::start().await;
    let http = controller.http();
    let script = script(&http.get("/").await);
    for path in ["/", &script] {
        let name = if path == "/" { "index.html" } else { path.trim_start_matches('/') };
        for (accepted, coding, ending) in [
            ("gzip, deflate, br", Some("br"), ".br"),
            ("gzip", Some("gzip"), ".gz"),
            ("br;q=0, gzip;q=0.1", Some("gzip"), ".gz"),
            ("identity", None, ""),
        ] {
            let reply = get(&http, path, &format!("accept-encoding: {accepted}\r\n")).await;
            assert_eq!((reply.status, reply.header("content-encoding")), (200, coding), "{accepted}");
            assert_eq!(reply.bytes, built(&format!("{name}{ending}")), "{path} {accepted}");
            assert_eq!(reply.header("vary"), Some("accept-encoding"));
        }
    }
}

#[tokio::test]
async fn whoever_asks_for_the_head_alone_gets_it_alone() {
    let controller = Controller::start().await;
    let reply = controller.http().send("HEAD", "/", "", "").await;
    let length = built("index.html").len().to_string();
    assert_eq!((reply.status, reply.body.as_str()), (200, ""));
    assert_eq!(reply.header("content-length"), Some(length.as_str()));
}

#[tokio::test]
async fn there_is_nothing_beside_the_pages_own_files() {
    let controller = Controller::start().await;
    let http = controller.http();
    let script = script(&http.get("/").await);
    for path in [
        "/assets/nothing.js",
        "/assets/../index.html",
        "/assets/%2e%2e/index.html",
        "/assets/..%2findex.html",
        "/assets/../../../Cargo.toml",
        "/assets/%2e%2e%2f%2e%2e%2f%2e%2e%2fCargo.toml",
        "/index.html",
        "/etc/passwd",
        &format!("{script}.gz"),
    ] {
        let reply = http.get(path).await;
        assert_eq!(reply.status, 404, "{path}: {reply:?}");
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
    }
}

#[tokio::test]
async fn whoever_comes_learns_how_the_controller_is_set_up() {
    let controller = Controller::start_with(|config| {
        config.sharing = false;
        config.max_body = 1000;
    })
    .await;
    let someone = controller.anonymous();
    let mut expected = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "sharing": false,
        "anonymous_use": "loopback",
        "has_accounts": false,
        "encrypted": false,
        "max_body": 1000,
        "clients_port": controller.clients.port(),
        "runners_port": controller.runners.port(),
        "http_port": controller.http.port(),
    });
    assert_eq!(someone.get("/settings").await.json(), expected);
    controller.first_admin().await;
    expected["has_accounts"] = true.into();
    assert_eq!(someone.get("/settings").await.json(), expected);
}
