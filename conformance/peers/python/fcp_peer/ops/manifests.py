"""Connector manifests."""

from .. import manifest
from .registry import operation


@operation("manifest.check")
def manifest_check(f):
    unsigned, _ = manifest.parse(f.text("toml"))
    return {"hash": manifest.manifest_hash(unsigned)}


@operation("manifest.interface_hash")
def manifest_interface_hash(f):
    return {"hash": manifest.parse(f.text("toml"), with_hash=False)[1]}
