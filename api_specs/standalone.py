"""The table of the stand-alone verifier that says which decision comes to which event: it imports nothing of Sillok."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from domain.rulebook import DECISION_OF

STANDALONE: Final = Path(__file__).parent.parent / "service" / "verify" / "standalone.py"


def with_decisions(source: str) -> str:
    """The verifier's source with the table as the rulebook has it now."""
    lines = "".join(f'    "{event}": "{decision}",\n' for event, decision in sorted(DECISION_OF.items()))
    return re.sub(r"(?ms)^DECISION_OF = \{$.*?^\}$", f"DECISION_OF = {{\n{lines}}}", source, count=1)
