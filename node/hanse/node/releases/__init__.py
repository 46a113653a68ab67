"""Releases: immutable, signed editions of a dataset; a view of one is bytes that exist."""
