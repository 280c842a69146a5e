"""Chunked objects (App. B, D193)."""

from . import objects
from .blake3 import blake3
from .errors import Reject

MANIFEST_ID = ("fcp.core", "ChunkedObjectManifest", "2.0.0")
CHUNK_ID = ("fcp.core", "RawChunk", "2.0.0")
MIN_CHUNK, MAX_CHUNK = 1024, 1 << 20


def split(payload, chunk_size, header_bytes, key):
    """(manifest body, manifest header, [(object id, canonical bytes)]).

    A chunk has the manifest's header with its own schema and empty refs; the
    manifest's refs are its chunks (D193), each once (D39).
    """
    header = objects.header(header_bytes)
    named = objects.schema_id_hash(header["schema"])
    objects.expect_schema(named, objects.schema_hash(*MANIFEST_ID))
    _check_size(chunk_size)
    chunk_header = {**header, "schema": _schema_map(CHUNK_ID), "refs": []}
    chunks = []
    for start in range(0, len(payload), chunk_size):
        part = payload[start:start + chunk_size]
        head, body = objects.stored(chunk_header, {"header": chunk_header, "bytes": part})
        chunks.append(objects.derive(head, body, key))
    names = [name for name, _ in chunks]
    manifest_header = {**header, "refs": list(dict.fromkeys(names))}
    head, body = objects.stored(manifest_header, {
        "header": manifest_header, "total_len": len(payload), "chunk_size": chunk_size,
        "chunks": names, "payload_hash": blake3(payload),
    })
    return body, head, chunks


def join(manifest_body, chunks, key):
    """The payload of a manifest and its chunks' canonical bytes, in order."""
    manifest = objects.decode(MANIFEST_ID, manifest_body)
    total, size, names = manifest["total_len"], manifest["chunk_size"], manifest["chunks"]
    parts = []
    if len(chunks) > len(names):
        raise Reject("chunk.foreign", "a chunk that the manifest does not name")
    for index, (name, canonical) in enumerate(zip(names, chunks)):
        part = _chunk_bytes(name, canonical, manifest["header"]["zone_id"], key)
        if len(part) != min(size, total - index * size):
            raise Reject("chunk.bad_length", f"chunk {index} of {len(part)} bytes")
        parts.append(part)
    if len(chunks) < len(names):
        raise Reject("chunk.missing", f"{len(names) - len(chunks)} chunks are missing")
    payload = b"".join(parts)
    if blake3(payload) != manifest["payload_hash"]:
        raise Reject("chunk.payload_hash", "the payload is not the manifest's")
    return payload


def _chunk_bytes(name, canonical, zone, key):
    head, body = objects.split_canonical(canonical)
    object_id, _ = objects.derive(head, body, key)
    if object_id != name:
        raise Reject("chunk.foreign", "a chunk is not the one that the manifest names")
    value = objects.decode(CHUNK_ID, body)
    if value["header"]["zone_id"] != zone:
        raise Reject("object.zone_mismatch", "a chunk of another zone")
    return value["bytes"]


def _check_size(size):
    if not MIN_CHUNK <= size <= MAX_CHUNK:
        raise Reject("chunk.bad_size", f"a chunk size of {size}")


def _schema_map(schema_id):
    return dict(zip(("namespace", "name", "version"), schema_id))
