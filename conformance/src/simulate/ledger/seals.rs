//! Every AEAD seal: no key seals twice under one nonce, whoever asks (D49, D50, D140).

use std::collections::HashMap;

use fcp_symbols::datagram::ENVELOPE_LEN;
use fcp_symbols::fcpc;
use fcp_symbols::fcps::{DEFAULT_MAX_FRAME_LEN, Frame};

use super::{Check, fingerprint};

/// A key, by the fingerprint of all that it is derived from, and a nonce, by the numbers that make it.
type Seal = (u64, u64, u32);

/// All seals so far, with fingerprints of what came out.
#[derive(Debug, Default)]
pub(super) struct Seals(HashMap<Seal, u64>);

impl Seals {
    /// The symbols of a frame: sealed under the subkey of sender and instance, with nonces of frame number and ESI (D55).
    pub(super) fn frame(&mut self, sender: &str, bytes: &[u8]) -> Option<(Check, String)> {
        let mut found = None;
        for (seal, sealed) in symbols(sender, bytes) {
            if self.0.insert(seal, sealed).is_some() {
                found =
                    Some((Check::NonceReuse, format!("`{sender}` sealed frame {} symbol {} twice", seal.1, seal.2)));
            }
        }
        found
    }

    /// A frame of a control-plane stream: sealed under the session's key, with nonces of direction and number (D138).
    pub(super) fn control(&mut self, frame: &[u8], initiator: bool) -> Option<(Check, String)> {
        let id = frame.get(6..22)?;
        let seq = u64::from_le_bytes(*frame.get(22..30)?.first_chunk()?);
        let seal = (fingerprint(id), seq, u32::from(initiator));
        let again = self.0.insert(seal, fingerprint(frame.get(fcpc::HEADER_LEN..)?)).is_some();
        again.then(|| (Check::NonceReuse, format!("control-plane frame {seq} of a session was sealed twice")))
    }

    /// A datagram goes out: whatever it holds was written down when it was sealed, and is still the same.
    pub(super) fn datagram(&self, sender: &str, datagram: &[u8]) -> Option<(Check, String)> {
        let frame = datagram.get(ENVELOPE_LEN..)?;
        let unknown = symbols(sender, frame).find(|(seal, sealed)| self.0.get(seal) != Some(sealed));
        unknown.map(|(seal, _)| (Check::NonceReuse, format!("`{sender}` sent frame {} otherwise than sealed", seal.1)))
    }
}

fn symbols<'f>(sender: &str, bytes: &'f [u8]) -> impl Iterator<Item = (Seal, u64)> + use<'f> {
    let frame = Frame::parse(bytes, DEFAULT_MAX_FRAME_LEN).ok();
    let key = frame.as_ref().map_or(0, |frame| {
        let header = frame.header();
        let parts = [sender.as_bytes(), header.zone_key_id.as_bytes(), &header.sender_instance_id.to_le_bytes()];
        fingerprint(&parts.concat())
    });
    let seq = frame.as_ref().map_or(0, |frame| frame.header().frame_seq);
    let symbols = frame.map(|frame| frame.symbols()).into_iter().flatten();
    symbols.map(move |symbol| ((key, seq, symbol.esi), fingerprint(symbol.data) ^ fingerprint(symbol.tag)))
}
