"""Each code of the catalogue was answered to a request of the suite, whose runs noted them in target/codes."""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).parent.parent

schemas = json.loads((ROOT / "openapi.json").read_text())["components"]["schemas"]
answered = set((ROOT / "target/codes").read_text().splitlines())
missing = [
    f"{kind} {code}"
    for kind, schema in (("problem", "ProblemCode"), ("field", "FieldCode"))
    for code in schemas[schema]["x-extensible-enum"]
    if f"{kind} {code}" not in answered
]
sys.exit("no request of the suite is answered: " + ", ".join(missing) if missing else 0)
