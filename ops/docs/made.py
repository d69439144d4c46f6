"""What MkDocs is given beside the pages in `pages/`: what the README says, and references made from the code.

Nothing is written twice: `<!-- readme: Lead -->` in a page stands for the README's section of that heading, or for the
part of it that begins with those words in bold. What the README shows is run by the tests.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from api_specs.rulebook import rulebook_page
from domain.charter_document import Charter
from domain.event import EVENTS
from service.api.problems import catalogue

ROOT: Final = Path(__file__).parents[2]
_PLACE: Final = re.compile(r"^<!-- readme: (.+) -->$", re.MULTILINE)
_WHEN: Final = {"at-once": "at once", "with-results": "once results are published", "agencies": "never"}
_LINKS: Final = {
    "api_specs/rulebook.md": "rulebook.md",
    "ops/decisions/": "decisions.md",
    "ops/docs/pages/personal-data.md": "personal-data.md",
    "ops/runbooks/restoring.md": "runbook-restoring.md",
    "ops/runbooks/sealing.md": "runbook-sealing.md",
    "sealing.md": "runbook-sealing.md",
    "ops/runbooks/secrets.md": "runbook-secrets.md",
    "ops/runbooks/witness.md": "runbook-witness.md",
    "ops/security/asvs.md": "security.md",
}
"""Where links of the repository lead to here; those to other files are left as their names."""


class NotInReadmeError(LookupError):
    """A page asks for a part of the README that is not there."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """MkDocs asks which files there are."""
    for name, content in _made():
        files.append(File.generated(config, name, content=_linked(content)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 — as MkDocs calls it
    """MkDocs asks for a page's text. Raises `NotInReadmeError`."""
    return _PLACE.sub(lambda place: _linked(readme(place[1])), markdown)


def _made() -> Iterator[tuple[str, str]]:
    yield "charter.md", "\n".join(_charter())
    yield "events.md", "\n".join(_events())
    yield "problems.md", "\n".join(_problems())
    yield "rulebook.md", rulebook_page()
    yield "command-line.md", f"# The command line\n\n{readme('The command line')}"
    yield "built.md", f"# How it is built\n\n{readme('How it is built')}"
    yield "add-a-decision.md", f"# Add a decision\n\n{readme('Add a decision')}"
    yield "changelog.md", _text("CHANGELOG.md")
    yield "security.md", _text("ops/security/asvs.md")
    for runbook in sorted((ROOT / "ops/runbooks").glob("*.md")):
        yield f"runbook-{runbook.name}", runbook.read_text(encoding="utf-8")
    yield "decisions.md", "\n\n".join(["# Why it is so", *_decisions()])


def _text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@functools.cache
def readme(lead: str) -> str:
    """The part of the README under that heading, or that begins with `**lead`, up to the next of either."""
    for part in re.split(r"^(?=## |\*\*[A-Z])", _text("README.md"), flags=re.MULTILINE):
        if part.startswith((f"## {lead}\n", f"**{lead}")):
            return part.removeprefix(f"## {lead}\n").strip()
    raise NotInReadmeError(lead)


def _linked(text: str) -> str:
    def link(found: re.Match[str]) -> str:
        said, target = found[1], found[2]
        if re.match(r"https?://|#", target) or (Path(__file__).parent / "pages" / target).is_file():
            return found[0]
        return f"[{said}]({_LINKS[target]})" if target in _LINKS else said

    return re.sub(r"\[([^\]\n]+)\]\(([^)\s]+)\)", link, text)


def _decisions() -> Iterator[str]:
    for record in sorted((ROOT / "ops/decisions").glob("[0-9]*.md")):
        yield re.sub(r"^(#+) ", r"#\1 ", record.read_text(encoding="utf-8"), flags=re.MULTILINE)


def _events() -> Iterator[str]:
    yield "# Events"
    yield ""
    yield "Every type, as of its latest version. The JSON Schema of each version is in `api_specs/events/`."
    yield ""
    yield "| type | version | what it is | 이름 | the public reads it |"
    yield "| --- | --- | --- | --- | --- |"
    for type_, cls in sorted(EVENTS.items()):
        yield (
            f"| `{type_}` | {cls.VERSION} | {cls.SAYS.title.en}. {_cell(cls.__doc__)} | {cls.SAYS.title.ko} "
            f"| {_WHEN[cls.PUBLIC]} |"
        )


def _problems() -> Iterator[str]:
    yield "# Problems"
    yield ""
    yield "What the service answers when it refuses: RFC 9457 problem details, whose `type` is `/problems/…`."
    yield ""
    yield "| problem | status | meaning |"
    yield "| --- | --- | --- |"
    for slug, (status, title) in catalogue().items():
        yield f"| `{slug}` | {status} | {_cell(title)} |"


def _charter() -> Iterator[str]:
    """The charter's schema as tables, a part each, in the order in which parts are met."""
    _references, components = msgspec.json.schema_components([Charter], ref_template="{name}")
    yield "# The charter"
    yield ""
    yield "A charter is a YAML document of the shape below; `sillok charter check FILE` says every fault of one."
    for name, schema in components.items():
        yield ""
        yield f"## {name}"
        yield ""
        yield _cell(schema.get("description"))
        yield ""
        yield "| field | what it holds | |"
        yield "| --- | --- | --- |"
        required = set(schema.get("required", []))
        for field, shape in schema.get("properties", {}).items():
            yield f"| `{field}` | {_shape(shape)} | {'required' if field in required else ''} |"


def _shape(shape: dict[str, Any]) -> str:
    if "$ref" in shape:
        return f"[{shape['$ref']}](#{shape['$ref'].lower()})"
    if "anyOf" in shape:
        return " or ".join(_shape(each) for each in shape["anyOf"])
    if "enum" in shape:
        return ", ".join(f"`{each}`" for each in shape["enum"])
    if shape.get("type") == "array":
        return f"a list: {_shape(shape.get('items', {}))}"
    return _cell(shape.get("description")) or str(shape.get("type", "anything"))


def _cell(text: str | None) -> str:
    return " ".join((text or "").replace("|", "\\|").split())
