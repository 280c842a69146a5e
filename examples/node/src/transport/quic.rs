//! The QUIC endpoint: dials and accepts attested nodes, nobody else.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fcp_core::id::NodeId;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::crypto::CryptoProvider;

use super::certificate::{AttestedPeer, KeyDirectory, NodeCertificate};

/// The application protocol (D198).
const ALPN: &[u8] = b"fcp2/1";

/// Large enough for one datagram of 1200 bytes behind QUIC's own framing.
const INITIAL_MTU: u16 = 1400;

/// How many bytes of datagrams may wait in a connection.
pub(crate) const MAX_UNSENT: usize = 64 * 1024;

/// How long a caller may take for its handshake.
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(3);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum QuicError {
    /// The node's own certificate cannot be made.
    #[error("cannot make the node's certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// TLS refuses the configuration.
    #[error("cannot configure TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// TLS has no suite that QUIC can use.
    #[error("cannot configure QUIC: {0}")]
    Suite(#[from] quinn::crypto::rustls::NoInitialCipherSuite),
    /// The address cannot be used.
    #[error("cannot listen on {address}: {source}: choose another port or stop what uses it")]
    Bind {
        /// The configured address.
        address: SocketAddr,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The peer cannot be dialed.
    #[error("cannot dial the peer: {0}")]
    Connect(#[from] quinn::ConnectError),
    /// The connection failed; a peer that is not attested fails here.
    #[error("connection failed: {0}")]
    Connection(#[from] quinn::ConnectionError),
    /// The caller does not go on with its handshake.
    #[error("the handshake took too long")]
    Stalled,
    /// The connection is that of a node that nobody attested.
    #[error("the peer presented no attested certificate")]
    Unattested,
}

/// A QUIC endpoint that knows its peers by their keys.
#[derive(Clone)]
pub(crate) struct QuicEndpoint {
    endpoint: quinn::Endpoint,
    directory: KeyDirectory,
    provider: Arc<CryptoProvider>,
    certificate: Arc<NodeCertificate>,
    idle: Duration,
}

impl QuicEndpoint {
    /// Listens on `address` with the node's certificate.
    pub(crate) fn bind(
        address: SocketAddr,
        certificate: NodeCertificate,
        directory: KeyDirectory,
        idle: Duration,
    ) -> Result<Self, QuicError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Arc::new(AttestedPeer::any(directory.clone(), Arc::clone(&provider)));
        let mut tls = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(verifier)
            .with_single_cert(certificate.chain.clone(), certificate.key.clone_key())?;
        tls.alpn_protocols = vec![ALPN.to_vec()];
        let mut server = quinn::ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls)?));
        server.transport_config(Arc::new(transport(idle)));
        let endpoint =
            quinn::Endpoint::server(server, address).map_err(|source| QuicError::Bind { address, source })?;
        Ok(Self { endpoint, directory, provider, certificate: Arc::new(certificate), idle })
    }

    /// Where the endpoint listens.
    pub(crate) fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.endpoint.local_addr()
    }

    /// Connects to exactly `node` at `address`.
    pub(crate) async fn connect(&self, node: &NodeId, address: SocketAddr) -> Result<quinn::Connection, QuicError> {
        let verifier = AttestedPeer::only(node.clone(), self.directory.clone(), Arc::clone(&self.provider));
        let mut tls = rustls::ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_auth_cert(self.certificate.chain.clone(), self.certificate.key.clone_key())?;
        tls.alpn_protocols = vec![ALPN.to_vec()];
        tls.enable_sni = false;
        let mut client = quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?));
        client.transport_config(Arc::new(transport(self.idle)));
        // The name is not looked at: the key is what is checked.
        Ok(self.endpoint.connect_with(client, address, "fcp2.invalid")?.await?)
    }

    /// The next caller that was shown to receive at its address; `None` when the endpoint is closed.
    pub(crate) async fn accept(&self) -> Option<Caller> {
        loop {
            let incoming = self.endpoint.accept().await?;
            if incoming.remote_address_validated() {
                return Some(Caller { incoming, directory: self.directory.clone() });
            }
            // Whoever sends under a false address never comes back with the token, and has cost one packet.
            let _ = incoming.retry();
        }
    }

    /// Closes every connection and waits until the peers know.
    pub(crate) async fn close(&self) {
        self.endpoint.close(0_u8.into(), b"bye");
        let _ = tokio::time::timeout(Duration::from_secs(1), self.endpoint.wait_idle()).await;
    }
}

