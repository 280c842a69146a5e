//! How much a request may be answered with (§8.4, §9.2.1, D134).

use super::SymbolRequest;

/// The most symbols for a requester that is not authenticated, or does not show what it needs.
pub const MAX_SYMBOLS_WITHOUT_PROOF: u32 = 32;

/// The most symbols for anybody.
pub const MAX_RESPONSE_SYMBOLS: u32 = 1024;

/// How many bytes go out for each byte that came in, where nobody is authenticated.
pub const MAX_AMPLIFICATION: u64 = 3;

/// What decides how much a request is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// Whether a session or a signature vouches for the requester.
    pub authenticated: bool,
    /// How many symbols it takes at most.
    pub max_symbols: u32,
    /// How many symbols it shows that it needs.
    pub proof_of_need: u32,
    /// How many source symbols the object has.
    pub k: u16,
    /// How many bytes the request came in.
    pub bytes_in: u64,
}

/// How much a request may be answered with, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseBound {
    /// Symbols.
    pub symbols: u32,
    /// Bytes of datagrams, where nobody is authenticated.
    pub bytes: Option<u64>,
}

impl Demand {
    /// The demand of a request that came in `bytes_in` bytes, for an object of `k` source symbols.
    #[must_use]
    pub fn of(request: &SymbolRequest, authenticated: bool, k: u16, bytes_in: u64) -> Self {
        let (max_symbols, proof_of_need) = (request.max_symbols, request.proof_of_need());
        Self { authenticated, max_symbols, proof_of_need, k, bytes_in }
    }

    /// The bound (D134): 32 symbols without authentication or proof of need, else the smallest of what the requester takes,
    /// 1024, and K with what it needs; and without authentication at most three times the bytes that came in.
    #[must_use]
    pub fn bound(&self) -> ResponseBound {
        let cap = if self.authenticated && self.proof_of_need > 0 {
            MAX_RESPONSE_SYMBOLS.min(u32::from(self.k).saturating_add(self.proof_of_need))
        } else {
            MAX_SYMBOLS_WITHOUT_PROOF
        };
        ResponseBound {
            symbols: self.max_symbols.min(cap),
            bytes: (!self.authenticated).then(|| self.bytes_in.saturating_mul(MAX_AMPLIFICATION)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Demand, ResponseBound};

    #[test]
    fn the_bound_follows_what_was_shown() {
        let full = Demand { authenticated: true, max_symbols: 5000, proof_of_need: 10, k: 64, bytes_in: 400 };
        let bound = |symbols, bytes| ResponseBound { symbols, bytes };
        assert_eq!(full.bound(), bound(74, None));
        assert_eq!(Demand { k: 2000, ..full }.bound(), bound(1024, None));
        assert_eq!(Demand { k: u16::MAX, proof_of_need: u32::MAX, ..full }.bound(), bound(1024, None));
        assert_eq!(Demand { max_symbols: 7, ..full }.bound(), bound(7, None));
        assert_eq!(Demand { max_symbols: 0, ..full }.bound(), bound(0, None));
        assert_eq!(Demand { proof_of_need: 0, ..full }.bound(), bound(32, None));
        assert_eq!(Demand { authenticated: false, ..full }.bound(), bound(32, Some(1200)));
        assert_eq!(Demand { authenticated: false, max_symbols: 3, ..full }.bound(), bound(3, Some(1200)));
        assert_eq!(Demand { authenticated: false, bytes_in: u64::MAX, ..full }.bound().bytes, Some(u64::MAX));
    }
}
