"""The HTTP routes of a node: thin, one module per noun."""