/// Somebody who asks for a connection and may be anybody.
pub(crate) struct Caller {
    incoming: quinn::Incoming,
    directory: KeyDirectory,
}

impl Caller {
    /// Shakes hands: gives the connection and the attested node at its other end. A caller may take as long as it likes to
    /// answer, so nothing is to wait for this.
    pub(crate) async fn connect(self) -> Result<(NodeId, quinn::Connection), QuicError> {
        let connecting = self.incoming.accept()?;
        let connection =
            tokio::time::timeout(HANDSHAKE_TIMEOUT, connecting).await.map_err(|_| QuicError::Stalled)??;
        let node = peer_of(&connection, &self.directory).ok_or(QuicError::Unattested)?;
        Ok((node, connection))
    }

    /// Sends the caller away; it may come again.
    pub(crate) fn refuse(self) {
        self.incoming.refuse();
    }
}

/// `idle` is how long a peer may be silent until the connection is given up; it is asked to say something before that.
fn transport(idle: Duration) -> quinn::TransportConfig {
    let mut transport = quinn::TransportConfig::default();
    transport
        .initial_mtu(INITIAL_MTU)
        .datagram_receive_buffer_size(Some(4 * 1024 * 1024))
        .datagram_send_buffer_size(MAX_UNSENT)
        .max_concurrent_bidi_streams(8_u8.into())
        .max_concurrent_uni_streams(0_u8.into())
        .keep_alive_interval(idle.checked_div(4))
        .max_idle_timeout(quinn::IdleTimeout::try_from(idle).ok());
    transport
}

fn peer_of(connection: &quinn::Connection, directory: &KeyDirectory) -> Option<NodeId> {
    let identity = connection.peer_identity()?;
    let chain = identity.downcast_ref::<Vec<rustls::pki_types::CertificateDer<'static>>>()?;
    directory.node_of(chain.first()?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{KeyDirectory, NodeCertificate, QuicEndpoint};
    use fcp_core::id::NodeId;
    use fcp_core::sign::NodeSigningKey;

    fn node(seed: u8, name: &str, directory: &KeyDirectory) -> (NodeId, NodeSigningKey, QuicEndpoint) {
        let id = NodeId::new(name).unwrap();
        let key = NodeSigningKey::from_seed([seed; 32]);
        let certificate = NodeCertificate::new(&id, &key).unwrap();
        let endpoint =
            QuicEndpoint::bind("127.0.0.1:0".parse().unwrap(), certificate, directory.clone(), Duration::from_secs(20))
                .unwrap();
        (id, key, endpoint)
    }

    #[tokio::test]
    async fn only_attested_nodes_connect_and_only_as_themselves() {
        let directory = KeyDirectory::default();
        let (alice, alice_key, alice_end) = node(1, "alice", &directory);
        let (bob, bob_key, bob_end) = node(2, "bob", &directory);
        let (_, _, mallory_end) = node(3, "mallory", &directory);
        directory.replace([(alice_key.public(), alice.clone()), (bob_key.public(), bob.clone())]);
        let address = bob_end.local_addr().unwrap();

        let accepting =
            tokio::spawn(async move { bob_end.accept().await.unwrap().connect().await.map(|(node, _)| node) });
        let connection = alice_end.connect(&bob, address).await.unwrap();
        assert_eq!(accepting.await.unwrap().unwrap(), alice);
        assert!(connection.max_datagram_size().unwrap() >= 1200);

        let (_, _, bob_again) = node(2, "bob", &directory);
        let address = bob_again.local_addr().unwrap();
        let serving = bob_again.clone();
        let refusing = tokio::spawn(async move {
            let mut let_in = Vec::new();
            while let Some(caller) = serving.accept().await {
                let_in.extend(caller.connect().await.ok().map(|(node, _)| node));
            }
            let_in
        });
        assert!(alice_end.connect(&alice, address).await.is_err(), "bob passed for alice");
        let stranger = mallory_end.connect(&bob, address).await;
        let refused = match stranger {
            Ok(connection) => {
                connection.open_bi().await.is_err() || connection.closed().await != quinn::ConnectionError::TimedOut
            }
            Err(_) => true,
        };
        assert!(refused, "a stranger was let in");
        bob_again.close().await;
        assert_eq!(refusing.await.unwrap(), []);
    }
}
