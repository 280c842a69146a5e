"""CBOR, identifiers, schemas and zones."""

from .. import cbor, ids, jsonval, objects, zones
from ..errors import BadRequest
from .registry import operation


@operation("cbor.check")
def cbor_check(f):
    cbor.check(f.hex("hex"), f.bool("floats", True))
    return {}


@operation("cbor.from_json")
def cbor_from_json(f):
    value = jsonval.from_text(f.text("json_text"), f.bool("floats", True))
    return {"hex": cbor.encode(value)}


@operation("cbor.to_json")
def cbor_to_json(f):
    return {"json_text": jsonval.to_text(cbor.decode(f.hex("hex")))}


@operation("id.check")
def id_check(f):
    kind = f.text("kind")
    if kind not in ids.KINDS:
        raise BadRequest(f"no identifier kind `{kind:.40}`")
    ids.KINDS[kind](f.text("text"))
    return {}


@operation("schema.hash")
def schema_hash(f):
    return {"hash": objects.schema_hash(*schema_id(f))}


@operation("zone.hash")
def zone_hash(f):
    return {"hash": zones.zone_hash(f.text("zone"))}


@operation("zone.tag")
def zone_tag(f):
    return {"tag": zones.tag(f.text("zone"))}


@operation("zone.from_tag")
def zone_from_tag(f):
    return {"zone": zones.from_tag(f.text("tag"))}


def schema_id(f):
    """The (namespace, name, version) of a request object."""
    return f.text("namespace"), f.text("name"), f.text("version")
