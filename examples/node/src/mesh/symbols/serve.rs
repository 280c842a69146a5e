//! Requests for symbols are answered from this node's disk, within bounds (D134).

use std::collections::BTreeSet;

use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::object::ControlPlaneObject;
use fcp_core::time::TimePolicy;
use fcp_symbols::fcps::FrameFlags;
use fcp_symbols::message::{self, Demand, SymbolRequest};
use fcp_symbols::raptor::{Block, SymbolSize};

use super::outbox::{Outgoing, Queued};
use crate::clock;
use crate::mesh::{Mesh, log};
use crate::store::{Holding, StoreError};

/// Of what is held of an object in a zone, what speaks for it: this node's own symbols, else those of whoever sent first.
///
/// Symbols of several sources are never mixed: whoever asks takes them as this node's, so one faulty source would spoil
/// them all. And symbols of an object can hardly come before its own author has sent the first.
fn preferred(holdings: Vec<Holding>, own: &NodeId, zone: Option<&ZoneId>) -> Option<Holding> {
    let mut of_zone = holdings.into_iter().filter(|held| zone.is_none_or(|zone| held.shape.zone_id == *zone));
    let first = of_zone.next()?;
    if first.source == *own { Some(first) } else { Some(of_zone.find(|held| held.source == *own).unwrap_or(first)) }
}

impl Mesh {
    /// What this node gives to whoever asks for an object: its K and the ESIs.
    pub(crate) fn held_symbols(&self, object: &ObjectId) -> Result<Option<(u16, Vec<u32>)>, StoreError> {
        let held = preferred(self.store.symbol_holdings(object)?, &self.config.node_id, None);
        held.map(|held| Ok((held.shape.k, self.store.symbol_esis(object, &held.source)?))).transpose()
    }

    /// Answers a request with symbols that this node holds.
    pub(in crate::mesh) fn handle_symbol_request(&mut self, peer: &NodeId, object: &ControlPlaneObject) {
        let Ok(request) = message::read::<SymbolRequest>(object) else { return };
        let Some(key) = self.peer_key(peer) else { return };
        let authenticated = request.authenticate(Some(peer), &key, TimePolicy::default(), clock::now());
        let Ok(request) = authenticated else { return };
        let request = request.into_inner();
        self.pump_symbols();
        match self.answer(peer, &request) {
            Ok(0) => {}
            Ok(refused) => log(format_args!(
                "refused {refused} symbols that {peer} asked for: {}: too much waits for it already",
                Reason::SymbolBudget
            )),
            Err(error) => log(format_args!("a request of {peer} was not answered: {error}")),
        }
    }

    /// Queues the symbols that answer a request, and tells how many found no room.
    fn answer(&mut self, peer: &NodeId, request: &SymbolRequest) -> Result<u32, StoreError> {
        let id = request.object_id;
        let holdings = self.store.symbol_holdings(&id)?;
        let Some(held) = preferred(holdings, &self.config.node_id, Some(&request.zone_id)) else { return Ok(0) };
        let damaged = |_| StoreError::Damaged("shape");
        let symbol_size = SymbolSize::new(held.shape.symbol_size).map_err(damaged)?;
        let block = Block::new(held.shape.k, symbol_size).map_err(damaged)?;
        let bound = Demand::of(request, true, held.shape.k, 0).bound().symbols;
        if self.transfers.outbox.room(peer) < symbol_size.as_usize() {
            return Ok(bound.min(held.symbols));
        }
        let wanted: Option<BTreeSet<u32>> =
            request.want_esi.as_ref().map(|list| list.as_slice().iter().copied().collect());
        let symbols = self.store.symbols(&id, &held.source)?.into_iter();
        let chosen = symbols.filter(|(esi, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(esi)));
        let flags = FrameFlags::ENCRYPTED | FrameFlags::RAPTORQ | FrameFlags::RESPONSE;
        let mut refused = 0_u32;
        for (esi, data) in chosen.take(usize::try_from(bound).unwrap_or(usize::MAX)) {
            let symbol = Outgoing { zone: held.shape.zone_id.clone(), object: id, esi, block, flags, data };
            if self.transfers.outbox.push(peer, symbol) == Queued::Full {
                refused = refused.saturating_add(1);
            }
        }
        Ok(refused)
    }
}

#[cfg(test)]
mod tests {
    use fcp_core::id::{NodeId, ZoneId};

    use super::preferred;
    use crate::store::{Holding, SymbolShape};

    fn node(name: &str) -> NodeId {
        NodeId::new(name).unwrap()
    }

    fn held(source: &str, zone: ZoneId) -> Holding {
        Holding { source: node(source), shape: SymbolShape { zone_id: zone, k: 8, symbol_size: 256 }, symbols: 3 }
    }

    #[test]
    fn own_symbols_come_first_then_whoever_sent_first_in_the_zone() {
        let (own, zone) = (node("nOwn"), ZoneId::private());
        let source = |held: Vec<Holding>| preferred(held, &own, Some(&zone)).map(|held| held.source);
        let (a, b) = (held("nB", zone.clone()), held("nA", zone.clone()));
        assert_eq!(source(vec![a.clone(), b.clone()]), Some(node("nB")));
        assert_eq!(source(vec![a.clone(), held("nOwn", zone.clone()), b.clone()]), Some(node("nOwn")));
        assert_eq!(source(vec![held("nOwn", ZoneId::work()), b]), Some(node("nA")));
        assert_eq!(source(vec![held("nC", ZoneId::work())]), None);
        assert_eq!(source(vec![]), None);
    }
}
