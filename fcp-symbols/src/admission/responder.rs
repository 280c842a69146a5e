//! Which symbols answer a request (§9.2.1, D134, D221).

use alloc::vec::Vec;
use core::net::IpAddr;

use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::time::{Millis, TimePolicy};

use super::choice::{HeldSymbols, choose};
use super::deliveries::{Deliveries, Delivery};
use super::{Admission, AdmissionError, Source};
use crate::message::{Authentic, DecodeStatus, Demand, EsiList, MissingHint, SymbolRequest};
use crate::seen::Seen;

/// How much a responder remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponderLimits {
    /// How far requests may be from now, in seconds: what they are remembered for, too. 120 by default.
    pub max_skew_secs: u64,
    /// Requests, about 150 bytes each: 65,536 by default.
    pub max_requests: usize,
    /// Requests of one peer: 8,192 by default.
    pub max_requests_per_peer: usize,
    /// Answers that may go on, about 300 bytes each: 16,384 by default.
    pub max_deliveries: usize,
    /// Answers to one peer that may go on: 1,024 by default.
    pub max_deliveries_per_peer: usize,
}

impl Default for ResponderLimits {
    fn default() -> Self {
        Self {
            max_skew_secs: TimePolicy::DEFAULT_SKEW_SECS,
            max_requests: 65_536,
            max_requests_per_peer: 8_192,
            max_deliveries: 16_384,
            max_deliveries_per_peer: 1_024,
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub enum Asker<'a> {
    /// A peer whose request was authenticated.
    Peer(&'a Authentic<SymbolRequest>),
    /// Somebody else. The bytes of the request were admitted from the same address before.
    Stranger {
        /// The request.
        request: &'a SymbolRequest,
        /// Where it came from, and the answer would go to.
        from: IpAddr,
        /// How many bytes it came in.
        bytes_in: u64,
    },
}

/// What a node has of an object, as it answers requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// How many source symbols the object has.
    pub k: u16,
    /// How many bytes a symbol takes in the datagrams that carry it, at most: its record, and the frame and envelope around
    /// it if it goes alone.
    pub bytes_per_symbol: u64,
    /// How much work it is to make one, in units of [`WORK_PER_MS`](super::WORK_PER_MS): none where symbols are stored.
    pub work_per_symbol: u64,
    /// Where this node begins when nothing is asked for by number, so that several nodes do not all begin with the same.
    pub first: u32,
    /// Whether the policy of the object's zone says that strangers are answered.
    pub open_to_strangers: bool,
}

/// Why a request is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// Nobody vouches for the request, and strangers are not answered here.
    #[error("request is not authenticated")]
    Unauthenticated,
    /// It was answered before.
    #[error("request was answered before")]
    Replayed,
    /// Too many requests are remembered to take another.
    #[error("too many requests are remembered")]
    Requests,
    /// The requester's budget is used up.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
}

impl AnswerError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Unauthenticated => Reason::AdmissionUnauthenticated,
            Self::Replayed => Reason::AdmissionReplayed,
            Self::Requests => Reason::AdmissionRequests,
            Self::Admission(error) => error.reason(),
        }
    }
}

/// Answers requests for symbols: whether, how many, and which (§8.4, §9.2.1, D134, D221).
///
/// Every answer is charged to the requester's budget in an [`Admission`], by the bytes and the work that it takes. What an
/// answer left of the request's bound goes out as the requester's further statuses ask for it.
///
/// It keeps nothing of strangers. Nothing here waits or wakes; call [`expire`](Self::expire) now and then to free memory.
///
/// ```
/// use fcp_core::id::{NodeId, ObjectId, ZoneId, ZoneKeyId};
/// use fcp_core::sign::{NodeSigningKey, Signature, Signed as _};
/// use fcp_core::time::{Millis, TimePolicy, Timestamp};
/// use fcp_symbols::admission::{Admission, AdmissionLimits, AdmissionPolicy, Asker, Responder, ResponderLimits, Served};
/// use fcp_symbols::message::{EsiList, SymbolRequest, ephemeral_header};
///
/// let now = Timestamp::from_secs(1_700_000_000);
/// # let key = NodeSigningKey::from_seed([1; 32]);
/// let request = SymbolRequest {
///     header: ephemeral_header::<SymbolRequest>(ZoneId::work(), 60, 60, now),
///     object_id: ObjectId::from_bytes([7; 32]),
///     zone_id: ZoneId::work(),
///     zone_key_id: ZoneKeyId::from_bytes([1; 8]),
///     max_symbols: 5,
///     want_esi: Some(EsiList::new(vec![3, 90])?),
///     decode_status: None,
///     delivery_hint: None,
///     requested_at: now,
///     requester: NodeId::new("nPhone")?,
///     signature: Signature::ABSENT,
/// };
/// let request = request.signed_by(&key).authenticate(None, &key.public(), TimePolicy::default(), now)?;
///
/// let mut admission = Admission::new(AdmissionPolicy::default(), AdmissionLimits::default());
/// let mut responder = Responder::new(ResponderLimits::default());
/// let served = Served { k: 64, bytes_per_symbol: 1200, work_per_symbol: 0, first: 20, open_to_strangers: false };
/// let held = 0..80_u32;                                       // or the set of the symbols that are stored
/// let esis = responder.answer(Millis::from(now), &mut admission, Asker::Peer(&request), &served, &held)?;
/// assert_eq!(esis, [3, 20, 21, 22, 23]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Responder {
    /// The beginnings of signatures, which nobody but the requester itself can make alike.
    seen: Seen<[u8; 16]>,
    deliveries: Deliveries,
}

