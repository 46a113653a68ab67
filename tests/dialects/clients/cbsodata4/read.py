"""Reads a dataset with cbsodata4: observations with labels and units, page by page."""

import json
import sys
import tempfile

import cbsodata4

question = json.load(sys.stdin)
base = question["url"] + "/odata/cbs/v1"
catalog = question["agency"]
known = cbsodata4.get_datasets(catalog=catalog, base_url=base)
with tempfile.TemporaryDirectory() as folder:
    for name, level in question["tables"].items():
        assert name in set(known["Identifier"])
        metadata = cbsodata4.get_metadata(name, catalog=catalog, base_url=base)
        frame = cbsodata4.get_observations(
            name, catalog=catalog, base_url=base, download_dir=f"{folder}/{name}"
        )
        labelled = cbsodata4.add_unit_column(cbsodata4.add_label_columns(frame))
        assert labelled["MeasureLabel"].notna().all() if len(labelled) else True
        periods = question["periods"]
        for row in frame.to_dict("records"):
            value = row["Value"]
            value = None if value is None or value != value else float(value)
            breakdowns = [row[each] for each in question["dimensions"]]
            key = [row["Measure"].lower(), level, row["RegioS"], periods[row["Perioden"]]]
            print(json.dumps([[*key, *breakdowns], value, row["ValueAttribute"]]))
