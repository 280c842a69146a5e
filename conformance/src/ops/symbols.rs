//! `symbol.*`, `fcps.*`: sealed symbols and the frames that carry them (§4.1, §4.3, D51, D57–D68).

use fcp_core::id::{EpochId, NodeId, ObjectId, ZoneIdHash, ZoneKeyId};
use fcp_core::zone_key::{self, ZoneKeyAlgorithm};
use fcp_symbols::envelope::{SymbolEnvelope, SymbolKey};
use fcp_symbols::fcps::{
    DEFAULT_MAX_FRAME_LEN, Frame, FrameError, FrameFlags, FrameHeader, FrameWriter, MAX_SYMBOLS, frame_len,
};
use fcp_symbols::raptor::SymbolSize;
use serde_json::{Value, json};

use super::{Operation, ids, operation, zone_keys};
use crate::fields::{self, Answer, Fields};
use crate::hexadecimal;
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] = &[
    operation("symbol.aad", aad),
    operation("symbol.nonce", nonce),
    operation("symbol.seal", seal),
    operation("symbol.open", open),
    operation("fcps.encode", encode),
    operation("fcps.decode", decode),
];

/// The only version of frames, which the crates' types do not carry.
const VERSION: u16 = 1;

fn object_id(input: Fields<'_>) -> Result<ObjectId, Refusal> {
    Ok(ObjectId::from_bytes(input.array("object_id")?))
}

fn aad(input: Fields<'_>) -> Result<Answer, Refusal> {
    let envelope = SymbolEnvelope {
        object_id: object_id(input)?,
        esi: input.uint("esi")?,
        k: input.uint("k")?,
        zone_id_hash: ids::zone(input)?.hash(),
        zone_key_id: ZoneKeyId::from_bytes(input.array("zone_key_id")?),
        epoch_id: EpochId::new(input.uint("epoch")?),
        sender_instance_id: 0,
        frame_seq: 0,
    };
    Ok(Answer::new().bytes("aad", &envelope.aad()))
}

fn nonce(input: Fields<'_>) -> Result<Answer, Refusal> {
    let algorithm = input.choice("algorithm", zone_keys::ALGORITHMS)?;
    let (instance, frame_seq, esi) = (input.uint("instance")?, input.uint("frame_seq")?, input.uint("esi")?);
    Ok(match algorithm {
        ZoneKeyAlgorithm::ChaCha20Poly1305 => Answer::new().bytes("nonce", &zone_key::nonce12(frame_seq, esi)),
        ZoneKeyAlgorithm::XChaCha20Poly1305 => {
            Answer::new().bytes("nonce", &zone_key::nonce24(instance, frame_seq, esi))
        }
    })
}

/// The envelope of a symbol and the key that it is sealed under.
fn envelope(input: Fields<'_>) -> Result<(SymbolEnvelope, SymbolKey), Refusal> {
    let zone_key = zone_keys::zone_key(input, ids::zone(input)?, input.choice("algorithm", zone_keys::ALGORITHMS)?)?;
    let sender_instance_id = input.uint("instance")?;
    let envelope = SymbolEnvelope {
        object_id: object_id(input)?,
        esi: input.uint("esi")?,
        k: input.uint("k")?,
        zone_id_hash: zone_key.zone().hash(),
        zone_key_id: zone_key.id(),
        epoch_id: EpochId::new(input.uint("epoch")?),
        sender_instance_id,
        frame_seq: input.uint("frame_seq")?,
    };
    let key = SymbolKey::derive(&zone_key, &NodeId::new(input.text("sender")?)?, sender_instance_id);
    Ok((envelope, key))
}

fn seal(input: Fields<'_>) -> Result<Answer, Refusal> {
    let ((envelope, key), mut symbol) = (envelope(input)?, input.bytes("plaintext")?);
    let tag = envelope.seal(&key, &mut symbol)?;
    Ok(Answer::new().bytes("data", &symbol).bytes("tag", &tag))
}

fn open(input: Fields<'_>) -> Result<Answer, Refusal> {
    let ((envelope, key), mut symbol) = (envelope(input)?, input.bytes("data")?);
    envelope.open(&key, &mut symbol, &input.array("tag")?)?;
    Ok(Answer::new().bytes("plaintext", &symbol))
}

fn encode(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (version, flags, size): (u16, u16, u16) =
        (input.uint("version")?, input.uint("flags")?, input.uint("symbol_size")?);
    if version != VERSION {
        return Err(FrameError::UnsupportedVersion(version).into());
    }
    let header = FrameHeader {
        flags: FrameFlags::from_bits_retain(flags),
        object_id: object_id(input)?,
        symbol_size: SymbolSize::new(size).map_err(|_| FrameError::SymbolSize(size))?,
        zone_key_id: ZoneKeyId::from_bytes(input.array("zone_key_id")?),
        zone_id_hash: ZoneIdHash::from_bytes(input.array("zone_id_hash")?),
        epoch_id: EpochId::new(input.uint("epoch")?),
        sender_instance_id: input.uint("instance")?,
        frame_seq: input.uint("frame_seq")?,
    };
    let symbols = input.list("symbols", |symbol, name| {
        let symbol = Fields::of(symbol, name)?;
        let (esi, k): (u32, u16) = (symbol.uint("esi")?, symbol.uint("k")?);
        Ok((esi, k, symbol.bytes("data")?, symbol.array("tag")?))
    })?;
    if symbols.len() > MAX_SYMBOLS {
        return Err(FrameError::SymbolCount(u32::try_from(symbols.len()).unwrap_or(u32::MAX)).into());
    }
    let mut buffer = vec![0; frame_len(symbols.len(), header.symbol_size)];
    let mut frame = FrameWriter::new(&mut buffer, header)?;
    for (esi, k, data, tag) in &symbols {
        frame.push_sealed(*esi, *k, data, tag)?;
    }
    Ok(Answer::new().bytes("hex", frame.finish()?))
}

fn decode(input: Fields<'_>) -> Result<Answer, Refusal> {
    let bytes = input.bytes("hex")?;
    let limit = input.optional("max_bytes", Fields::uint::<usize>)?.unwrap_or(DEFAULT_MAX_FRAME_LEN);
    let frame = Frame::parse(&bytes, limit)?;
    let header = frame.header();
    let symbols: Vec<Value> = frame
        .symbols()
        .map(|symbol| {
            json!({
                "esi": symbol.esi, "k": symbol.k,
                "data": hexadecimal::encode(symbol.data), "tag": hexadecimal::encode(symbol.tag),
            })
        })
        .collect();
    Ok(Answer::new()
        .uint("version", VERSION)
        .uint("flags", header.flags.bits())
        .bytes("object_id", header.object_id.as_bytes())
        .uint("symbol_size", header.symbol_size.get())
        .bytes("zone_key_id", header.zone_key_id.as_bytes())
        .bytes("zone_id_hash", header.zone_id_hash.as_bytes())
        .value("epoch", fields::uint(header.epoch_id.get()))
        .value("instance", fields::uint(header.sender_instance_id))
        .value("frame_seq", fields::uint(header.frame_seq))
        .value("symbols", symbols.into()))
}
