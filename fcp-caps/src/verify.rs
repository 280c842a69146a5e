//! Whether a token counts (§7.5, D107–D118, D162–D165): offline, from what the verifier holds.
//!
//! [`CapabilityToken::verify`](crate::token::CapabilityToken::verify) goes through the rules in the order of D131:
//! signature and time; whom the token is for and who may issue it; revocation and freshness; grants. The first rule that
//! fails is the answer, with the ids of everything that was looked at until then.
//!
//! What a call additionally needs, such as the holder's proof and one grant that covers all of it, is checked by
//! [`authorize`](crate::authorize), which goes through these very steps.

mod grants;
mod steps;
mod token;
mod view;

pub(crate) use grants::{GrantUnit, Runner, covering};
pub(crate) use steps::TokenSteps;
pub use token::VerifiedToken;
pub use view::{Audience, TokenView};
