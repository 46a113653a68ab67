"""Scopes, principals, tokens, keys and the authorization server both sides mount."""
