//! A share as an object (§2.2.1, D10, D202).

use crate::error::Reason;
use crate::hpke::{Purpose, SealContext, SealedBox};
use crate::id::NodeId;
use crate::object::{MeshObject, ObjectHeader};
use crate::sign::{OwnerPublicKey, Signature};
use crate::time::Timestamp;

/// A node's share of the owner key, sealed to that node, with the owner's statement that it is one (§2.2.1).
///
/// The box holds the share id and the 32-byte little-endian scalar; it is bound to `z:owner`, the node and `issued_at`
/// (D10, D36, D202).
///
/// ```cddl
/// owner-key-share = { header: object-header, share_id: 1..255, node_id: tstr, sealed_share: hpke-sealed-box,
///   issued_at: uint, verifying_share: bstr .size 32, group_key: bstr .size 32, signature: bstr .size 64 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:OwnerKeyShare@2.0.0", signer = OwnerPublicKey, check = in_owner_zone)]
pub struct OwnerKeyShare {
    /// The header, in `z:owner`.
    pub header: ObjectHeader,
    /// The number of the share.
    pub share_id: u8,
    /// The node that holds it.
    pub node_id: NodeId,
    /// The share, sealed to the node's encryption key.
    pub sealed_share: SealedBox,
    /// When it was sealed.
    pub issued_at: Timestamp,
    /// The public half of the share: checks the node's part of a signature.
    pub verifying_share: [u8; 32],
    /// The owner key that it is a share of.
    pub group_key: OwnerPublicKey,
    /// The owner's signature.
    #[fcp(signature)]
    pub signature: Signature,
}

fn in_owner_zone(share: &OwnerKeyShare) -> Result<(), Reason> {
    if !share.header.zone_id.is_owner() {
        return Err(Reason::ObjectZoneRule);
    }
    if share.share_id == 0 { Err(Reason::CborOutOfRange) } else { Ok(()) }
}

impl OwnerKeyShare {
    /// What the box is bound to (D10, D36).
    #[must_use]
    pub fn seal_context(&self) -> SealContext {
        SealContext {
            purpose: Purpose::OwnerShare,
            zone: self.header.zone_id.hash(),
            recipient: self.node_id.clone(),
            issued_at: self.issued_at,
        }
    }
}
