"""Write the specifications anew."""

from pathlib import Path

from service.api.docs import openapi_json

(Path(__file__).parent / "openapi.json").write_bytes(openapi_json())
