use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::store::{Memory, MemoryLimits, Records};

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const LIFE: Duration = Duration::from_secs(720);

struct Cluster {
    store: Memory,
    folder: TempDir,
}

impl Cluster {
    fn new() -> Self {
        let limits = MemoryLimits { max_queue: 1, max_queue_bytes: 1, keep_finished: 1, keep_bytes: 1 };
        Self { store: Memory::new(limits), folder: tempfile::tempdir().unwrap() }
    }

    /// One of its controllers.
    fn controller(&self) -> Arc<Enrolment> {
        let authority = Arc::new(Authority::open(self.folder.path()).unwrap());
        Arc::new(Enrolment::new(Arc::new(self.store.share()), Some(authority), 7001, LIFE))
    }
}

fn request() -> String {
    let key = KeyPair::generate().unwrap();
    CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap()
}

async fn token(controller: &Enrolment, uses: u32) -> Secret {
    let new = controller.new_token(JoinTokenRequest { ttl_seconds: 60, uses }).await.unwrap();
    let token: JoinToken = new.token.expose().parse().unwrap();
    assert_eq!((token.authority, new.port), (controller.authority().unwrap().fingerprint(), 7001));
    token.secret
}

async fn joined(controller: &Enrolment, name: &str) -> RunnerCertificate {
    let pem = controller.join(&token(controller, 1).await, name, &request(), HERE).await.unwrap();
    let certificate = RunnerCertificate::read(&protocol::tls::from_pem(&pem).unwrap()).unwrap();
    assert_eq!(certificate.name, name);
    certificate
}

#[tokio::test]
async fn as_many_join_as_a_token_allows() {
    let cluster = Cluster::new();
    let controllers = [cluster.controller(), cluster.controller()];
    let token = token(&controllers[0], 3).await;
    let names = ["a", "b", "c", "d", "e", "f"];
    let joining = names.iter().enumerate().map(|(index, name)| {
        let (controller, token) = (Arc::clone(&controllers[index % 2]), token.clone());
        async move { controller.join(&token, name, &request(), HERE).await }
    });
    let results = futures_util::future::join_all(joining).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
    let noted = cluster.store.documents("audit", "", "", 10).await.unwrap();
    assert_eq!(noted.len(), 3, "those who joined are in the audit, and nobody else");
    for problem in results.into_iter().filter_map(Result::err) {
        assert_eq!(problem.field.as_deref(), Some("token"), "{problem}");
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_learnt() {
    let cluster = Cluster::new();
    let controller = cluster.controller();
    joined(&controller, "lab").await;
    let wrong = Secret::from(format!("{JOIN_PREFIX}wrong"));
    let told = [
        controller.join(&wrong, "lab", &request(), HERE).await,
        controller.join(&wrong, "other", &request(), HERE).await,
        controller.join(&wrong, "../x", "nonsense", HERE).await,
    ];
    assert!(told.iter().all(|result| *result == Err(no_token())), "{told:?}");
}

#[tokio::test]
async fn the_store_does_not_hold_the_token() {
    let cluster = Cluster::new();
    let token = token(&cluster.controller(), 1).await;
    let documents = crate::store::Records::documents(&cluster.store, "join_token", "", "", 10).await.unwrap();
    assert_eq!(documents.len(), 1);
    let secret = token.expose().strip_prefix(JOIN_PREFIX).unwrap();
    assert!(documents.iter().all(|one| !one.key.contains(secret) && !one.body.contains(secret)));
}

#[tokio::test]
async fn a_name_belongs_to_one_runner_until_it_is_removed() {
    let cluster = Cluster::new();
    let controller = cluster.controller();
    let (first, mine) = (token(&controller, 5).await, request());
    let once = controller.join(&first, "lab", &mine, HERE).await;
    assert!(
        once.is_ok() && controller.join(&first, "lab", &mine, HERE).await.is_ok(),
        "the answer may get lost"
    );
    let taken = controller.join(&first, "lab", &request(), HERE).await.unwrap_err();
    assert_eq!(taken.field.as_deref(), Some("name"));
    controller.remove("lab").await.unwrap();
    assert!(controller.join(&first, "lab", &request(), HERE).await.is_ok());
    for name in ["", "-a", "a/b", "a b", &"a".repeat(41)] {
        let problem = controller.join(&first, name, &request(), HERE).await.unwrap_err();
        assert_eq!(problem.field.as_deref(), Some("name"), "{name:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_removed_runner_is_out_everywhere_and_others_stay() {
    let cluster = Cluster::new();
    let (here, there) = (cluster.controller(), cluster.controller());
    let stop = CancellationToken::new();
    tokio::spawn(Arc::clone(&there).watch(stop.clone()));
    let (lab, other) = (joined(&here, "lab").await, joined(&there, "other").await);
    let passes = [here.admit(&lab).await.ok().unwrap(), there.admit(&lab).await.ok().unwrap()];
    let stays = there.admit(&other).await.ok().unwrap();
    here.remove("lab").await.unwrap();
    assert!(passes[0].revoked().is_cancelled(), "here at once");
    let noticed = tokio::time::timeout(LOOK * 2, passes[1].revoked().cancelled()).await;
    assert!(noticed.is_ok() && !stays.revoked().is_cancelled());
    assert!(there.admit(&lab).await.is_err());
    assert!(here.renew(&lab, &request()).await.is_err());
    assert_eq!(here.remove("lab").await.unwrap_err().kind, ProblemKind::NotFound);
}

#[tokio::test]
async fn a_renewed_key_works_beside_the_old_one() {
    let cluster = Cluster::new();
    let controller = cluster.controller();
    let old = joined(&controller, "lab").await;
    let pem = controller.renew(&old, &request()).await.unwrap();
    let new = RunnerCertificate::read(&protocol::tls::from_pem(&pem).unwrap()).unwrap();
    assert!(new.name == "lab" && new.key != old.key);
    assert!(controller.admit(&old).await.is_ok() && controller.admit(&new).await.is_ok());
    let forged = RunnerCertificate { key: Fingerprint::of(b"another"), ..old };
    assert!(controller.admit(&forged).await.is_err(), "the authority's word is not enough");
}

#[tokio::test]
async fn where_nothing_is_encrypted_nobody_needs_a_token() {
    let cluster = Cluster::new();
    let controller = Enrolment::new(Arc::new(cluster.store.share()), None, 7001, LIFE);
    let problem = controller.new_token(JoinTokenRequest::default()).await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Conflict);
    let wrong = JoinTokenRequest { uses: 0, ttl_seconds: 1 };
    assert_eq!(controller.new_token(wrong).await.unwrap_err().field.as_deref(), Some("uses"));
}
