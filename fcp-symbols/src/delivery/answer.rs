//! Which symbols answer a request.

use super::Esis;
use crate::message::SymbolRequest;
use crate::raptor::Block;

/// The symbols that a request is answered with, of those that are `held` and at most `bound` of them (D134).
///
/// Those that it names; or else first the source symbols that its status says are missing, then repair symbols, and never a
/// source symbol that the requester has.
#[must_use]
pub fn answer(request: &SymbolRequest, held: &Esis, block: Block, bound: u32) -> Esis {
    if let Some(wanted) = &request.want_esi {
        return held.intersection(&Esis::from(wanted)).head(bound);
    }
    let hint = request.decode_status.as_ref().and_then(|status| status.missing_hint.as_ref());
    let Some(hint) = hint.filter(|hint| hint.esis().count() > 0) else { return held.head(bound) };
    let named = Esis::from(hint.esis());
    let sources = Esis::from(0..u32::from(block.k()));
    // A list that is full may not name all that is missing: those behind its last may be.
    let open = match named.last() {
        Some(last) if hint.esis().as_slice().len() >= crate::message::MAX_MISSING => {
            let behind = Esis::from(last.saturating_add(1)..u32::from(block.k()));
            let mut open = named.clone();
            open.extend_from(&behind);
            open
        }
        _ => named,
    };
    let mut chosen = held.intersection(&open).head(bound);
    let repair = held.difference(&sources).head(bound.saturating_sub(chosen.count()));
    chosen.extend_from(&repair);
    chosen
}
