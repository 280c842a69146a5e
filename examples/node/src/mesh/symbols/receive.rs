//! Frames come in: their symbols go to the disk, or to whoever gathers their object.

use fcp_core::error::Reason;
use fcp_core::id::{EpochId, NodeId, ZoneId};
use fcp_core::object::ControlPlaneObject;
use fcp_symbols::envelope::check_epoch;
use fcp_symbols::fcps::{FrameFlags, FrameHeader, FrameMut};
use fcp_symbols::message::{DecodeStatus, ephemeral_header};
use fcp_symbols::raptor::Block;
use fcp_symbols::reassembly::ContextKey;

use crate::clock;
use crate::mesh::{Mesh, log};
use crate::store::{StoredSymbol, SymbolShape};

impl Mesh {
    /// Opens an authenticated frame's symbols (D52, from the zone key on) and keeps them.
    pub(in crate::mesh) fn handle_frame(&mut self, peer: &NodeId, bytes: &mut [u8]) {
        let now = clock::now_millis();
        let Ok(frame) = FrameMut::parse(bytes, 65_536) else { return };
        let header = *frame.header();
        let Some(zone) = self.zones.values().find(|zone| zone.hash() == header.zone_id_hash) else { return };
        let zone_id = zone.id().clone();
        let member =
            self.trust.as_ref().and_then(|trust| self.members.member(trust, &self.revocations, peer, now.timestamp()));
        if !member.is_some_and(|member| member.zones.contains(&zone_id)) {
            log(format_args!("refused a frame of {peer}: {}", Reason::SessionNotAMember));
            return;
        }
        if check_epoch(header.epoch_id, EpochId::of(now.timestamp()), 1).is_err() {
            log(format_args!("refused a frame of {peer}: {}", Reason::SymbolEpoch));
            return;
        }
        let opening =
            zone.keyring.opening_key(&header.zone_key_id, header.epoch_id, &self.revocations, now.timestamp());
        let zone_key = match opening {
            Ok(key) => key,
            Err(error) => return log(format_args!("refused a frame of {peer}: {}", error.reason())),
        };
        let key = self.subkeys.get(zone_key, header.epoch_id, peer, header.sender_instance_id);
        let Ok(symbols) = frame.open(key) else { return };
        let mut opened = Vec::new();
        let mut refused = None;
        for symbol in symbols {
            match symbol {
                Ok(symbol) => opened.push((symbol.esi, symbol.block, symbol.data.to_vec())),
                Err(fault) => refused = Some(fault.error.reason()),
            }
        }
        if let Some(reason) = refused {
            log(format_args!("refused symbols of a frame of {peer}: {reason}"));
        }
        for (esi, block, data) in opened {
            self.take_symbol(peer, &zone_id, &header, esi, block, data);
        }
        if header.flags.contains(FrameFlags::REQUIRES_ACK) {
            self.acknowledge(peer, &zone_id, &header);
        }
    }

    /// An answer goes to whoever gathers the object, if anybody still does; what a peer sends of its own accord goes to
    /// the disk, too.
    fn take_symbol(
        &mut self,
        peer: &NodeId,
        zone_id: &ZoneId,
        header: &FrameHeader,
        esi: u32,
        block: Block,
        data: Vec<u8>,
    ) {
        let object_id = header.object_id;
        if self.transfers.gathering.contains_key(&object_id) {
            self.feed(&ContextKey { object_id, block, coding: header.coding() }, (peer, peer), esi, &data);
        }
        if !header.flags.contains(FrameFlags::RESPONSE) {
            let shape = SymbolShape { zone_id: zone_id.clone(), k: block.k(), symbol_size: block.symbol_size().get() };
            self.transfers.incoming.push(StoredSymbol { object_id, source: peer.clone(), esi, data, shape });
        }
    }

    /// Tells the sender how many of its symbols of the object are on this node's disk (§4.4): what others sent of the
    /// same object does not count, as nobody knows yet whose symbols are right.
    fn acknowledge(&mut self, peer: &NodeId, zone_id: &ZoneId, frame: &FrameHeader) {
        self.pump_symbols();
        let held = self.store.symbol_holding(&frame.object_id, peer).ok().flatten();
        let held = held.filter(|held| held.shape.zone_id == *zone_id);
        let Ok(zone) = self.zone(zone_id) else { return };
        let levels = zone.levels();
        let now = clock::now();
        let status = DecodeStatus {
            header: ephemeral_header::<DecodeStatus>(zone_id.clone(), levels.integrity, levels.confidentiality, now),
            object_id: frame.object_id,
            zone_id: zone_id.clone(),
            zone_key_id: frame.zone_key_id,
            epoch_id: EpochId::of(now),
            received_unique: held.as_ref().map_or(0, |held| held.symbols),
            required: held.as_ref().map_or(0, |held| u32::from(held.shape.k)),
            missing_hint: None,
            signature: None,
        };
        self.send_object(peer, ControlPlaneObject::new(status.header.clone(), &status));
    }
}
