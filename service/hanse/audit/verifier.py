"""Checks a proof bundle with nothing but the Python standard library: years later, by a stranger.

    python verify.py BUNDLE.zip [KEY ...]

A bundle holds entries, for each the way to the root of a signed checkpoint, and the public keys.
Checked: every entry's hash leads to the root (RFC 6962, RFC 9162), the log signed the checkpoint,
and how many witnesses cosigned it. A key in the bundle proves nothing by itself: compare it with
what the city and the witnesses publish, or give the keys you trust after the file's name.
"""

import base64
import hashlib
import sys
import zipfile
from typing import NamedTuple

FILE_BYTES_MAX, FILES_MAX = 100_000, 200_000
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = tuple[int, int, int, int]


def add(one: Point, two: Point) -> Point:
    """Add two points of the curve (RFC 8032 §5.1.4)."""
    a, b = (one[1] - one[0]) * (two[1] - two[0]), (one[1] + one[0]) * (two[1] + two[0])
    c, d = 2 * one[3] * two[3] * D, 2 * one[2] * two[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Point) -> Point:
    """Multiply a point."""
    total = (0, 1, 1, 0)
    while number:
        total = add(total, point) if number & 1 else total
        number, point = number >> 1, add(point, point)
    return total


def point_of(coded: bytes) -> Point | None:
    """Read a point (RFC 8032 §5.1.3); None where there is none."""
    y = int.from_bytes(coded, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    if y >= P or x * x % P != square or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def holds(key: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether an Ed25519 signature holds (RFC 8032 §5.1.7)."""
    public, r = point_of(key), point_of(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if public is None or r is None or BASE is None or s >= L or len(signature) != 64:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    left, right = times(s, BASE), add(r, times(k, public))
    same = (left[0] * right[2] - right[0] * left[2]) % P, (left[1] * right[2] - right[1] * left[2])
    return same[0] == 0 and same[1] % P == 0


def leads(leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> bool:
    """Say whether an entry's hash leads to the root (RFC 9162 §2.1.3.2)."""
    number, last, found = index, size - 1, leaf
    for each in proof:
        if last == 0 or len(each) != 32:
            return False
        if number & 1 or number == last:
            found = hashlib.sha256(b"\x01" + each + found).digest()
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + each).digest()
        number, last = number >> 1, last >> 1
    return 0 <= index < size and last == 0 and found == root


def key_of(text: str) -> tuple[str, bytes, bytes]:
    """Read the name, kind and bytes of a key; raises `ValueError` for a text that is none."""
    try:
        name, _, coded = text.split("+", 2)
        coded_bytes = base64.b64decode(coded, validate=True)
    except ValueError:
        name, coded_bytes = "", b""
    if not name or len(coded_bytes) != 33:
        raise ValueError(
            f"{text[:40]!r} is no key of a log or a witness, which looks like NAME+ID+CODE. Copy "
            "the whole line from /v1/audit/key of the node or /v1/witness/key, and quote it"
        )
    return name, coded_bytes[:1], coded_bytes[1:]


class Found(NamedTuple):
    """What holds: how many entries, of which log, how large it was, and who cosigned it."""

    entries: int
    origin: str
    size: str
    witnesses: list[str]


def signers(note: str, keys: list[str]) -> list[tuple[str, bool]]:
    """Return who signed a note, and whether as its log (else as a witness), by these keys."""
    text, _, lines = note.rpartition("\n\n")
    message, found = (text + "\n").encode(), []
    for name, kind, key in map(key_of, keys):
        key_id = hashlib.sha256(name.encode() + b"\n" + kind + key).digest()[:4]
        for line in lines.splitlines():
            value = base64.b64decode(line.split(" ")[-1])
            if line.split(" ")[1:-1] != [name] or value[:4] != key_id:
                continue
            moment = int.from_bytes(value[4:12], "big")
            cosigned = f"cosignature/v1\ntime {moment}\n".encode() + message
            own = kind == b"\x01" and name == text.split("\n")[0] and holds(key, message, value[4:])
            if own or (kind == b"\x04" and moment and holds(key, cosigned, value[12:])):
                found.append((name, own))
    return found


def verify(path: str, trusted: list[str]) -> list[str]:
    """Return what was found, one line each; raises `ValueError` for what does not hold."""
    found = check(path, trusted)
    names = ", ".join(found.witnesses) or "none"
    return [
        f"{found.entries} entries are in the log {found.origin}, which held {found.size}",
        f"cosigned by {len(found.witnesses)} witnesses: {names}",
        "keys: given by you" if trusted else "keys: those in the bundle; compare them elsewhere",
    ]


def check(path: str, trusted: list[str]) -> Found:
    """Return what was found; raises `ValueError` for what does not hold."""
    with zipfile.ZipFile(path) as bundle:
        if len(bundle.infolist()) > FILES_MAX:
            raise ValueError("too many files")
        if any(each.file_size > FILE_BYTES_MAX for each in bundle.infolist()):
            raise ValueError("a file is too large")
        files = {each.filename: bundle.read(each) for each in bundle.infolist()}
    note = files["checkpoint.txt"].decode()
    keys = trusted or files["keys.txt"].decode().split()
    signed = signers(note, keys)
    origin, size, root = note.split("\n")[:3]
    if not any(own for _, own in signed):
        raise ValueError(
            f"no key given here signed the checkpoint of {origin}: take the key that this log "
            "shows at /v1/audit/key, and compare it with its owner by another way"
        )
    entries = sorted(name for name in files if name.startswith("entries/"))
    for name in entries:
        proof = files[name.replace("entries/", "proofs/").replace(".json", ".txt")].decode()
        _, place, *hashes = proof.partition("\n\n")[0].split("\n")
        index, leaf = int(place.split(" ")[1]), hashlib.sha256(b"\x00" + files[name]).digest()
        way = [base64.b64decode(each) for each in hashes]
        if not leads(leaf, index, int(size), way, base64.b64decode(root)):
            raise ValueError(f"{name} is not in the log as it is here")
    witnesses = sorted({name for name, own in signed if not own})
    return Found(len(entries), origin, size, witnesses)


def main(arguments: list[str]) -> int:
    """Check the bundle named first, with the keys named after it.

    Returns 0 where everything holds, 1 where something does not, 2 where nothing can be checked.
    """
    if not arguments:
        sys.stderr.write("usage: python verify.py BUNDLE.zip [KEY ...]\n")
        return 2
    try:
        list(map(key_of, arguments[1:]))
    except ValueError as fault:
        sys.stdout.write(f"CANNOT CHECK: {fault}\n")
        return 2
    try:
        lines = verify(arguments[0], arguments[1:])
    except (ValueError, KeyError, IndexError, OSError, zipfile.BadZipFile) as fault:
        sys.stdout.write(f"DOES NOT HOLD: {fault}\n")
        return 1
    sys.stdout.write("".join(f"{line}\n" for line in ("HOLDS", *lines)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
