"""The Model Context Protocol, read-only: figures that an assistant can cite instead of inventing.

Sources: MCP 2026-07-28 (stateless) and 2025-11-25 and 2025-06-18 (handshake), JSON-RPC 2.0. Tools
only; no resources, prompts, sampling, subscriptions or sessions.

What a tool's answer loses of a release:

| lost | instead |
|---|---|
| cells beyond the limit of one call | `more` counts them, `next` says how to go on |
| the fine kind of hidden | `hidden` with its reason, never a number |
| codes of areas and breakdowns beyond a list's limit | `more` counts them, `find` looks them up |
| sample sizes, aggregation, formulas of an indicator | the manifest, by its digest |
"""
