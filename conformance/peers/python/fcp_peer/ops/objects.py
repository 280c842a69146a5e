"""Object ids, bodies and chunked objects."""

from .. import chunk, jsonval, objects
from .encoding import schema_id
from .registry import operation


@operation("object.id")
def object_id(f):
    hash32 = objects.schema_hash(*schema_id(f.object("schema")))
    return {
        "object_id": objects.object_id(f.hex("content"), f.text("zone"), hash32, f.hex("key", 32))
    }


@operation("object.derive")
def object_derive(f):
    name, canonical = objects.derive(f.hex("header"), f.hex("body"), f.hex("key", 32))
    return {"object_id": name, "canonical": canonical}


@operation("object.decode")
def object_decode(f):
    value = objects.decode(schema_id(f.object("schema")), f.hex("body"))
    return {"json_text": jsonval.to_text(value)}


@operation("chunk.split")
def chunk_split(f):
    body, header, chunks = chunk.split(
        f.hex("payload"), f.uint("chunk_size"), f.hex("header"), f.hex("object_id_key", 32)
    )
    return {
        "manifest": body,
        "manifest_header": header,
        "chunks": [{"object_id": name, "canonical": canonical} for name, canonical in chunks],
    }


@operation("chunk.join")
def chunk_join(f):
    payload = chunk.join(f.hex("manifest"), f.hexes("chunks"), f.hex("object_id_key", 32))
    return {"payload": payload}
