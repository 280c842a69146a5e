//! What a controller wants done.

use fcp_core::id::{NodeId, ObjectId};

use crate::coverage::CoverageEvaluation;
use crate::esi::EsiSet;

/// Something to do, or to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepairOutput {
    /// Ask a node for symbols. When the object is restored and its id verified, say so with
    /// [`handle_whole`](super::RepairController::handle_whole).
    Fetch {
        /// The object.
        object: ObjectId,
        /// Whom to ask.
        from: NodeId,
        /// For which symbols; others of the object do as well.
        esis: EsiSet,
    },
    /// Make symbols and send them; if `to` is this node itself, keep them. When the node says that it has them, pass that
    /// on with [`handle_confirmed`](super::RepairController::handle_confirmed).
    Send {
        /// The object, which this node has whole, or at least K symbols of.
        object: ObjectId,
        /// Who gets them.
        to: NodeId,
        /// Which symbols.
        esis: EsiSet,
    },
    /// Give up symbols of this node's own. They no longer count.
    Drop {
        /// The object.
        object: ObjectId,
        /// Which symbols.
        esis: EsiSet,
    },
    /// A repair is done.
    Repaired {
        /// The object.
        object: ObjectId,
        /// What its symbols were worth.
        before: CoverageEvaluation,
        /// What they are worth now.
        after: CoverageEvaluation,
    },
    /// A repair came to nothing; it is tried again later.
    GivenUp {
        /// The object.
        object: ObjectId,
        /// How many times in a row that was so.
        failures: u32,
    },
}
