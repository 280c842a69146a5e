//! Certificates that are nothing but a node's signing key (D198).

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use fcp_core::id::NodeId;
use fcp_core::sign::{NodeSigningKey, NodeSigningPublicKey};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, SignatureScheme};

/// What a DER-encoded Ed25519 SubjectPublicKeyInfo begins with (RFC 8410); the 32 key bytes follow.
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// What a DER-encoded Ed25519 private key of version 2 begins with (RFC 8410); the seed follows.
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x51, 0x02, 0x01, 0x01, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
/// What stands between the seed and the public key.
const PKCS8_MIDDLE: [u8; 3] = [0x81, 0x21, 0x00];

/// A self-signed certificate and its key.
pub(crate) struct NodeCertificate {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl NodeCertificate {
    /// The certificate of `key`, naming `node`.
    pub(crate) fn new(node: &NodeId, key: &NodeSigningKey) -> Result<Self, rcgen::Error> {
        let mut pkcs8 = PKCS8_PREFIX.to_vec();
        pkcs8.extend_from_slice(&*key.expose_seed());
        pkcs8.extend_from_slice(&PKCS8_MIDDLE);
        pkcs8.extend_from_slice(key.public().as_bytes());
        let der = PrivatePkcs8KeyDer::from(pkcs8);
        let pair = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_ED25519)?;
        let mut params = rcgen::CertificateParams::new(Vec::<String>::new())?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, node.as_str());
        let certificate = params.self_signed(&pair)?;
        Ok(Self { chain: vec![certificate.der().clone()], key: PrivateKeyDer::Pkcs8(der) })
    }
}

/// Which signing keys are attested, and whose they are: what QUIC accepts.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyDirectory {
    nodes: Arc<RwLock<HashMap<[u8; 32], NodeId>>>,
}

impl KeyDirectory {
    /// Replaces everything by the keys that are attested now.
    pub(crate) fn replace(&self, keys: impl IntoIterator<Item = (NodeSigningPublicKey, NodeId)>) {
        let keys = keys.into_iter().map(|(key, node)| (*key.as_bytes(), node)).collect();
        match self.nodes.write() {
            Ok(mut nodes) => *nodes = keys,
            Err(poisoned) => *poisoned.into_inner() = keys,
        }
    }

    /// The node that the certificate's key is attested for.
    pub(crate) fn node_of(&self, certificate: &CertificateDer<'_>) -> Option<NodeId> {
        let parsed = webpki::EndEntityCert::try_from(certificate).ok()?;
        let spki = parsed.subject_public_key_info();
        let key: [u8; 32] = spki.as_ref().strip_prefix(&SPKI_PREFIX)?.try_into().ok()?;
        match self.nodes.read() {
            Ok(nodes) => nodes.get(&key).cloned(),
            Err(poisoned) => poisoned.into_inner().get(&key).cloned(),
        }
    }
}

/// Accepts a peer iff its certificate's key is attested, and for the expected node where one is expected.
#[derive(Debug)]
pub(crate) struct AttestedPeer {
    directory: KeyDirectory,
    expected: Option<NodeId>,
    provider: Arc<CryptoProvider>,
}

impl AttestedPeer {
    /// Any attested node.
    pub(crate) const fn any(directory: KeyDirectory, provider: Arc<CryptoProvider>) -> Self {
        Self { directory, expected: None, provider }
    }

    /// Exactly `node`.
    pub(crate) const fn only(node: NodeId, directory: KeyDirectory, provider: Arc<CryptoProvider>) -> Self {
        Self { directory, expected: Some(node), provider }
    }

    fn check(&self, certificate: &CertificateDer<'_>) -> Result<(), rustls::Error> {
        let node = self.directory.node_of(certificate);
        let accepted = match (&node, &self.expected) {
            (Some(node), Some(expected)) => node == expected,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if accepted {
            Ok(())
        } else {
            Err(rustls::Error::General("the certificate's key is not attested for the expected node".into()))
        }
    }

    fn check_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }
}

/// TLS 1.2 is switched off; should it ever be asked for, it is refused.
fn no_tls12() -> rustls::Error {
    rustls::Error::General("only TLS 1.3 is spoken".into())
}

/// What both verifiers say of signatures: TLS 1.3, and Ed25519 alone.
macro_rules! signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            Err(no_tls12())
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            self.check_signature(message, certificate, signed)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            vec![SignatureScheme::ED25519]
        }
    };
}

impl ServerCertVerifier for AttestedPeer {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.check(certificate).map(|()| ServerCertVerified::assertion())
    }

    signatures!();
}

impl ClientCertVerifier for AttestedPeer {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.check(certificate).map(|()| ClientCertVerified::assertion())
    }

    signatures!();
}
