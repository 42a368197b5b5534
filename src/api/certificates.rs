//! Which servers are believed: the system's certificates, those given by hand, and the usual ones
//! where a machine has none. Remembers who issued a certificate that was turned down.

use std::sync::{Arc, Mutex};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use x509_cert::der::Decode;

use super::error::ApiError;
use crate::error::Code;

/// Who issued the certificate that was turned down last.
#[derive(Debug, Default, Clone)]
pub(crate) struct Refused(Arc<Mutex<Option<String>>>);

impl Refused {
    /// The issuer's name, as certificates write names: `CN=…,O=…`.
    pub(crate) fn issuer(&self) -> Option<String> {
        self.0.lock().ok()?.clone()
    }
}

/// TLS settings that trust the system's certificates and `extra` ones in PEM.
pub(crate) fn trust(extra: Option<&[u8]>, refused: &Refused) -> Result<ClientConfig, ApiError> {
    let failed = |error: &dyn std::fmt::Display| {
        ApiError::new(Code::Internal, format!("TLS cannot be used: {error}"))
    };
    let provider = Arc::new(ring::default_provider());
    let extra = match extra {
        Some(pem) => read_pem(pem)?,
        None => Vec::new(),
    };
    let verifier = Arc::new(Naming {
        inner: verifier(extra, &provider).map_err(|error| failed(&error))?,
        refused: refused.clone(),
    });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn read_pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, ApiError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates)
            if !certificates.is_empty()
                && certificates
                    .iter()
                    .all(|certificate| x509_cert::Certificate::from_der(certificate).is_ok()) =>
        {
            Ok(certificates)
        }
        _ => Err(ApiError::new(
            Code::InvalidInput,
            "the file of `--ca-file` holds no certificate in PEM",
        )),
    }
}

fn verifier(
    extra: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Box<dyn std::error::Error>> {
    if let Ok(system) =
        rustls_platform_verifier::Verifier::new_with_extra_roots(extra.clone(), provider.clone())
    {
        return Ok(Arc::new(system));
    }
    // A machine without certificates of its own, as small containers are.
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    roots.add_parsable_certificates(extra);
    Ok(WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build()?)
}

/// Leaves the judging to another verifier, and notes whom it turned down.
#[derive(Debug)]
struct Naming {
    inner: Arc<dyn ServerCertVerifier>,
    refused: Refused,
}

impl ServerCertVerifier for Naming {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let judged = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        if judged.is_err()
            && let Ok(certificate) = x509_cert::Certificate::from_der(end_entity)
            && let Ok(mut refused) = self.refused.0.lock()
        {
            *refused = Some(certificate.tbs_certificate.issuer.to_string());
        }
        judged
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
