"""Read a data contract as its readers do: against the standard's JSON schema, and as its model.

Question: `text` (YAML). Prints one line per fault of the schema, then the contract as it was read.
"""

import json
import sys
from importlib.resources import files

import yaml
from jsonschema import Draft201909Validator
from open_data_contract_standard.model import OpenDataContractStandard


def main() -> None:
    text = json.load(sys.stdin)["text"]
    schema = json.loads((files("open_data_contract_standard") / "schema.json").read_text("utf-8"))
    read = yaml.safe_load(text)
    for fault in Draft201909Validator(schema).iter_errors(read):
        print(json.dumps({"fault": fault.message[:300], "at": [str(x) for x in fault.path]}))
    if isinstance(read, dict) and "id" in read:
        model = OpenDataContractStandard.from_string(text)
        columns = [each.name for each in model.schema_[0].properties] if model.schema_ else []
        print(json.dumps({"read": read, "id": model.id, "columns": columns}))


main()
