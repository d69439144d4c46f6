"""Before the results are published the public and the consortiums see counts, never points: wherever data leaves."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import msgspec
import pytest

from domain.disclosure import Reader
from domain.event import decode_data
from domain.publications import Publications
from service.application.shown_by_tag import sources
from tests.integration.conftest import Running, run_shared
from tests.playing import HARBOUR, REHEARSAL, lines_of

SECRET = ["FigureCertified", "StageConsolidated", "IndependenceRuled", "TeamEliminated", "TeamAdvanced"]
SECRET += ["AdditionalCallOpened", "DeviationRecorded", "EvidenceRegistered", "MeasurementRecorded"]
NEVER = ["ScoreSubmitted", "EvaluatorAppointed", "DecisionProposed", "DecisionApproved", "ReleaseAgreed"]
PUBLICATION = [line for line in lines_of(REHEARSAL) if line.decision == "publish-results"]
"""The agreements of three publishers."""


@pytest.fixture
def before_publication(
    server: str, kept_rehearsal: Callable[[int], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """Two of the three have agreed; the last one's agreement publishes."""
    kept = kept_rehearsal(lines_of(REHEARSAL).index(PUBLICATION[-1]))
    yield from run_shared(server, kept, tmp_path_factory.mktemp("own"))


def publish(running: Running) -> None:
    last = PUBLICATION[-1]
    answer = running.submit(REHEARSAL, last.decision, last.body, agency=last.agency or "", key="publish")
    assert [each["type"] for each in answer.json()["events"]] == ["ResultsPublished"], answer.text


def headers_of(running: Running, reader: str) -> dict[str, str]:
    keys: dict[str, Callable[[], str | None]] = {
        "public": lambda: None,
        "consortium": lambda: running.keys.consortiums["nc-ai"],
        "agency": lambda: running.keys.agencies["tta"],
        "agency of no programme here": lambda: running.issue("agency", "another-ministry"),
        "auditor": lambda: running.keys.auditor,
    }
    key = keys[reader]()
    return {} if key is None else {"Authorization": f"Bearer {key}"}


def everything(running: Running, reader: str) -> dict[str, str]:
    """Every body that a reader can get, by path."""
    headers = headers_of(running, reader)
    paths = [
        f"/v1/programmes/{REHEARSAL}{view}" for view in ("", "/standings", "/teams", "/grants", "/calls", "/objections")
    ]
    if reader == "public":
        paths += [
            f"/en/{REHEARSAL}{page}" for page in ("", "/standings", "/timeline", "/independence", "/calls", "/grants")
        ]
        paths += [f"/ko/{REHEARSAL}/teams/naver-cloud"]
    found = {path: running.client.get(path, headers=headers).text for path in paths}
    for path in ("/v1/ledger/events", f"/v1/programmes/{REHEARSAL}/audit-trail"):
        pages = [running.client.get(path, params={"limit": 1000}, headers=headers)]
        found[path] = "".join(page.text for page in pages)
    return found


@pytest.mark.parametrize("reader", ["public", "consortium", "agency of no programme here"])
def test_no_point_and_no_outcome_leaves(before_publication: Running, reader: str) -> None:
    found = everything(before_publication, reader)
    charter = json.loads(found["/v1/ledger/events"].partition("\n")[0])["data"]["document"]
    rules = json.dumps(charter, ensure_ascii=False)
    for path, whole in found.items():
        # Rules say of what outcome who is told; how many decisions of a kind there are is no secret.
        counted = '<th scope="row">Team eliminated</th><td class="figure">[0-9]+</td>'
        text = re.sub(counted, "", whole.replace(rules, ""))
        for secret in ('"33.6"', '"31.6"', '"90.2"', '"81.4"', "not_met", "eliminated", '"points":', "ev-"):
            assert secret not in text, (path, secret)
    for line in found["/v1/ledger/events"].splitlines():
        event = json.loads(line)
        if event["type"] in SECRET + NEVER:
            assert event["withheld"] is True
            assert not {"data", "tags", "agency"} & event.keys()


def test_counts_are_shown_instead(before_publication: Running) -> None:
    counts = before_publication.client.get(f"/v1/programmes/{REHEARSAL}/standings").json()
    assert counts["events"]["ScoreSubmitted"] == 640
    assert counts["events"]["MeasurementRecorded"] == 110
    assert "stage-1" in counts["embargo"]
    assert counts["data_set"] == "rehearsal"
    assert "rows" not in counts


def test_a_call_opened_before_publication_is_not_announced_before_it(before_publication: Running) -> None:
    """It would give away that a seat is vacant."""
    body = {"call": "additional-call", "after": "stage-1"}
    assert before_publication.submit(REHEARSAL, "open-additional-call", body, key="call").status_code == 201
    path = f"/v1/programmes/{REHEARSAL}/calls"
    assert before_publication.client.get(path).json()["calls"] == []
    assert (
        len(before_publication.client.get(path, headers=headers_of(before_publication, "auditor")).json()["calls"]) == 1
    )


@pytest.mark.parametrize("reader", ["agency", "auditor"])
def test_agencies_and_auditors_read_all_of_it(before_publication: Running, reader: str) -> None:
    found = everything(before_publication, reader)
    assert '"exact":"90.2"' in found[f"/v1/programmes/{REHEARSAL}/standings"]
    assert all("withheld" not in json.loads(line) for line in found["/v1/ledger/events"].splitlines())


