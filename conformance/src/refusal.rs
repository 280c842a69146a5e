//! Why an operation does not answer with a result.

use fcp_core::error::Reason;

/// What stands behind `"ok":false`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The protocol rejects the input, for this reason.
    Rejected {
        /// The stable reason code.
        reason: Reason,
        /// For people.
        message: String,
    },
    /// The request is not of the operation's form; what is the matter with it.
    BadRequest(String),
    /// There is no such operation here.
    Unsupported,
    /// The implementation failed; never the input's fault.
    Internal(String),
}

impl Refusal {
    /// The code of a request for an operation that the implementation does not have.
    pub const UNSUPPORTED: &'static str = "unsupported";
    /// The code of a request that is not of the operation's form.
    pub const BAD_REQUEST: &'static str = "adapter.bad_request";
    /// The code of a fault of the implementation itself.
    pub const INTERNAL: &'static str = "adapter.internal";

    /// A request that is not of the operation's form.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::BadRequest(message.into())
    }

    /// The code on the wire.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rejected { reason, .. } => reason.code(),
            Self::BadRequest(_) => Self::BAD_REQUEST,
            Self::Unsupported => Self::UNSUPPORTED,
            Self::Internal(_) => Self::INTERNAL,
        }
    }

    /// What is the matter, for people.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Rejected { message, .. } | Self::BadRequest(message) | Self::Internal(message) => message,
            Self::Unsupported => "no such operation here",
        }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self::Rejected { reason, message: reason.meaning().to_owned() }
    }
}

/// Errors that know their reason become refusals by `?`.
macro_rules! rejections {
    ($($error:ty),* $(,)?) => {$(
        impl From<$error> for Refusal {
            fn from(error: $error) -> Self {
                Self::Rejected { reason: error.reason(), message: error.to_string() }
            }
        }
    )*};
}

rejections! {
    fcp_caps::token::TokenError,
    fcp_core::cbor::DecodeError,
    fcp_core::cbor::JsonError,
    fcp_core::error::BadErrorCode,
    fcp_core::glob::GlobError,
    fcp_core::hpke::SealError,
    fcp_core::id::IdError,
    fcp_core::identity::AttestationError,
    fcp_core::identity::TrustError,
    fcp_core::object::ObjectError,
    fcp_core::pointer::PointerError,
    fcp_core::quorum::TooFewNodes,
    fcp_core::sign::KeyError,
    fcp_core::sign::SignatureError,
    fcp_symbols::chunk::ChunkError,
    fcp_symbols::datagram::DatagramError,
    fcp_symbols::envelope::EnvelopeError,
    fcp_symbols::fcpc::FcpcError,
    fcp_symbols::fcps::FrameError,
    fcp_symbols::fcps::WriteError,
    fcp_symbols::gossip::BuildError,
    fcp_symbols::gossip::FilterError,
    fcp_symbols::gossip::PeelError,
    fcp_symbols::gossip::TableError,
    fcp_symbols::placement::PlacementError,
    fcp_symbols::raptor::SymbolError,
    fcp_symbols::replay::ReplayError,
    fcp_symbols::session::HandshakeError,
    fcp_symbols::session::LimitsError,
    fcp_symbols::session::OfferError,
    fcp_symbols::session::SessionIdError,
    fcp_symbols::session::ZeroSharedSecret,
    fcp_zones::flow::ProvenanceError,
    fcp_zones::manifest::ManifestError,
}
