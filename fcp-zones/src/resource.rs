//! Things outside of the mesh (§6.1, D104–D106), and the sinks that data leaves through.
//!
//! A [`ResourceObject`] says how trusted and how secret an outside thing is: a file, a chat, a repository. [`Sink`] is
//! the place that an operation writes to; what is secret may leave for a less secret sink only by declassification.

mod object;
mod sink;

pub use object::{ResourceDigestAlgorithm, ResourceObject};
pub use sink::Sink;
