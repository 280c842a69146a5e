//! `xor.*`, `iblt.*`, `gossip.*`: filters, tables and digests of what nodes hold (§8.2, D132, D218).

use std::collections::BTreeSet;

use fcp_core::id::ObjectId;
use fcp_symbols::gossip::{Cells, GossipItem, GossipSet, Iblt, PeelError, SetDigest, TableError, XorFilter};
use serde_json::Value;

use super::{Operation, operation};
use crate::fields::{Answer, Fields, bytes_of};
use crate::hexadecimal;
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] = &[
    operation("xor.build", build),
    operation("xor.query", query),
    operation("iblt.diff", diff),
    operation("gossip.digest", digest),
];

/// An object id, or an object id and a symbol's number.
fn item(value: &Value, name: &str) -> Result<GossipItem, Refusal> {
    let bytes = bytes_of(value, name)?;
    let item = match <[u8; 32]>::try_from(&bytes[..]) {
        Ok(id) => Some(GossipItem::object(&ObjectId::from_bytes(id))),
        Err(_) => GossipItem::parse(GossipSet::Symbols, &bytes),
    };
    item.ok_or_else(|| Refusal::bad(format!("`{name}` has something that is neither an object nor a symbol")))
}

fn text(item: &GossipItem) -> Value {
    let set = if item.is_of(GossipSet::Objects) { GossipSet::Objects } else { GossipSet::Symbols };
    Value::String(hexadecimal::encode(item.bytes_in(set)))
}

fn texts(items: &[GossipItem]) -> Value {
    items.iter().map(text).collect()
}

fn build(input: Fields<'_>) -> Result<Answer, Refusal> {
    let hashes = input.list("keys", item)?.iter().map(GossipItem::check).collect();
    let filter = XorFilter::build(hashes, input.uint("seed")?)?;
    Ok(Answer::new().bytes("filter", &filter.to_bytes()))
}

fn query(input: Fields<'_>) -> Result<Answer, Refusal> {
    let keys = input.list("keys", item)?;
    let filter = XorFilter::parse(&input.bytes("filter")?)?;
    let hits: Value = keys.iter().map(|key| filter.contains(key.check())).collect();
    Ok(Answer::new().value("hits", hits))
}

/// A table of these items.
fn table(items: &BTreeSet<GossipItem>, cells: u32) -> Result<Iblt, TableError> {
    let mut table = Iblt::new(cells)?;
    items.iter().for_each(|item| table.insert(item));
    Ok(table)
}

fn diff(input: Fields<'_>) -> Result<Answer, Refusal> {
    let items = |name: &str| Ok::<BTreeSet<_>, Refusal>(input.list(name, item)?.into_iter().collect());
    let ours = items("ours")?;
    let theirs = if input.has("table") {
        Iblt::parse(&input.bytes("table")?)?
    } else {
        let theirs = items("theirs")?;
        let cells = Cells::new(input.uint("cells")?).ok_or(TableError)?;
        table(&theirs, cells.get())?
    };
    let own = table(&ours, theirs.size())?;
    let mut difference = theirs;
    difference.subtract(&own)?;
    let found = difference.peel()?;
    if found.added.iter().any(|item| ours.contains(item)) || !found.removed.iter().all(|item| ours.contains(item)) {
        return Err(PeelError::Inconsistent.into());
    }
    Ok(Answer::new()
        .value("only_ours", texts(&found.removed))
        .value("only_theirs", texts(&found.added))
        .bytes("our_table", &own.to_bytes()))
}

fn digest(input: Fields<'_>) -> Result<Answer, Refusal> {
    let set = input.choice("set", &[("objects", GossipSet::Objects), ("symbols", GossipSet::Symbols)])?;
    let items: BTreeSet<GossipItem> = input.list("items", item)?.into_iter().collect();
    if !items.iter().all(|item| item.is_of(set)) {
        return Err(Refusal::bad("`items` has one of another set"));
    }
    let count = u32::try_from(items.len()).map_err(|_| Refusal::bad("too many `items`"))?;
    Ok(Answer::new().bytes("digest", SetDigest::of(set, count, items.iter()).as_bytes()))
}
