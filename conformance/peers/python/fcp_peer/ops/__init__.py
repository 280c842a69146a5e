"""The operations of the adapter protocol: request fields in, answer fields out.

`OPERATIONS` maps each name to a function of `Fields`; a module registers its
operations as it is imported.
"""

from .registry import OPERATIONS
from . import approvals, encoding, crypto, wire, objects, authority, decisions, history  # noqa: F401

__all__ = ["OPERATIONS"]
