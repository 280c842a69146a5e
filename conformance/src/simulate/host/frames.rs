//! Frames: sealed and sent, received and opened.

use fcp_core::id::{EpochId, NodeId};
use fcp_core::object::{ControlPlaneObject, StoredObject};
use fcp_core::time::Millis;
use fcp_symbols::datagram::ENVELOPE_LEN;
use fcp_symbols::envelope::{SymbolKey, check_epoch};
use fcp_symbols::fcps::{DEFAULT_MAX_FRAME_LEN, FrameFlags, FrameHeader, FrameMut, FrameWriter};
use fcp_symbols::raptor::{PlanCache, SymbolError};
use fcp_symbols::reassembly::{ContextKey, Step};

use super::exchange::{Exchange, Job};
use super::keeping::{Kept, block_of};
use super::{Conduct, Host, Life, Outside, Settings};
use crate::simulate::cast::{cast, zone};
use crate::simulate::ledger::Holdings;

/// How many datagrams go out at once, and after how many milliseconds the next ones.
const BURST: usize = 8;
const PAUSE_MS: u64 = 4;

impl Host {
    /// Sends what waits, a burst at a time.
    pub(super) fn pump(&mut self, out: &mut Outside<'_>) {
        let local = self.local(out.now);
        let Some(life) = &mut self.life else { return };
        if !life.exchange.may_send(local) {
            return;
        }
        for _ in 0..BURST {
            let Some(mut job) = life.exchange.outbox.pop_front() else { break };
            let kept = self.disk.kept.get(&job.object_id);
            if let Some((to, datagram)) = seal((life, kept), &self.settings, self.conduct, &mut job, local, out) {
                out.ledger.sends_in_session(life.id, self.identity.name.as_str(), &datagram, local);
                out.effects.datagrams.push((to, datagram));
                if !job.esis.is_empty() {
                    // Objects take turns.
                    life.exchange.outbox.push_back(job);
                }
            }
        }
        life.exchange.pause(local.saturating_add(PAUSE_MS));
        self.drain(out, None);
    }

    /// Takes an authentic frame of `peer`, from the sixth check of D52 on.
    pub(super) fn frame(&mut self, out: &mut Outside<'_>, peer: &NodeId, mut frame: Vec<u8>) {
        let local = self.local(out.now);
        match self.open(out, peer, &mut frame, local) {
            Ok(Some(object)) => {
                self.keep(out.now, &object);
                self.is_whole(out.now, &object.id());
                self.acknowledge(out, peer, &object);
            }
            Ok(None) => {}
            Err(reason) => {
                if let Some(life) = &mut self.life {
                    life.refused.push(reason);
                }
            }
        }
    }

