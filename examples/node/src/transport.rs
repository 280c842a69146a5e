//! Sockets: QUIC for control streams and datagrams, UDP for handshakes and datagrams.
//!
//! QUIC's certificates are the nodes' own signing keys (D198): whoever holds an attested key is that node, and no public
//! certificate authority is asked. What arrives is bytes with an address; the machines in `fcp-symbols` say what they mean.

mod certificate;
mod quic;
mod udp;

pub(crate) use certificate::{KeyDirectory, NodeCertificate};
#[cfg(test)]
pub(crate) use quic::HANDSHAKE_TIMEOUT;
pub(crate) use quic::{MAX_UNSENT, QuicEndpoint, QuicError};
pub use udp::{BatchSocket, ReceiveBatch, SendBatch};
