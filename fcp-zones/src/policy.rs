//! Zone policies (§5.3, D76–D80, D200): who may use which connector and capability in a zone, who signs its
//! checkpoints, who approves, and who issues tokens.
//!
//! [`ZonePolicy::evaluate`] decides one request by the policy's patterns, [`ZonePolicyObject`] is the owner-signed
//! object around it, whose lists name the people and nodes of the zone.

mod object;
mod profile;
mod rules;

pub use object::{Approver, ApproverScope, PolicyError, PolicyTerms, TokenIssuer, ZonePolicyObject};
pub use profile::{ZoneKeyMode, ZoneSecurityProfile};
pub use rules::{AccessRequest, ZonePolicy};
