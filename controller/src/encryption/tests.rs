use std::io;
use std::sync::Arc;

use protocol::tls::{self, Fingerprint, TlsFailure, Trust};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use super::*;

struct Door {
    encryption: Encryption,
    authority: Arc<Authority>,
    listener: TcpListener,
    _folder: tempfile::TempDir,
}

async fn door() -> Door {
    let folder = tempfile::tempdir().unwrap();
    let args = crate::config::Args {
        data_dir: Some(folder.path().to_owned()),
        tls: Some(crate::config::TlsMode::Always),
        ..Default::default()
    };
    let doors = Doors::open(&Config::load(args).unwrap()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Door { encryption: doors.clients, authority: doors.authority.unwrap(), listener, _folder: folder }
}

impl Door {
    async fn take(&self) -> Result<Stream, NotBegun> {
        self.encryption.begin(self.listener.accept().await.unwrap().0).await
    }

    /// Dials by this name, and hears a word; the fingerprint of the authority that was shown, or why not.
    async fn dial(&self, name: &str, trust: Trust) -> Result<Fingerprint, TlsFailure> {
        let address = self.listener.local_addr().unwrap();
        let server = async {
            if let Ok(mut stream) = self.take().await {
                stream.write_all(b"hello").await.unwrap();
                let _ = stream.shutdown().await;
            }
        };
        let client = async {
            let connector = TlsConnector::from(Arc::new(tls::client(trust, None).unwrap()));
            let stream = TcpStream::connect(address).await?;
            let mut stream = connector.connect(tls::server_name(name), stream).await?;
            let mut heard = String::new();
            stream.read_to_string(&mut heard).await?;
            assert_eq!(heard, "hello");
            let shown = stream.get_ref().1.peer_certificates().unwrap().to_vec();
            Ok::<_, io::Error>(Fingerprint::of(tls::authority(&shown).unwrap()))
        };
        tokio::join!(server, client).1.map_err(|error| TlsFailure::of(&error).unwrap())
    }
}

#[tokio::test]
async fn whoever_knows_the_authority_gets_in_by_any_name() {
    let door = door().await;
    let print = door.authority.fingerprint();
    for name in ["localhost", "127.0.0.1", "a-name-that-nobody-knew", "strange_name"] {
        assert_eq!(door.dial(name, Trust::Pinned(print)).await, Ok(print), "{name}");
        assert_eq!(door.dial(name, Trust::Known(door.authority.certificate().clone())).await, Ok(print));
    }
}

#[tokio::test]
async fn another_authority_is_told_with_both_prints() {
    let (door, other) = (door().await, door().await);
    let (shown, expected) = (door.authority.fingerprint(), other.authority.fingerprint());
    for trust in [Trust::Pinned(expected), Trust::Known(other.authority.certificate().clone())] {
        assert_eq!(door.dial("localhost", trust).await, Err(TlsFailure::Changed { expected, shown }));
    }
    assert_eq!(door.dial("localhost", Trust::Nobody).await, Err(TlsFailure::Unknown { shown }));
}

#[tokio::test]
async fn who_shows_the_right_authority_without_being_certified_by_it_is_refused() {
    let (door, impostor) = (door().await, door().await);
    let leaf = impostor.authority.controller(&[]).unwrap();
    let chain = vec![leaf.certificate, door.authority.certificate().clone()];
    let certificate = certificates::certified(chain, leaf.key).unwrap();
    struct Shows(Arc<tokio_rustls::rustls::sign::CertifiedKey>);
    impl std::fmt::Debug for Shows {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            Ok(())
        }
    }
    impl ResolvesServerCert for Shows {
        fn resolve(
            &self,
            _: tokio_rustls::rustls::server::ClientHello<'_>,
        ) -> Option<Arc<tokio_rustls::rustls::sign::CertifiedKey>> {
            Some(Arc::clone(&self.0))
        }
    }
    let shows: Arc<dyn ResolvesServerCert> = Arc::new(Shows(certificate));
    let encryption = Encryption::new(true, || plain_clients(&shows)).unwrap();
    let print = door.authority.fingerprint();
    let impostor = Door { encryption, ..impostor };
    let told = impostor.dial("localhost", Trust::Pinned(print)).await;
    assert!(matches!(told, Err(TlsFailure::Other(_))), "{told:?}");
}

#[tokio::test]
async fn a_peer_in_plain_is_noticed_at_once() {
    let door = door().await;
    let mut peer = TcpStream::connect(door.listener.local_addr().unwrap()).await.unwrap();
    peer.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    assert!(matches!(door.take().await, Err(NotBegun::Plain(_))));
}

#[tokio::test]
async fn a_peer_that_says_nothing_or_half_of_it_is_given_up() {
    let door = door().await;
    for said in [&b""[..], b"\x16\x03\x01\x02\x00\x01"] {
        let mut peer = TcpStream::connect(door.listener.local_addr().unwrap()).await.unwrap();
        peer.write_all(said).await.unwrap();
        let (stream, _) = door.listener.accept().await.unwrap();
        // With nothing else to do, the clock jumps to the end of the wait.
        tokio::time::pause();
        assert!(matches!(door.encryption.begin(stream).await, Err(NotBegun::Slow)));
        tokio::time::resume();
    }
}
