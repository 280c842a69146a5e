//! `raptor.*`, `chunk.*`, `coverage.*`: from objects to symbols and chunks, back, and how well they cover an object
//! (App. B, §8.3, §20, §21.3, D59–D63, D184, D193).

use fcp_core::cbor;
use fcp_core::object::{MeshObject as _, Message as _, ObjectHeader, ObjectPlacementPolicy, StoredObject};
use fcp_symbols::chunk::{self, ChunkSize, ChunkedObjectManifest};
use fcp_symbols::coverage::CoverageEvaluation;
use fcp_symbols::raptor::{
    Block, Coding, DecodeBudget, Decoder, Encoder, PlanCache, Received, SymbolError, SymbolSize,
};
use serde_json::{Value, json};

use super::{Operation, objects, operation, store};
use crate::fields::{Answer, Fields, bytes_of};
use crate::hexadecimal;
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] = &[
    operation("raptor.encode", encode),
    operation("raptor.decode", decode),
    operation("chunk.split", split),
    operation("chunk.join", join),
    operation("coverage.evaluate", coverage),
];

/// How many repair symbols one request may ask for, so that a small request does not make a large answer.
const MAX_REPAIR: u32 = 4096;

fn coverage(input: Fields<'_>) -> Result<Answer, Refusal> {
    let holdings = store::holdings(input)?;
    let evaluated = CoverageEvaluation::of(input.uint("k")?, &holdings);
    let answer = Answer::new()
        .uint("distinct_nodes", evaluated.distinct_nodes)
        .uint("max_node_fraction_bps", evaluated.max_node_fraction_bps)
        .uint("coverage_bps", evaluated.coverage_bps)
        .value("is_available", evaluated.is_available.into());
    let policy = input.optional("policy", |input, name| {
        let policy = input.object(name)?;
        Ok(ObjectPlacementPolicy {
            min_nodes: policy.uint("min_nodes")?,
            max_node_fraction_bps: policy.uint("max_node_fraction_bps")?,
            preferred_devices: Vec::new(),
            excluded_devices: Vec::new(),
            target_coverage_bps: policy.uint("target_coverage_bps")?,
        })
    })?;
    Ok(match policy {
        None => answer,
        Some(policy) => answer.value("satisfies", evaluated.satisfies(&policy).into()),
    })
}

fn symbol_size(input: Fields<'_>) -> Result<SymbolSize, Refusal> {
    Ok(SymbolSize::new(input.uint("symbol_size")?)?)
}

fn encode(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (object, size, repair): (_, _, u32) = (input.bytes("object")?, symbol_size(input)?, input.uint("repair")?);
    if repair > MAX_REPAIR {
        return Err(Refusal::bad(format!("`repair` is more than {MAX_REPAIR}")));
    }
    let mut encoder = Encoder::new(&object, size)?;
    let (k, mut plans) = (encoder.block().k(), PlanCache::new(1));
    let mut symbol = vec![0; size.as_usize()];
    let mut symbols: Vec<Value> = Vec::new();
    for esi in 0..u32::from(k).saturating_add(repair) {
        encoder.write_symbol(esi, &mut plans, &mut symbol)?;
        symbols.push(json!({"esi": esi, "data": hexadecimal::encode(&symbol)}));
    }
    Ok(Answer::new().uint("k", k).value("symbols", symbols.into()))
}

fn decode(input: Fields<'_>) -> Result<Answer, Refusal> {
    let block = Block::new(input.uint("k")?, symbol_size(input)?)?;
    let symbols = input.list("symbols", |symbol, name| {
        let symbol = Fields::of(symbol, name)?;
        Ok((symbol.uint::<u32>("esi")?, symbol.bytes("data")?))
    })?;
    let mut decoder = Decoder::new(block, Coding::RaptorQ);
    let (mut plans, mut budget) = (PlanCache::new(1), DecodeBudget::UNLIMITED);
    for (esi, data) in symbols {
        if let Received::Complete(object) = decoder.receive(esi, &data, &mut plans, &mut budget)? {
            return Ok(Answer::new().bytes("object", &object));
        }
    }
    Err(if decoder.received() < usize::from(block.k()) {
        fcp_core::error::Reason::SymbolInsufficient.into()
    } else {
        SymbolError::Undecodable.into()
    })
}

fn split(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (payload, size): (_, u64) = (input.bytes("payload")?, input.uint("chunk_size")?);
    let size = ChunkSize::new(u32::try_from(size).map_err(|_| chunk::ChunkError::Size)?)?;
    let header: ObjectHeader = cbor::decode(&input.bytes("header")?)?;
    if header.schema.as_str() != ChunkedObjectManifest::SCHEMA {
        return Err(fcp_core::object::ObjectError::SchemaMismatch.into());
    }
    let key = objects::key(input, "object_id_key")?;
    let (manifest, chunks) = chunk::split(&payload, header, size, &key)?;
    let chunks: Vec<Value> = chunks
        .iter()
        .map(|chunk| {
            json!({
                "object_id": hexadecimal::encode(chunk.id().as_bytes()),
                "canonical": hexadecimal::encode(chunk.canonical_bytes()),
            })
        })
        .collect();
    Ok(Answer::new()
        .bytes("manifest", &manifest.to_body())
        .bytes("manifest_header", &cbor::encode(&manifest.header))
        .value("chunks", chunks.into()))
}

fn join(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (body, key) = (input.bytes("manifest")?, objects::key(input, "object_id_key")?);
    let chunks = input.list("chunks", bytes_of)?;
    let manifest = ChunkedObjectManifest::from_body(&body)?.seal(&key)?.open::<ChunkedObjectManifest>()?;
    let mut joiner = chunk::Joiner::new(&manifest);
    let mut payload = Vec::new();
    for canonical in &chunks {
        payload.extend_from_slice(&joiner.take(&StoredObject::parse(canonical, &key)?)?);
    }
    joiner.finish()?;
    Ok(Answer::new().bytes("payload", &payload))
}
