//! Trace contexts (§9.5).

use fcp_core::cbor::{Decode, Encode};

/// Where a request stands in a distributed trace, in the terms of W3C Trace Context (§9.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct TraceContext {
    /// The trace: one for each logical request.
    pub trace_id: [u8; 16],
    /// The span within the trace.
    pub span_id: [u8; 8],
    /// Sampling and other flags.
    pub flags: u8,
}
