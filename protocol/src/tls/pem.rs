//! Certificates as text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// How many characters a line of PEM has.
const LINE: usize = 64;

/// A certificate as PEM.
pub fn to_pem(certificate: &CertificateDer<'_>) -> String {
    let text = STANDARD.encode(certificate);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, others) = rest.split_at(rest.len().min(LINE));
        pem.push_str(line);
        pem.push('\n');
        rest = others;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

/// The first certificate in a text. `None` where there is none.
pub fn from_pem(text: &str) -> Option<CertificateDer<'static>> {
    CertificateDer::from_pem_slice(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_the_same_after_its_way_through_text() {
        let certificate = CertificateDer::from((0..200).collect::<Vec<u8>>());
        let pem = to_pem(&certificate);
        assert!(pem.lines().all(|line| line.len() <= LINE));
        assert_eq!(from_pem(&pem), Some(certificate));
        assert_eq!(from_pem("nothing"), None);
    }
}
