"""PxWeb API v2: tables of one dataset at one area level, chosen from by codes and expressions.

A table is a dataset at one level, `PROEF__GEMEENTE_2025`, so that an area code means one thing in
it. Source: the PxWeb API 2 specification. Lost: saved queries, code lists of other groupings,
placement of rows and columns (a table of cells has none).
"""
