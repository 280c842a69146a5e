//! Who the nodes are (§2.2, D2–D9): attested keys and what to check about them.

mod attestation;
mod node;
mod posture;
mod trust;

pub use attestation::{AttestationError, AttestationTerms, NodeKeyAttestation};
pub use node::{MeshIdentity, NodePublicKeys, NodeSecretKeys};
pub use posture::{DevicePostureAttestation, DevicePostureKind};
pub use trust::{TrustAnchors, TrustError};
