"""The description of an application's routes as OpenAPI, the same every time it is made."""

from typing import Any

from fastapi import FastAPI

PROBLEM = {
    "description": "What went wrong: what, where, why, what now (RFC 9457).",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document; every operation's errors are problem details."""
    return app.openapi()
