"""Write the specifications anew; with `--released` the API is also kept as that which later ones are held to."""

import json
import sys
from pathlib import Path

from api_specs.events import Json, asyncapi, event_schemas, specification
from api_specs.examples import examples
from api_specs.rulebook import rulebook_page
from api_specs.standalone import STANDALONE, with_rulebook
from service.api.docs import openapi_json
from service.api.openapi_examples import BODIES

_HERE = Path(__file__).parent


def _write(name: str, content: Json) -> None:
    (_HERE / name).write_text(specification(content), encoding="utf-8")


BODIES.write_text(specification(examples()), encoding="utf-8")  # first: the document shows them
(_HERE / "openapi.json").write_bytes(openapi_json())
(_HERE / "rulebook.md").write_text(rulebook_page(), encoding="utf-8")
(_HERE / "events").mkdir(exist_ok=True)
for _name, _schema in event_schemas():
    _write(f"events/{_name}", _schema)
_write("asyncapi.json", asyncapi())
STANDALONE.write_text(with_rulebook(STANDALONE.read_text(encoding="utf-8")), encoding="utf-8")
if "--released" in sys.argv:
    _whole = json.loads(openapi_json())
    _compact = json.dumps(_whole, ensure_ascii=False, separators=(",", ":"))
    (_HERE / "released" / "openapi.json").write_text(_compact + "\n", encoding="utf-8")