impl Responder {
    /// Nobody has asked yet.
    #[must_use]
    pub const fn new(limits: ResponderLimits) -> Self {
        // A request may come as long before its time as after it.
        let keep_ms = limits.max_skew_secs.saturating_mul(2).saturating_add(1).saturating_mul(1000);
        Self {
            seen: Seen::new(keep_ms, limits.max_requests_per_peer, limits.max_requests),
            deliveries: Deliveries::new(limits.max_deliveries_per_peer, limits.max_deliveries),
        }
    }

    /// Which symbols answer a request: to be sent in this order, and charged already. None where nothing is held.
    ///
    /// # Errors
    /// [`AnswerError`], the first that applies. Nothing was charged.
    pub fn answer(
        &mut self,
        now: Millis,
        admission: &mut Admission,
        asker: Asker<'_>,
        served: &Served,
        held: &impl HeldSymbols,
    ) -> Result<Vec<u32>, AnswerError> {
        match asker {
            Asker::Peer(request) => self.answer_peer(now, admission, request, served, held),
            Asker::Stranger { request, from, bytes_in } => {
                answer_stranger(now, admission, (request, from, bytes_in), served, held)
            }
        }
    }

    fn answer_peer(
        &mut self,
        now: Millis,
        admission: &mut Admission,
        request: &Authentic<SymbolRequest>,
        served: &Served,
        held: &impl HeldSymbols,
    ) -> Result<Vec<u32>, AnswerError> {
        let (peer, request) = (request.peer(), request.get());
        self.seen.expire(now);
        let token = request.signature.as_bytes().first_chunk().copied().unwrap_or_default();
        if self.seen.contains(peer, &token) {
            return Err(AnswerError::Replayed);
        }
        let bound = Demand::of(request, true, served.k, 0).bound().symbols;
        let step = request.delivery_hint.map_or(bound, |hint| hint.stop_after_symbols);
        let source = Source::Peer(peer);
        let count = afforded(now, admission, source, served, bound.min(step))?;
        self.seen.insert(now, peer, token).map_err(|_| AnswerError::Requests)?;
        let next = self.deliveries.get(peer, request.object_id).map_or(served.first, |delivery| delivery.next);
        let (esis, next) = choose(&named(request), held, next, count);
        charge(now, admission, source, served, &esis);
        self.deliveries.put(peer, request.object_id, Delivery { next, step, left: bound.saturating_sub(sent(&esis)) });
        Ok(esis)
    }

    /// Which symbols go out next, as a peer says how far it is with an object that it asked for: none if nothing is left of
    /// its request's bound, or it needs none. What it only holds for others (D223) is no matter of requests.
    ///
    /// # Errors
    /// [`AnswerError::Admission`].
    pub fn handle_status(
        &mut self,
        now: Millis,
        admission: &mut Admission,
        status: &Authentic<DecodeStatus>,
        served: &Served,
        held: &impl HeldSymbols,
    ) -> Result<Vec<u32>, AnswerError> {
        let (peer, status) = (status.peer(), status.get());
        if status.required == 0 {
            return Ok(Vec::new());
        }
        let missing = status.missing_hint.as_ref().map(|hint| hint.esis().as_slice()).unwrap_or_default();
        if missing.is_empty() && status.received_unique >= status.required {
            self.deliveries.remove(peer, status.object_id);
            return Ok(Vec::new());
        }
        let Some(delivery) = self.deliveries.get(peer, status.object_id).filter(|delivery| delivery.left > 0) else {
            return Ok(Vec::new());
        };
        let source = Source::Peer(peer);
        let count = afforded(now, admission, source, served, delivery.left.min(delivery.step))?;
        let (esis, next) = choose(missing, held, delivery.next, count);
        charge(now, admission, source, served, &esis);
        let left = delivery.left.saturating_sub(sent(&esis));
        self.deliveries.put(peer, status.object_id, Delivery { next, left, ..delivery });
        Ok(esis)
    }

