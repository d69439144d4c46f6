"""Links of the published contract lead from what an answer has to operations that take it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from service.api.openapi_links import FROM, LINKS

DOCUMENT = json.loads((Path(__file__).parents[1] / "api_specs" / "openapi.json").read_bytes())
OPERATIONS = {
    operation["operationId"]: operation
    for operations in DOCUMENT["paths"].values()
    for operation in operations.values()
}


def schemas(schema: Any) -> list[Any]:
    """The alternatives that a schema stands for."""
    if "$ref" in schema:
        return schemas(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    found = [each for key in ("anyOf", "oneOf") for part in schema.get(key, ()) for each in schemas(part)]
    return found or [schema]


def has(schema: Any, pointer: list[str]) -> bool:
    """Whether what fits the schema may have something there."""
    if not pointer:
        return True
    step, *rest = pointer
    return any(
        has(each["items"], rest)
        if step.isdecimal()
        else step in each["properties"] and has(each["properties"][step], rest)
        for each in schemas(schema)
        if ("items" if step.isdecimal() else "properties") in each
    )


def takes(link: Any, operation: Any) -> bool:
    parameters = {each["name"]: each for each in operation["parameters"]}
    required = {name for name, each in parameters.items() if each["required"] and each["in"] != "header"}
    return required <= set(link["parameters"]) <= set(parameters)


def test_every_link_leads_from_what_an_answer_has_to_what_takes_it() -> None:
    for (source, status), names in FROM.items():
        answer = OPERATIONS[source]["responses"][status]
        assert set(answer["links"]) == set(names)
        given = {f"$request.{each['in']}.{each['name']}" for each in OPERATIONS[source]["parameters"]}
        schema = answer["content"]["application/json"]["schema"]
        for name in names:
            link = LINKS[name]
            assert takes(link, OPERATIONS[link["operationId"]]), name
            for value in [*link["parameters"].values(), *link.get("requestBody", {}).values()]:
                pointer = value.removeprefix("$response.body#/")
                assert value in given or "$" not in value or has(schema, pointer.split("/")), (source, name, value)


def test_every_link_is_one_of_an_answer() -> None:
    assert set(LINKS) == {name for names in FROM.values() for name in names}
