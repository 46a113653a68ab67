"""Texts of strangers as literals: what a node says ends no string and starts no code, anywhere."""

import re
import shlex
from typing import Final

_SAFE: Final = re.compile(r"[A-Za-z0-9_ .,:;/@=%?&+*()\[\]{}<>|~^!$-]")


def python(text: str) -> str:
    """Return a Python literal, in ASCII."""
    return '"' + _escaped(text, "\\U{:08x}") + '"'


def r(text: str) -> str:
    """Return an R literal, in ASCII; R has no text with a NUL in it."""
    return '"' + _escaped(text.replace("\0", ""), "\\U{{{:x}}}") + '"'


def m(text: str) -> str:
    """Return a Power Query literal, in ASCII (M specification, character escape sequences)."""
    return '"' + "".join(_m(each) for each in text) + '"'


def _m(character: str) -> str:
    if _SAFE.fullmatch(character):
        return character
    if character == '"':
        return '""'
    return f"#({ord(character):08X})" if ord(character) > 0xFFFF else f"#({ord(character):04X})"


def m_name(text: str) -> str:
    """Return a name of a field in Power Query."""
    return f"#{m(text)}"


def sql(text: str) -> str:
    """Return an SQL literal; what cannot be printed is left out."""
    return "'" + _printed(text).replace("'", "''") + "'"


def shell(text: str) -> str:
    """Return a word of a POSIX shell, always between quotes; what cannot be printed is left out."""
    quoted = shlex.quote(_printed(text))
    return quoted if quoted.startswith("'") else f"'{quoted}'"


def name(text: str) -> str:
    """Return a text as a name that every tool takes: small letters, digits and `_`."""
    bare = re.sub(r"[^a-z0-9_]+", "_", text.lower())
    return bare if re.match(r"[a-z]", bare) else f"d{bare}"


def remark(text: str) -> str:
    """Return a text that may stand in a comment of any tool: one line, nothing that ends one."""
    return re.sub(r"[^A-Za-z0-9_ .,:@-]", "_", text)


def _printed(text: str) -> str:
    return "".join(each for each in text if each.isprintable())


def _escaped(text: str, form: str) -> str:
    return "".join(each if _SAFE.fullmatch(each) else form.format(ord(each)) for each in text)
