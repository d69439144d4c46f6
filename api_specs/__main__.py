"""Write the specifications anew."""

from pathlib import Path

from api_specs.rulebook import rulebook_page
from service.api.docs import openapi_json

_HERE = Path(__file__).parent
(_HERE / "openapi.json").write_bytes(openapi_json())
(_HERE / "rulebook.md").write_text(rulebook_page(), encoding="utf-8")
