"""Protocols, clauses, decisions and disclosure control: pure, for lawyers and statisticians."""