    /// A peer has an object whole, as it acknowledged, or it is gone: nothing more goes to it without a new request.
    pub fn stop(&mut self, peer: &NodeId, object_id: ObjectId) {
        self.deliveries.remove(peer, object_id);
    }

    /// Forgets the requests that could not be repeated any more.
    pub fn expire(&mut self, now: Millis) {
        self.seen.expire(now);
    }

    /// How many answers may go on.
    #[must_use]
    pub fn deliveries(&self) -> usize {
        self.deliveries.len()
    }
}

fn answer_stranger(
    now: Millis,
    admission: &mut Admission,
    (request, from, bytes_in): (&SymbolRequest, IpAddr, u64),
    served: &Served,
    held: &impl HeldSymbols,
) -> Result<Vec<u32>, AnswerError> {
    let required = admission.policy().require_authenticated_requests && request.zone_id != ZoneId::public();
    if required || !served.open_to_strangers {
        return Err(AnswerError::Unauthenticated);
    }
    let bound = Demand::of(request, false, served.k, bytes_in).bound();
    let affordable = bound.bytes.unwrap_or(0).checked_div(served.bytes_per_symbol.max(1)).unwrap_or(0);
    if affordable == 0 && bound.symbols > 0 {
        return Err(AdmissionError::Amplification.into());
    }
    let step = request.delivery_hint.map_or(bound.symbols, |hint| hint.stop_after_symbols);
    let wanted = bound.symbols.min(step).min(u32::try_from(affordable).unwrap_or(u32::MAX));
    let source = Source::Stranger(from);
    let count = afforded(now, admission, source, served, wanted)?;
    let (esis, _) = choose(&named(request), held, served.first, count);
    charge(now, admission, source, served, &esis);
    Ok(esis)
}

/// What a request names, in the order in which it goes out.
fn named(request: &SymbolRequest) -> Vec<u32> {
    let wanted = request.want_esi.as_ref().map(EsiList::as_slice).unwrap_or_default();
    let hint = request.decode_status.as_ref().and_then(|status| status.missing_hint.as_ref());
    let missing = hint.map(MissingHint::esis).map(EsiList::as_slice).unwrap_or_default();
    [wanted, missing].concat()
}

/// How many of `wanted` symbols the requester's budget affords.
fn afforded(
    now: Millis,
    admission: &mut Admission,
    source: Source<'_>,
    served: &Served,
    wanted: u32,
) -> Result<u32, AdmissionError> {
    if wanted == 0 {
        return Ok(0);
    }
    // Whoever failed to authenticate too often is told so here.
    admission.admit_answer(now, source, 0)?;
    let bytes = served.bytes_per_symbol.max(1);
    let by_bytes = admission.answer_left(now, source).checked_div(bytes).unwrap_or(0);
    if by_bytes == 0 {
        // Not even one symbol: says which budget it is that is used up.
        admission.admit_answer(now, source, bytes)?;
    }
    let by_work = admission.work_left(now, source).checked_div(served.work_per_symbol.max(1)).unwrap_or(0);
    if by_work == 0 && served.work_per_symbol > 0 {
        return Err(AdmissionError::DecodeCpu);
    }
    let affordable = if served.work_per_symbol > 0 { by_bytes.min(by_work) } else { by_bytes };
    Ok(wanted.min(u32::try_from(affordable).unwrap_or(u32::MAX)))
}

fn charge(now: Millis, admission: &mut Admission, source: Source<'_>, served: &Served, esis: &[u32]) {
    let count = u64::from(sent(esis));
    // It was afforded before.
    let _ = admission.admit_answer(now, source, count.saturating_mul(served.bytes_per_symbol.max(1)));
    admission.charge_work(now, source, count.saturating_mul(served.work_per_symbol));
}

fn sent(esis: &[u32]) -> u32 {
    u32::try_from(esis.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
