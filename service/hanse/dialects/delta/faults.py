"""Faults as clients of Delta Sharing print them: a code of the protocol and one text."""

from typing import Final

from hanse.dialects.delta.listing import line

_BY_STATUS: Final = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    410: "RESOURCE_DOES_NOT_EXIST",
    429: "RESOURCE_EXHAUSTED",
}
_BY_CODE: Final = {"DELTA_BODY": "MALFORMED_REQUEST", "DELTA_OPTION": "UNSUPPORTED_OPERATION"}
_OWN: Final = 500


def fault(status: int, code: str, text: str) -> bytes:
    """Return the body of a fault; a fault of our own says nothing of itself."""
    if status >= _OWN:
        return line({"errorCode": "INTERNAL_ERROR", "message": ""})
    named = _BY_CODE.get(code) or _BY_STATUS.get(status, "INVALID_PARAMETER_VALUE")
    return line({"errorCode": named, "message": text})
