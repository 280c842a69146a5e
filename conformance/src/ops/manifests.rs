//! `manifest.*`: what a connector says of itself (§11.1, D152, D153, D155–D158).

use fcp_connector_sdk::manifest::{Manifest, ManifestError};

use super::{Operation, operation};
use crate::fields::{Answer, Fields};
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] =
    &[operation("manifest.check", check), operation("manifest.interface_hash", interface_hash)];

/// Every fault with its line; the code is that of the first.
fn refused(error: &ManifestError) -> Refusal {
    Refusal::Rejected { reason: error.reason(), message: error.to_string() }
}

fn check(input: Fields<'_>) -> Result<Answer, Refusal> {
    let manifest = Manifest::parse(input.text("toml")?).map_err(|error| refused(&error))?;
    Ok(Answer::new().bytes("hash", &manifest.hash()))
}

fn interface_hash(input: Fields<'_>) -> Result<Answer, Refusal> {
    let hash = Manifest::compute_interface_hash(input.text("toml")?).map_err(|error| refused(&error))?;
    Ok(Answer::new().bytes("hash", hash.as_bytes()))
}
