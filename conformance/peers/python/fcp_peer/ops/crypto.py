"""Keys, signatures, sealed boxes and symbol encryption."""

from .. import cbor, hpke, sign, symbols, zonekeys
from .registry import operation


@operation("kid.derive")
def kid_derive(f):
    return {"kid": sign.kid(f.hex("public_key", 32))}


@operation("sign.preimage")
def sign_preimage(f):
    return {"preimage": sign.preimage(f.hex("obj"))}


@operation("sign.verify")
def sign_verify(f):
    sign.verify_object(f.hex("public_key"), f.hex("obj"))
    return {}


@operation("sign.raw_verify")
def sign_raw_verify(f):
    sign.verify(f.hex("public_key"), f.hex("message"), f.hex("signature"))
    return {}


@operation("frost.verify_group")
def frost_verify_group(f):
    """D202: a group signature is an ordinary Ed25519 signature."""
    key = f.hex(f.one_of("group_key", "group_public_key", "public_key"))
    sign.verify(key, f.hex("message"), f.hex("signature"))
    return {}


@operation("checkpoint.preimage")
def checkpoint_preimage(f):
    return {"preimage": sign.checkpoint_preimage(f.hex("obj"))}


def _hpke_aad(f):
    return hpke.aad(f.text("zone"), f.text("recipient"), f.text("purpose"), f.uint("issued_at"))


@operation("hpke.aad")
def hpke_aad(f):
    return {"aad": _hpke_aad(f)}


@operation("hpke.seal")
def hpke_seal(f):
    box = hpke.seal(f.hex("recipient_public", 32), _hpke_aad(f), f.hex("plaintext"))
    return {"box": cbor.encode(box)}


@operation("hpke.open")
def hpke_open(f):
    secret, box = f.hex("recipient_secret", 32), f.hex("box")
    return {"plaintext": hpke.open_box(secret, _hpke_aad(f), cbor.decode(box))}


@operation("zonekey.subkey")
def zonekey_subkey(f):
    return {
        "key": zonekeys.subkey(
            f.hex("zone_key", 32), f.hex("zone_key_id", 8), f.text("sender"), f.uint("instance")
        )
    }


@operation("zonekey.epoch")
def zonekey_epoch(f):
    return {
        "key": zonekeys.epoch_key(
            f.hex("zone_key", 32), f.hex("zone_key_id", 8), f.uint("valid_from"), f.uint("epoch")
        )
    }


@operation("manifest_key.unwrap")
def manifest_key_unwrap(f):
    zone_key, object_id_key = zonekeys.unwrap_manifest(
        f.hex(f.one_of("manifest", "obj")), f.text("node"), f.hex("secret", 32),
        f.hex(f.one_of("owner_key", "owner_public", "owner")),
    )
    return {"zone_key": zone_key, "object_id_key": object_id_key}


def _symbol_aad(f):
    return symbols.aad(
        f.hex("object_id", 32), f.uint("esi", 32), f.uint("k", 16), f.text("zone"),
        f.hex("zone_key_id", 8), f.uint("epoch"),
    )


def _symbol_context(f):
    return (
        f.hex("zone_key", 32), f.hex("zone_key_id", 8), f.text("sender"), f.uint("instance"),
        f.choice("algorithm", symbols.ALGORITHMS), f.uint("frame_seq"), f.uint("esi", 32),
        _symbol_aad(f),
    )


@operation("symbol.aad")
def symbol_aad(f):
    return {"aad": _symbol_aad(f)}


@operation("symbol.nonce")
def symbol_nonce(f):
    return {
        "nonce": symbols.nonce(
            f.choice("algorithm", symbols.ALGORITHMS), f.uint("instance"), f.uint("frame_seq"),
            f.uint("esi", 32),
        )
    }


@operation("symbol.seal")
def symbol_seal(f):
    data, tag = symbols.seal(*_symbol_context(f), f.hex("plaintext"))
    return {"data": data, "tag": tag}


@operation("symbol.open")
def symbol_open(f):
    opened = symbols.open_symbol(*_symbol_context(f), f.hex("data"), f.hex("tag", 16))
    return {"plaintext": opened}
