"""Measurements: ours, the peer's or the limit's, and the ratio, in one run."""
