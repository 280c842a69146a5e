#!/usr/bin/env python3
"""Starts the adapter from any directory: ``python3 conformance/peers/python/run.py``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fcp_peer.adapter import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
