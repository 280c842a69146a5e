//! Grants (§7.3): the owner's signed statement that somebody may use a capability, and within which bounds.
//!
//! A token only points at grants. Each call must be covered by one of them alone, intersected with the token's
//! attenuation (D117), so that bounds of different grants never mix.

mod capability_object;
mod constraints;
mod network;
mod placement;
mod resource;

pub use capability_object::{CapabilityObject, Grantee, Holding};
pub use constraints::{CapabilityConstraints, Demand, Spent};
pub use network::NetworkConstraints;
pub use placement::{DevicePreference, DeviceRequirement, PlacementPolicy, WeightBps};
pub use resource::{ResourceUri, ResourceUriError, UriRule, allows, denies};
