//! Identifiers (§3.1–§3.4.2, G1, G7): newtypes that are valid by construction.
//!
//! Parsing never repairs: what is not canonical is refused with the rule that failed and the byte at which it failed.

mod canonical;
mod epoch;
mod error;
mod fixed;
mod node;
mod object_id;
mod schema;
mod tag;
mod zone;

pub use canonical::{CapabilityId, ConnectorId, CredentialId, InstanceId, OperationId, PrincipalId, RoleId, SecretId};
pub use epoch::EpochId;
pub use error::IdError;
pub use fixed::{Jti, Kid, ObjectIdKeyId, ParseHexError, SchemaHash, ZoneIdHash, ZoneKeyId};
pub use node::NodeId;
pub use object_id::{IdPreimage, ObjectId, ObjectIdKey};
pub use schema::SchemaId;
pub use tag::{NodeTag, TailscaleTag};
pub use zone::ZoneId;
