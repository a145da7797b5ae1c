//! Whether the certificates that a controller shows are the right ones.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};

use super::{CONTROLLER_NAME, Fingerprint, TlsFailure, Trust, authority};

/// Believes as [`Trust`] says.
#[derive(Debug)]
pub(super) struct Verifier {
    trust: Trust,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) fn new(trust: Trust, provider: &CryptoProvider) -> Self {
        Self { trust, algorithms: provider.signature_verification_algorithms }
    }

    /// Whether the first of these certificates is that of a controller that goes by this name.
    fn verify(
        &self,
        shown: &[CertificateDer<'static>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), TlsFailure> {
        let [leaf, others @ ..] = shown else { return Err(TlsFailure::NotEncrypted) };
        let root = self.root(shown)?;
        // The very certificate that was meant needs no signature, and proves more than its names.
        if leaf == root {
            return Ok(());
        }
        let mut roots = RootCertStore::empty();
        roots.add(root.clone()).map_err(|error| TlsFailure::from_rustls(&error))?;
        let parsed = ParsedCertificate::try_from(leaf).map_err(|error| TlsFailure::from_rustls(&error))?;
        let chain =
            verify_server_cert_signed_by_trust_anchor(&parsed, &roots, others, now, self.algorithms.all);
        chain.map_err(|error| self.broken(&error, shown))?;
        verify_server_name(&parsed, name)
            .or_else(|error| match ServerName::try_from(CONTROLLER_NAME) {
                Ok(fixed) => verify_server_name(&parsed, &fixed),
                Err(_) => Err(error),
            })
            .map_err(|error| TlsFailure::from_rustls(&error))
    }

    /// The certificate that all has to begin with.
    fn root<'a>(
        &'a self,
        shown: &'a [CertificateDer<'static>],
    ) -> Result<&'a CertificateDer<'static>, TlsFailure> {
        match &self.trust {
            Trust::Known(root) => Ok(root),
            Trust::Pinned(expected) => {
                let meant = shown.iter().find(|certificate| Fingerprint::of(certificate) == *expected);
                meant.ok_or_else(|| TlsFailure::Changed { expected: *expected, shown: print(shown) })
            }
            Trust::Nobody => Err(TlsFailure::Unknown { shown: print(shown) }),
        }
    }

    /// A chain that does not lead to the root: as a rule another authority has made it.
    fn broken(&self, error: &Error, shown: &[CertificateDer<'static>]) -> TlsFailure {
        let stranger = matches!(
            error,
            Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature)
        );
        match &self.trust {
            Trust::Known(root) if stranger && Fingerprint::of(root) != print(shown) => {
                TlsFailure::Changed { expected: Fingerprint::of(root), shown: print(shown) }
            }
            _ => TlsFailure::from_rustls(error),
        }
    }
}

/// The fingerprint of the authority that is shown.
fn print(shown: &[CertificateDer<'static>]) -> Fingerprint {
    Fingerprint::of(authority(shown).map_or(&[][..], |certificate| certificate))
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = std::iter::once(leaf).chain(others);
        let shown: Vec<CertificateDer<'static>> = shown.map(|one| one.clone().into_owned()).collect();
        match self.verify(&shown, name, now) {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            Err(failure) => Err(OtherError(Arc::new(failure)).into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
