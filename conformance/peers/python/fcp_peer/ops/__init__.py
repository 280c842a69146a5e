"""The operations of the adapter protocol: request fields in, answer fields out.

`OPERATIONS` maps each name to a function of `Fields`; a module registers its
operations as it is imported.
"""

from .registry import OPERATIONS
from . import (  # noqa: F401
    admission, approvals, authority, calls, crypto, decisions, encoding, gossip, history, manifests,
    objects, store, wire,
)

__all__ = ["OPERATIONS"]
