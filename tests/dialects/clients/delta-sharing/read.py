"""Reads tables and change feeds with delta-sharing, from a profile, in either form.

`asks` is a list of questions; every line says which of them it answers, and a row of what was seen.
"""

import json
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

import delta_sharing

FORMS = {"delta": True, "parquet": False, "any": None}


def read(profile, table, ask):
    url, form = f"{profile}#{table}", FORMS[ask.get("form", "any")]
    if ask["ask"] == "tables":
        client = delta_sharing.SharingClient(str(profile))
        return [[each.share, each.schema, each.name] for each in client.list_all_tables()]
    if ask["ask"] == "version":
        return [delta_sharing.get_table_version(url)]
    if ask["ask"] == "changes":
        frame = delta_sharing.load_table_changes_as_pandas(
            url, ask["first"], ask.get("last"), use_delta_format=form
        )
    else:
        given = {name: ask[name] for name in ("version", "timestamp", "limit") if name in ask}
        frame = delta_sharing.load_as_pandas(url, use_delta_format=form, **given)
    frame = frame.astype(object).where(frame.notna(), None)
    return [dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False)]


question = json.load(sys.stdin)
profile = Path(tempfile.mkdtemp()) / "node.share"
profile.write_text(json.dumps(question["profile"]))
for number, ask in enumerate(question["asks"]):
    with redirect_stdout(sys.stderr):
        try:
            found = read(profile, question["table"], ask)
        except Exception as fault:
            if not ask.get("fails"):
                raise
            found = [f"{type(fault).__name__}: {fault}"]
    for each in found:
        print(json.dumps([number, each], default=str))
