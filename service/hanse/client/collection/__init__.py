"""Figures of many houses kept in one place, and compared there by an engine that scales.

A place is a folder or `s3://bucket/prefix`. `hanse collect` fills it with what the reader's own
protocols open; `hanse compare --from` lays the kept figures side by side with one text of SQL, on
DuckDB in the process or on any server that speaks Spark Connect. Nothing is computed that
`hanse compare` over the nodes would not give, and nothing is opened that was not given.
"""
