//! What waits goes out, and what came is written.

use std::collections::BTreeMap;

use fcp_core::id::{EpochId, NodeId, ObjectId, ZoneId};
use fcp_symbols::datagram::ENVELOPE_LEN;
use fcp_symbols::fcps::{FrameHeader, FrameWriter, frame_len};

use super::MAX_STORED_BYTES_PER_PEER;
use super::outbox::Outgoing;
use crate::clock;
use crate::mesh::{Mesh, log};

/// How many datagrams go out before the node looks at what came in.
const BURST: usize = 64;

/// Why a symbol was not sent.
#[derive(Debug, thiserror::Error)]
enum SendFailure {
    #[error("there is no session")]
    NoSession,
    #[error("{0}")]
    Other(String),
}

impl SendFailure {
    fn other(error: impl std::fmt::Display) -> Self {
        Self::Other(error.to_string())
    }
}

impl Mesh {
    /// Sends what waits, a burst at a time, and writes what came.
    pub(crate) fn pump_symbols(&mut self) {
        let mut failures: BTreeMap<NodeId, (usize, SendFailure)> = BTreeMap::new();
        for _ in 0..BURST {
            let Some((peer, symbol)) = self.transfers.outbox.pop() else { break };
            let Err(failure) = self.send_symbol(&peer, &symbol) else { continue };
            let mut lost = 1_usize;
            if matches!(failure, SendFailure::NoSession) {
                lost = lost.saturating_add(self.transfers.outbox.clear(&peer));
            }
            let (count, last) = failures.entry(peer).or_insert((0, SendFailure::NoSession));
            (*count, *last) = (count.saturating_add(lost), failure);
        }
        for (peer, (count, failure)) in failures {
            log(format_args!("{count} symbols for {peer} were not sent: {failure}"));
        }
        self.write_incoming();
        self.release_confirmed();
    }

    /// Writes the symbols that came.
    fn write_incoming(&mut self) {
        let batch = std::mem::take(&mut self.transfers.incoming);
        if batch.is_empty() {
            return;
        }
        match self.store.put_symbols(&batch, &self.config.node_id, MAX_STORED_BYTES_PER_PEER) {
            Ok(refused) => {
                for refused in refused {
                    log(format_args!("refused {} symbols of {}: {}", refused.symbols, refused.source, refused.reason));
                }
            }
            Err(error) => return log(format_args!("{} symbols were not stored: {error}", batch.len())),
        }
        let objects: BTreeMap<ObjectId, &ZoneId> =
            batch.iter().map(|symbol| (symbol.object_id, &symbol.shape.zone_id)).collect();
        for (object, zone) in objects {
            self.note_symbols(zone, object);
        }
    }

    /// Seals a symbol under this node's own subkey, frames it, and sends the datagram (§4.1–§4.3, D58).
    fn send_symbol(&mut self, peer: &NodeId, symbol: &Outgoing) -> Result<(), SendFailure> {
        let now = clock::now_millis();
        let epoch = EpochId::of(now.timestamp());
        let table = self.table.as_mut().ok_or(SendFailure::NoSession)?;
        if table.session_with(now, peer).is_none() {
            return Err(SendFailure::NoSession);
        }
        let number = table.next_frame().map_err(SendFailure::other)?;
        let zone = self.zones.get(&symbol.zone).ok_or_else(|| SendFailure::other("the zone is not known"))?;
        let zone_key = zone.keyring.sealing_key(&self.revocations, now.timestamp()).map_err(SendFailure::other)?;
        let key = self.subkeys.get(zone_key, epoch, &self.config.node_id, number.instance());
        let symbol_size = symbol.block.symbol_size();
        let header = FrameHeader {
            flags: symbol.flags,
            object_id: symbol.object,
            symbol_size,
            zone_key_id: zone_key.id(),
            zone_id_hash: symbol.zone.hash(),
            epoch_id: epoch,
            sender_instance_id: number.instance(),
            frame_seq: number.seq(),
        };
        let mut datagram = vec![0; ENVELOPE_LEN.saturating_add(frame_len(1, symbol_size))];
        let buffer = datagram.get_mut(ENVELOPE_LEN..).unwrap_or_default();
        let mut writer = FrameWriter::new(buffer, header).map_err(SendFailure::other)?;
        let fill = |slot: &mut [u8]| {
            slot.copy_from_slice(&symbol.data);
            Ok(())
        };
        writer.seal(symbol.esi, symbol.block.k(), key, fill).map_err(SendFailure::other)?;
        writer.finish().map_err(SendFailure::other)?;
        let address = table.seal(now, peer, &mut datagram).map_err(SendFailure::other)?;
        // Two carriers, one format (§4.3.1): every second frame goes over QUIC where a connection stands.
        if number.seq() & 1 == 0 && self.net.send_datagram(peer, &datagram) {
            return Ok(());
        }
        if self.net.send_udp(address, &datagram) { Ok(()) } else { Err(SendFailure::other("the socket takes no more")) }
    }
}
