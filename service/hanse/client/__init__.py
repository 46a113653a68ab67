"""The SDK: sign in, pull, follow, compare."""