def test_who_filters_by_tag_does_not_learn_which_withheld_events_carry_it(before_publication: Running) -> None:
    tag = f"team:{REHEARSAL}/nc-ai"
    page = before_publication.client.get("/v1/ledger/events", params={"tag": tag, "limit": 1000}).text
    assert [json.loads(line)["type"] for line in page.splitlines()] == ["TeamEnrolled"]


def follow(running: Running, reader: str, params: dict[str, str | int]) -> list[tuple[str, dict[str, str]]]:
    """Every page of events, with the headers that a reader could compare."""
    pages, url = [], f"/v1/ledger/events?{urlencode(params)}"
    while url:
        answer = running.client.get(url, headers=headers_of(running, reader))
        assert answer.status_code == 200
        kept = {name: answer.headers[name] for name in ("link", "etag", "ledger-head") if name in answer.headers}
        pages.append((answer.text, kept))
        assert len(pages) < 1000
        url = answer.links["next"]["url"] if "next" in answer.links else ""
    return pages


def test_paging_by_tag_is_the_same_whether_or_not_withheld_events_match(before_publication: Running) -> None:
    """NC AI is eliminated, LG AI Research is not: body, ETag, paging and head tell nobody which."""
    head = str(before_publication.head())
    for type_ in ("TeamEliminated", "TeamAdvanced", "ScoreSubmitted", "MeasurementRecorded"):
        for team in ("nc-ai", "lg-ai-research", "no-such-team"):
            tag = f"team:{REHEARSAL}/{team}"
            pages = follow(before_publication, "public", {"limit": 1, "type": type_, "tag": tag})
            assert [(text, set(headers), headers["ledger-head"]) for text, headers in pages] == [
                ("", {"etag", "ledger-head"}, head)
            ]
    for team in ("nc-ai", "lg-ai-research"):
        pages = follow(before_publication, "public", {"limit": 1, "tag": f"team:{REHEARSAL}/{team}"})
        assert [(json.loads(text)["type"], set(headers)) for text, headers in pages] == [
            ("TeamEnrolled", {"etag", "ledger-head"})
        ]


READERS = [Reader("public"), Reader("consortium", "nc-ai"), Reader("agency", "another-ministry")]


def test_nothing_is_read_by_its_tag_that_is_withheld(played: Running) -> None:
    """It would take longer than where nothing carries the tag. Here scoring was reopened after a measurement or two."""
    ledger, queries = played.service.ledger, played.service.parts.queries
    for reader in READERS:
        reopened = Publications({"stage-1": 200})
        disclosure = msgspec.structs.replace(queries.disclosure(REHEARSAL, reader), publications=reopened)
        for team in ("nc-ai", "upstage"):
            for source in sources(disclosure, disclosure.types(), f"team:{REHEARSAL}/{team}"):
                (item,) = source.query.items
                asked = f"team:{REHEARSAL}/{team}"
                assert source.searched == (asked not in item.tags)
                found = [] if source.searched else list(ledger.read(source.query))
                for each in found:
                    event = decode_data(each.type, each.version, each.data)
                    assert disclosure.shows(each.position, event), (reader, each.type)


def test_pages_by_tag_leave_out_nothing_that_is_shown(before_publication: Running) -> None:
    """Each page but the last is full, and together they are the events that the reader finds without the tag."""
    publish(before_publication)
    tags = (f"stage:{REHEARSAL}/stage-1", f"team:{REHEARSAL}/nc-ai", f"programme:{REHEARSAL}")
    for tag, reader, limit in itertools.product(tags, ("public", "consortium", "agency"), (99,)):
        whole = follow(before_publication, reader, {"limit": 1000})
        lines = [line for text, _headers in whole for line in text.splitlines()]
        pages = [text.splitlines() for text, _ in follow(before_publication, reader, {"tag": tag, "limit": limit})]
        assert all(len(page) == limit for page in pages[:-1])
        assert [line for page in pages for line in page] == [
            line for line in lines if tag in json.loads(line).get("tags", "").split()
        ]


def test_a_tag_of_another_programme_than_the_one_asked_for_matches_nothing(before_publication: Running) -> None:
    before_publication.play(HARBOUR, lines_of(HARBOUR)[:1])
    params = {"tag": f"team:{REHEARSAL}/nc-ai", "programme": HARBOUR}
    assert before_publication.client.get("/v1/ledger/events", params=params).text == ""


def test_publication_opens_results_but_never_sheets(before_publication: Running) -> None:
    publish(before_publication)
    before_publication.project()
    found = everything(before_publication, "public")
    assert '"exact":"90.2"' in found[f"/v1/programmes/{REHEARSAL}/standings"]
    assert '"eliminated"' in found[f"/v1/programmes/{REHEARSAL}/teams"]
    page = before_publication.client.get("/v1/ledger/events", params={"limit": 1000}).text
    for line in page.splitlines():
        event = json.loads(line)
        assert ("withheld" in event) == (event["type"] in NEVER)


def test_the_embargo_holds_for_positions_of_the_past_too(before_publication: Running) -> None:
    path = f"/v1/programmes/{REHEARSAL}/standings"
    answer = before_publication.client.get(path, params={"as_of_position": before_publication.head()})
    assert "rows" not in answer.json()
