//! What others may cost a node (§8.4.1, D61): the budgets that all nodes are set to, as the ledger understands them.

use fcp_symbols::reassembly::ReassemblyLimits;

use super::{Check, Ledger};

/// The budgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulate) struct Budgets {
    /// Bytes of unfinished objects, of one source.
    pub(in crate::simulate) source_bytes: usize,
    /// Bytes of unfinished objects, in all.
    pub(in crate::simulate) bytes: usize,
    /// Unfinished objects.
    pub(in crate::simulate) contexts: usize,
}

impl Default for Budgets {
    fn default() -> Self {
        Self { source_bytes: 256 * 1024, bytes: 1024 * 1024, contexts: 128 }
    }
}

impl Budgets {
    /// Limits of a reassembly that keeps them.
    pub(in crate::simulate) fn limits(self) -> ReassemblyLimits {
        ReassemblyLimits {
            max_bytes: self.bytes,
            max_bytes_per_source: self.source_bytes,
            max_contexts: self.contexts,
            ..ReassemblyLimits::default()
        }
    }
}

/// What a node holds of one source and of all.
#[derive(Debug, Clone, Copy)]
pub(in crate::simulate) struct Holdings {
    pub(in crate::simulate) source_bytes: usize,
    pub(in crate::simulate) bytes: usize,
    pub(in crate::simulate) contexts: usize,
}

impl Ledger {
    /// A node holds so much, just after it took something of `source`.
    pub(in crate::simulate) fn holds(&mut self, host: usize, source: &str, holdings: Holdings) {
        let budgets = self.budgets;
        let over = holdings.source_bytes > budgets.source_bytes
            || holdings.bytes > budgets.bytes
            || holdings.contexts > budgets.contexts;
        if over {
            self.violate(
                Check::Budget,
                format!(
                    "host {host} holds {} bytes of `{source}`, {} in all, for {} objects",
                    holdings.source_bytes, holdings.bytes, holdings.contexts
                ),
            );
        }
    }
}
