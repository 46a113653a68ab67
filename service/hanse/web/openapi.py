"""The description of an application's routes as OpenAPI, the same every time it is made."""

from typing import Any, Final

from fastapi import FastAPI

from hanse.wire import Problem

_REFERENCE: Final = {"$ref": "#/components/schemas/Problem"}
_PROBLEM: Final = {
    "description": "What went wrong: what, where, why, what now (RFC 9457).",
    "content": {"application/problem+json": {"schema": _REFERENCE}},
}


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document; any operation may answer with problem details.

    The framework's own shape of a validation error is taken out: no answer has it.
    """
    described = app.openapi()
    schemas = described.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for operations in described["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = _PROBLEM
    described["components"]["schemas"] = dict(sorted(schemas.items()))
    return described
