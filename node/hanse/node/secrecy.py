"""The secret that rounded and noisy figures follow from: made once, kept, and missed when gone.

With another secret the same counts get other figures, and the mean of both comes close to the
truth. So a house that has published by one publishes nothing more of it without that same one.
"""

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from hanse.auth.ring import write_secret
from hanse.errors import Conflict
from hanse.policies.canonical import canonical
from hanse.policies.method import Perturbing, fingerprint, said_method

SECRET = Path("keys") / "disclosure.key"
BYTES = 32


def read(home: Path) -> bytes | None:
    """Return the secret of a house; None where none was made."""
    path = home / SECRET
    return path.read_bytes() if path.is_file() else None


def kept(home: Path, needed: Iterable[str], dataset: str, *, lasting: bool) -> bytes:
    """Return the secret of a house, made on first need; not written where it is not `lasting`.

    `needed` are the marks by which figures are out. Raises `Conflict` where one of them is not by
    the secret that is here, or there is none any more.
    """
    names = {each.split(" ")[1] for each in needed}
    found = read(home)
    if found is None and not names:
        fresh = os.urandom(BYTES).hex()
        if not lasting:
            return fresh.encode()
        _keep(home / SECRET, fresh)
        found = read(home)
    if found is None or names - {fingerprint(found)}:
        raise Conflict("PERTURB_SECRET", dataset=dataset, file=str(SECRET))
    return found


def _keep(path: Path, text: str) -> None:
    """Write a secret unless there is one by now: two that publish at once share the first."""
    draft = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    write_secret(draft, text)
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def mark(secret: bytes, method: Perturbing) -> str:
    """Return what tells figures by this method and secret from all others, and nothing else.

    How far noise goes is in it, but nobody can try it out without the secret.
    """
    told = hashlib.sha256(canonical({"method": said_method(method)})).digest()
    return f"{method.mark} {fingerprint(secret)} {fingerprint(secret, told)}"
