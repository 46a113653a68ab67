"""The engine, sessions (one request, one transaction) and the object store."""
