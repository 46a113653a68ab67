"""Levels, vintages, areas and the correspondences between them, as immutable values."""
