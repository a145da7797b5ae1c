use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use protocol::tls::to_pem;
use tokio_rustls::rustls::pki_types::CertificateSigningRequestDer;

use super::*;
use crate::identity::certificate::RunnerCertificate;

const LIFE: Duration = Duration::from_secs(720);

fn request(name: &str) -> (KeyPair, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    // What it asks for beyond its key is not granted.
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let request = params.serialize_request(&key).unwrap().pem().unwrap();
    (key, request)
}

#[test]
fn it_is_made_once_and_its_key_is_nobody_elses_business() {
    let folder = tempfile::tempdir().unwrap();
    let first = Authority::open(folder.path()).unwrap();
    assert_eq!(Authority::open(folder.path()).unwrap().fingerprint(), first.fingerprint());
    let mode = fs::metadata(folder.path().join("ca-key.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_start_that_was_cut_short_is_made_good_and_a_lost_key_told() {
    let folder = tempfile::tempdir().unwrap();
    Authority::open(folder.path()).unwrap();
    fs::remove_file(folder.path().join("ca.pem")).unwrap();
    Authority::open(folder.path()).unwrap();
    fs::remove_file(folder.path().join("ca-key.pem")).unwrap();
    let error = Authority::open(folder.path()).err().unwrap().to_string();
    assert!(error.contains("ca-key.pem") && error.contains("copy both"), "{error}");
}

#[test]
fn another_authoritys_key_is_refused() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    Authority::open(one.path()).unwrap();
    Authority::open(other.path()).unwrap();
    fs::copy(other.path().join("ca-key.pem"), one.path().join("ca-key.pem")).unwrap();
    let error = Authority::open(one.path()).err().unwrap().to_string();
    assert!(error.contains("not that of the certificate"), "{error}");
}

#[test]
fn a_runners_certificate_says_its_name_whatever_the_request_says() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::open(folder.path()).unwrap();
    let (key, request) = request("lab-2");
    let der = authority.runner("lab-1", &request, LIFE).unwrap();
    let certificate = RunnerCertificate::read(&der).unwrap();
    assert_eq!(certificate.name, "lab-1");
    assert_eq!(certificate.key, Fingerprint::of(&rcgen::PublicKeyData::subject_public_key_info(&key)));
    assert!(certificate.renew_at < certificate.ends_at);
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).unwrap();
    let usage = parsed.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.client_auth && !usage.server_auth && !parsed.is_ca());
}

#[test]
fn a_request_without_its_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::open(folder.path()).unwrap();
    let (_, request) = request("lab-1");
    let mut bytes = CertificateSigningRequestDer::from_pem_slice(request.as_bytes()).unwrap().to_vec();
    // The last byte belongs to the signature.
    *bytes.last_mut().unwrap() ^= 1;
    let forged = to_pem(&CertificateDer::from(bytes)).replace("CERTIFICATE", "CERTIFICATE REQUEST");
    assert!(authority.runner("lab-1", &request, LIFE).is_ok());
    assert!(authority.runner("lab-1", &forged, LIFE).is_err());
    assert!(authority.runner("lab-1", "nonsense", LIFE).is_err());
}
