"""Reads a table or its change feed with delta-sharing, from a profile, in either form."""

import json
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

import delta_sharing

question = json.load(sys.stdin)
profile = Path(tempfile.mkdtemp()) / "node.share"
profile.write_text(json.dumps(question["profile"]))
form = {"delta": True, "parquet": False, "any": None}[question.get("form", "any")]


def read():
    if question["ask"] == "tables":
        client = delta_sharing.SharingClient(str(profile))
        return [[each.share, each.schema, each.name] for each in client.list_all_tables()]
    url = f"{profile}#{question['table']}"
    if question["ask"] == "version":
        return [delta_sharing.get_table_version(url, question.get("since"))]
    if question["ask"] == "changes":
        frame = delta_sharing.load_table_changes_as_pandas(
            url, question["first"], question.get("last"), use_delta_format=form
        )
    else:
        options = {
            name: question[name] for name in ("version", "timestamp", "limit") if name in question
        }
        frame = delta_sharing.load_as_pandas(url, use_delta_format=form, **options)
    frame = frame.astype(object).where(frame.notna(), None)
    return [dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False)]


with redirect_stdout(sys.stderr):
    found = read()
for each in found:
    print(json.dumps(each, default=str))
