"""Known answers and refusals of the peer: ``python3 -m unittest`` in its folder."""
