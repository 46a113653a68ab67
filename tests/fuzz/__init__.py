"""Fuzzing with coverage: bytes that no person would write, at every reader of strangers' bytes."""
