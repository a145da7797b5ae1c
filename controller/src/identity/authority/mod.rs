//! The cluster's own certificate authority: it signs the certificates of controllers and runners.

mod files;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::{Duration, SystemTime};

use protocol::tls::{CONTROLLER_NAME, Fingerprint};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

pub use files::AuthorityError;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How long the authority is valid: whoever knows it has to be told of the next one by hand.
const AUTHORITY_LIFE: Duration = Duration::from_secs(20 * 365 * 24 * 3600);

/// How long a controller's certificate is valid.
pub const CONTROLLER_LIFE: Duration = Duration::from_secs(365 * 24 * 3600);

/// The cluster's own authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

/// A controller's certificate and its key.
pub struct Leaf {
    /// The certificate.
    pub certificate: CertificateDer<'static>,
    /// Its key.
    pub key: PrivateKeyDer<'static>,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
#[error("this cannot be certified: {0}")]
pub struct SigningError(#[from] rcgen::Error);

impl Authority {
    /// The authority in this folder; makes one where there is none yet.
    ///
    /// # Errors
    /// The file at fault, and what to do.
    pub fn open(folder: &Path) -> Result<Self, AuthorityError> {
        let (certificate, key) = files::open(folder)?;
        Self::read(&certificate, &key).map_err(|why| AuthorityError::Unusable(folder.to_owned(), why))
    }

    fn read(certificate: &str, key: &str) -> Result<Self, String> {
        let key = KeyPair::from_pem(key).map_err(|error| error.to_string())?;
        let der =
            CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|error| error.to_string())?;
        if !files::belong_together(&der, &key) {
            return Err("the key is not that of the certificate".to_owned());
        }
        let issuer = Issuer::from_ca_cert_der(&der, key).map_err(|error| error.to_string())?;
        Ok(Self { issuer, certificate: der })
    }

    /// Its own certificate, which everybody has to trust who wants to talk to the cluster.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// What people compare.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.certificate)
    }

    /// A new key for a controller that can be dialled by these names and addresses, and its certificate.
    ///
    /// # Errors
    /// Where a name is none.
    pub fn controller(&self, names: &[String]) -> Result<Leaf, SigningError> {
        let mut all = vec![CONTROLLER_NAME.to_owned()];
        all.extend(names.iter().cloned());
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(all)?;
        params.distinguished_name = named("Ruche controller");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        valid_for(&mut params, CONTROLLER_LIFE, DAY);
        let certificate = params.signed_by(&key, &self.issuer)?.der().clone();
        Ok(Leaf { certificate, key: PrivatePkcs8KeyDer::from(key.serialize_der()).into() })
    }

    /// A certificate for a runner of this name, by its request as PEM. Of that nothing counts but the key, which it proves
    /// that the runner has.
    ///
    /// # Errors
    /// Where it is no such request.
    pub fn runner(
        &self,
        name: &str,
        request: &str,
        life: Duration,
    ) -> Result<CertificateDer<'static>, SigningError> {
        let mut request = CertificateSigningRequestParams::from_pem(request)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = named(name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        valid_for(&mut params, life, life / 720);
        request.params = params;
        Ok(request.signed_by(&self.issuer)?.der().clone())
    }
}

/// A new authority: its certificate, signed by this key, as PEM.
fn new_certificate(key: &KeyPair) -> Result<String, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Ruche cluster authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid_for(&mut params, AUTHORITY_LIFE, DAY);
    Ok(params.self_signed(key)?.pem())
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// From a while ago, since clocks of other hosts may be behind.
fn valid_for(params: &mut CertificateParams, life: Duration, behind: Duration) {
    let now = SystemTime::now();
    params.not_before = (now - behind).into();
    params.not_after = (now + life).into();
}
