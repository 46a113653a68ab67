"""A proof bundle: entries with their proofs, the checkpoint, the keys, and what checks them.

One zip file that needs nobody any more: neither this software, nor the node it came from.
"""

import io
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from hanse.audit import verifier
from hanse.audit.checkpoint import Note, Verifier
from hanse.audit.proof import Proof

_MOMENT: Final = (1980, 1, 1, 0, 0, 0)
"""The same entries make the same bytes, whenever they are bundled."""

README: Final = """\
These are entries of a log, and the proof that they are in it.

  entries/     what was written down, in the very bytes that are hashed (JSON)
  proofs/      for each entry, its way to the root of the log (c2sp.org/tlog-proof)
  checkpoint.txt   the root, signed by the log and by its witnesses
  keys.txt     the public keys of both
  verify.py    checks all of it; needs Python 3.11 or newer and nothing else

  python verify.py THIS-FILE.zip

A key in this file proves nothing by itself. Compare keys.txt with what the city
shows at /v1/audit/key and each witness at its own address, or name the keys you
trust: python verify.py THIS-FILE.zip KEY KEY ...
"""


def write(entries: Iterable[tuple[bytes, Proof]], note: Note, keys: Sequence[Verifier]) -> bytes:
    """Return the zip file of entries with their proofs, which are all under one checkpoint."""
    files = {
        "README.txt": README.encode(),
        "verify.py": Path(verifier.__file__).read_bytes(),
        "checkpoint.txt": str(note).encode(),
        "keys.txt": "".join(f"{key}\n" for key in keys).encode(),
    }
    for body, proof in entries:
        files[f"entries/{proof.index:012d}.json"] = body
        files[f"proofs/{proof.index:012d}.txt"] = str(proof).encode()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in sorted(files.items()):
            made.writestr(zipfile.ZipInfo(name, _MOMENT), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()