    /// Opens a frame's symbols and puts them together: gives the object that they complete.
    fn open(
        &mut self,
        out: &mut Outside<'_>,
        peer: &NodeId,
        frame: &mut [u8],
        local: Millis,
    ) -> Result<Option<StoredObject>, &'static str> {
        let zone_key = cast().zone_key(self.settings.extended);
        let frame = FrameMut::parse(frame, DEFAULT_MAX_FRAME_LEN).map_err(|error| error.reason().code())?;
        let header = *frame.header();
        if header.zone_id_hash != zone().hash() || header.zone_key_id != zone_key.id() {
            return Err("symbol.key_mismatch");
        }
        check_epoch(header.epoch_id, EpochId::of(local.timestamp()), 1).map_err(|error| error.reason().code())?;
        if self.has(&header.object_id) && !self.keeps(&header.object_id, local) {
            return Ok(None);
        }
        let keeps = self.keeps(&header.object_id, local);
        let Some(life) = &mut self.life else { return Ok(None) };
        let Exchange { reassembly, subkeys, .. } = &mut life.exchange;
        let key = subkeys.get(zone_key, header.epoch_id, peer, header.sender_instance_id);
        let (mut complete, mut refused, mut shape) = (None, None, None);
        let mut for_keeping = Vec::new();
        for symbol in frame.open(key).map_err(|error| error.reason().code())? {
            let symbol = match symbol {
                Ok(symbol) => symbol,
                Err(error) => {
                    refused = Some(error.error.reason().code());
                    continue;
                }
            };
            if keeps {
                for_keeping.push((symbol.esi, symbol.data.to_vec()));
                continue;
            }
            let context = ContextKey { object_id: header.object_id, block: symbol.block, coding: header.coding() };
            let mut next = match reassembly.handle_symbol(local.timestamp(), &context, peer, symbol.esi, symbol.data) {
                Ok(Step::Candidate(candidate)) => Some(candidate),
                Ok(Step::Waiting(_) | Step::Ignored) => None,
                Err(error) => {
                    refused = Some(error.reason().code());
                    continue;
                }
            };
            while let Some(candidate) = next {
                let opened = StoredObject::parse_as(header.object_id, candidate.bytes(), &cast().object_id_key).ok();
                next = reassembly.settle(candidate, opened.as_ref());
                complete = opened.or(complete);
            }
            shape = Some(context);
        }
        let exchange = &mut life.exchange;
        if let Some(context) = shape {
            exchange.note_context(context);
        }
        while let Some(fault) = exchange.reassembly.poll_fault() {
            out.ledger.blames(self.index, fault.source.as_str());
        }
        let holdings = Holdings {
            source_bytes: exchange.reassembly.bytes_of(peer),
            bytes: exchange.reassembly.bytes(),
            contexts: exchange.reassembly.contexts(),
        };
        out.ledger.holds(self.index, peer.as_str(), holdings);
        for (esi, data) in for_keeping {
            self.keep_symbol(out.now, header.object_id, esi, data);
        }
        match (complete, refused) {
            (Some(object), _) => {
                if let Some(life) = &mut self.life {
                    life.exchange.done(object.id());
                }
                Ok(Some(object))
            }
            (None, Some(reason)) => Err(reason),
            (None, None) => Ok(None),
        }
    }

    fn acknowledge(&mut self, out: &mut Outside<'_>, peer: &NodeId, object: &StoredObject) {
        let local = self.local(out.now);
        let ack = super::exchange::ack(object.id(), local, self.settings.extended);
        self.say(out, peer, &ControlPlaneObject::new(ack.header.clone(), &ack));
    }
}

/// Seals the next datagram of a job; nothing if it cannot be sent.
fn seal(
    (life, kept): (&mut Life, Option<&Kept>),
    settings: &Settings,
    conduct: Conduct,
    job: &mut Job,
    local: Millis,
    out: &mut Outside<'_>,
) -> Option<(std::net::SocketAddr, Vec<u8>)> {
    let room = life.table.session_with(local, &job.to)?.max_datagram_bytes();
    let number = life.table.next_frame().ok()?;
    let name = life.table.local().node_id().clone();
    let zone_key = cast().zone_key(settings.extended);
    let exchange = &mut life.exchange;
    let key: &SymbolKey = exchange.subkeys.get(zone_key, EpochId::new(0), &name, number.instance());
    let mut encoder = exchange.encoders.get_mut(&job.object_id);
    let block = block_of(encoder.as_deref(), kept)?;
    let header = FrameHeader {
        flags: FrameFlags::SYMBOLS,
        object_id: job.object_id,
        symbol_size: block.symbol_size(),
        zone_key_id: key.zone_key_id(),
        zone_id_hash: *key.zone_id_hash(),
        epoch_id: EpochId::of(local.timestamp()),
        sender_instance_id: number.instance(),
        frame_seq: number.seq(),
    };
    let mut datagram = vec![0; room];
    let mut writer = FrameWriter::new(datagram.get_mut(ENVELOPE_LEN..)?, header).ok()?;
    while writer.room() > 0
        && let Some(esi) = job.esis.pop_front()
    {
        let plans: &mut PlanCache = out.plans;
        let fill = |symbol: &mut [u8]| {
            match &mut encoder {
                Some(encoder) => encoder.write_symbol(esi, plans, symbol)?,
                None => {
                    let data = kept.and_then(|kept| kept.symbols.get(&esi)).ok_or(SymbolError::Esi)?;
                    symbol.copy_from_slice(data);
                }
            }
            if conduct == Conduct::Liar {
                symbol.iter_mut().take(1).for_each(|byte| *byte ^= 1);
            }
            Ok(())
        };
        // An ESI that comes twice in a frame is left out.
        let _ = writer.seal(esi, block.k(), key, fill);
    }
    let frame = writer.finish().ok()?;
    out.ledger.sealed_frame(name.as_str(), frame);
    let len = ENVELOPE_LEN.saturating_add(frame.len());
    datagram.truncate(len);
    let to = life.table.seal(local, &job.to, &mut datagram).ok()?;
    Some((to, datagram))
}
