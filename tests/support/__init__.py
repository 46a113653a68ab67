"""What tests stand on: things from outside, servers, callers, builders."""
