//! Who holds how much.

use alloc::collections::BTreeMap;

use fcp_core::id::NodeId;

use super::{ReassemblyError, ReassemblyLimits};

/// What is held, in all and per source.
#[derive(Debug, Default)]
pub(super) struct Budget {
    bytes: usize,
    sources: BTreeMap<NodeId, Share>,
}

#[derive(Debug, Default)]
struct Share {
    bytes: usize,
    /// Contexts that the source began.
    contexts: usize,
}

impl Budget {
    /// All bytes held.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The bytes held of a source.
    pub(super) fn bytes_of(&self, source: &NodeId) -> usize {
        self.sources.get(source).map_or(0, |share| share.bytes)
    }

    /// Whether `source` may have `more` bytes held.
    pub(super) fn check_bytes(
        &self,
        source: &NodeId,
        more: usize,
        limits: &ReassemblyLimits,
    ) -> Result<(), ReassemblyError> {
        if self.bytes_of(source).saturating_add(more) > limits.max_bytes_per_source {
            return Err(ReassemblyError::SourceBudget);
        }
        if self.bytes.saturating_add(more) > limits.max_bytes {
            return Err(ReassemblyError::Budget);
        }
        Ok(())
    }

    /// Whether `source` may begin another context.
    pub(super) fn check_contexts(&self, source: &NodeId, limits: &ReassemblyLimits) -> Result<(), ReassemblyError> {
        let begun = self.sources.get(source).map_or(0, |share| share.contexts);
        if begun >= limits.max_contexts_per_source { Err(ReassemblyError::SourceBudget) } else { Ok(()) }
    }

    /// The bytes held of `source` in one context went from `before` to `after`.
    pub(super) fn change_bytes(&mut self, source: &NodeId, before: usize, after: usize) {
        if before == after {
            return;
        }
        self.bytes = self.bytes.saturating_sub(before).saturating_add(after);
        self.change(source, |share| share.bytes = share.bytes.saturating_sub(before).saturating_add(after));
    }

    /// `source` began a context.
    pub(super) fn begin_context(&mut self, source: &NodeId) {
        self.change(source, |share| share.contexts = share.contexts.saturating_add(1));
    }

    /// A context that `source` began has ended.
    pub(super) fn end_context(&mut self, source: &NodeId) {
        self.change(source, |share| share.contexts = share.contexts.saturating_sub(1));
    }

    fn change(&mut self, source: &NodeId, change: impl FnOnce(&mut Share)) {
        if let Some(share) = self.sources.get_mut(source) {
            change(share);
            if share.bytes == 0 && share.contexts == 0 {
                self.sources.remove(source);
            }
        } else {
            let mut share = Share::default();
            change(&mut share);
            self.sources.insert(source.clone(), share);
        }
    }
}
