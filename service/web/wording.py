"""What the pages say of their own, in both languages: the catalogue that stands beside this."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

import msgspec

from domain.sentences import Words

WORDS: Final = msgspec.yaml.decode((files("service.web") / "wording.yaml").read_bytes(), type=dict[str, Words])
"""By key; `{name}` is a place for a value."""
