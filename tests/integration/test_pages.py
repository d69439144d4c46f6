"""The pages for the public: every one is there in both languages, and says what it is."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any, get_args
from urllib.parse import urldefrag, urljoin

import msgspec
import pytest
from litestar.testing import TestClient
from markupsafe import escape

from domain.deadlines import moment
from domain.event import EVENTS, Disclosed, Own
from domain.ranking import RankBasis
from domain.standings import IndependenceStatus, StandingsBasis
from domain.system import REACTIONS
from domain.teams import Status
from domain.views.stretches import Phase
from service.api.application import create_application
from service.api.problems import catalogue
from service.api.remembered import Remembered
from service.application.ports import LedgerUnavailableError
from service.application.reading import Queries
from service.web.catalogues import fields_of, pattern
from service.web.problem_types import korean, problem_types
from service.web.site import SITE
from service.web.timeline_chart import KINDS
from service.web.wording import WORDS
from tests.e2e.test_up import ROOT
from tests.integration.conftest import Running
from tests.integration.pages import ADDRESSES
from tests.integration.small import PROGRAMME, SmallProgramme
from tests.playing import HARBOUR, PUBLIC_RECORD, REHEARSAL

TEMPLATES = sorted((ROOT / "service/web/templates").iterdir())
LABELS = {PUBLIC_RECORD: "public-record", REHEARSAL: "rehearsal", HARBOUR: "rehearsal"}
EACH_ROUTE = 6
"""So many addresses of each form are followed: there are thousands of decisions."""


class Page(HTMLParser):
    """Links of a page, its language, and what must not stand in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: Counter[str] = Counter()
        self.inline: list[str] = []
        self.language: str | None = None
        self._script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self.language = given["lang"]
        self.links += [each for each in (given.get("href"), given.get("src")) if each]
        self.ids.update([each for each in (given.get("id"),) if each])
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        self._script = tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.inline.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._script = False


def form_of(address: str) -> str:
    """Addresses of one form differ in what they are about."""
    return re.sub(r"[0-9]+|[0-9a-f]{64}", "#", re.sub(r"/(ko|en)/", "/", address))


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_link_leads_somewhere_and_every_page_says_what_it_is(played: Running, language: str) -> None:
    waiting, seen, forms = [f"/{language}/"], {f"/{language}/"}, Counter[str]()
    pages = 0
    while waiting:
        address = waiting.pop()
        answer = played.client.get(address)
        assert answer.status_code == 200, (address, answer.text[:300])
        if not answer.headers["content-type"].startswith("text/html") or not address.startswith(f"/{language}/"):
            continue
        pages += 1
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        page = Page(answer.text)
        assert page.language == language
        assert not page.inline, address
        assert page.ids["content"] == 1
        assert max(page.ids.values()) == 1, (address, page.ids)
        programme = address.split("/")[2].partition("?")[0]
        if programme in LABELS:
            assert f'<aside class="label label-{LABELS[programme]}"' in answer.text
        for link in page.links:
            target = urldefrag(urljoin(address, link))[0]
            assert target.startswith("/"), f"{address} leads to another host: {link}"
            # The API's own pages are tested elsewhere, and nothing is sealed here.
            if (
                target not in seen
                and not target.startswith(("/docs", "/v1/ledger/receipts/"))
                and forms[form_of(target)] < EACH_ROUTE
            ):
                forms[form_of(target)] += 1
                seen.add(target)
                waiting.append(target)
    own = {each for each in ADDRESSES if each.startswith(f"/{language}")}
    reached = {re.sub(r"[?].*", "", each) for each in seen}
    for each in own:
        pattern = re.sub(r"{[^}]*}", "[^/]+", each)
        assert any(re.fullmatch(f"{pattern}/?", at) for at in reached), f"no link leads to {each}"
    assert pages > 40


def test_a_page_is_the_same_for_everybody(played: Running) -> None:
    address = f"/en/{REHEARSAL}/standings?stage=stage-2"
    public = played.client.get(address)
    insider = played.client.get(address, headers={"Authorization": f"Bearer {played.keys.auditor}"})
    assert public.text == insider.text
    assert "not published yet" in public.text


def test_a_page_is_kept_by_its_etag_and_closed_to_scripts_of_others(played: Running) -> None:
    answer = played.client.get(f"/ko/{REHEARSAL}/standings")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    again = played.client.get(f"/ko/{REHEARSAL}/standings", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_deadlines_are_a_calendar_and_a_feed_that_are_kept_by_their_etags(played: Running) -> None:
    for name, media_type in (("ics", "text/calendar"), ("atom", "application/atom+xml")):
        address = f"/ko/{REHEARSAL}/deadlines.{name}"
        answer = played.client.get(address)
        assert answer.status_code == 200, answer.text
        assert re.fullmatch(f"{re.escape(media_type)}; charset=utf-8", answer.headers["content-type"])
        assert played.client.get(address, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
        assert f"/ko/{REHEARSAL}/deadlines.{name}" in played.client.get(f"/ko/{REHEARSAL}").text
    assert played.client.get("/en/nowhere/deadlines.ics").status_code == 404


def test_figures_stand_as_in_the_answer(played: Running) -> None:
    text = played.client.get(f"/en/{PUBLIC_RECORD}/standings").text
    for row in played.client.get(f"/v1/programmes/{PUBLIC_RECORD}/standings").json()["rows"]:
        rank = row["rank"]
        shown = str(rank["best"]) if rank["best"] == rank["worst"] else f"{rank['best']}–{rank['worst']}"
        total = row["total"]["exact"] or f"{row['total']['low']}–{row['total']['high']}"
        line = text[text.index(f"teams/{row['team']}#") - 120 :]
        assert shown in line
        assert total in line[:900]


def test_what_was_decided_and_why_stands_on_the_programme_s_page(played: Running) -> None:
    text = played.client.get(f"/en/{PUBLIC_RECORD}").text
    decided = text[text.index("What was decided, and why") : text.rindex("What comes next")]
    for team in ("NC AI", "Naver Cloud", "LG AI Research", "SK Telecom", "Upstage"):
        assert team in decided
    assert "its benchmark score was low" in decided
    assert "recorded a deviation" in decided


def test_a_reported_decision_is_of_whoever_is_said_to_have_made_it(played: Running) -> None:
    decided = played.client.get(f"/en/{PUBLIC_RECORD}").text
    (position,) = re.findall(r"decisions/([0-9]+)[^\n]*Team eliminated[^\n]*\n<p>[^\n]*NC AI", decided)
    text = played.client.get(f"/en/{PUBLIC_RECORD}/decisions/{position}").text
    assert "<dt>Who decided</dt><dd>Ministry of Science and ICT</dd>" in text
    assert "<dt>When</dt><dd>undisclosed</dd>" in text
    assert "DigitalToday news report, SHA-256 " in text


def test_a_decision_of_two_agencies_says_who_decided_and_who_countersigned(played: Running) -> None:
    moments = played.client.get(f"/v1/programmes/{REHEARSAL}/timeline?limit=1000").json()["moments"]
    (position,) = (each["position"] for each in moments if each["type"] == "DeviationRecorded")
    text = played.client.get(f"/en/{REHEARSAL}/decisions/{position}").text
    assert "<dt>Who decided</dt><dd>Ministry of Science and ICT</dd>" in text
    assert "<dt>Countersigned by</dt><dd>National IT Industry Promotion Agency</dd>" in text


def test_rulings_stand_by_condition_and_team(played: Running) -> None:
    rehearsed = played.client.get(f"/en/{REHEARSAL}/independence").text
    assert len(re.findall('<td class="verdict-not_met">not met', rehearsed)) == 2, "the ruling and its condition"
    reported = played.client.get(f"/en/{PUBLIC_RECORD}/independence").text
    assert '<td class="verdict-undisclosed">undisclosed' in reported
    assert '<td class="verdict-met">' not in reported


def test_what_was_not_reported_is_neither_none_nor_zero(played: Running) -> None:
    calls = played.client.get(f"/en/{PUBLIC_RECORD}/calls").text
    assert "<dt>Applications</dt><dd>undisclosed</dd>" in calls
    assert "<dt>Applications</dt><dd>4</dd>" in played.client.get(f"/en/{REHEARSAL}/calls").text
    independence = played.client.get(f"/en/{PUBLIC_RECORD}/independence").text
    asked = independence.partition("Independence rulings")[0]
    assert (asked.count(">mandatory<"), asked.count(">whether mandatory: undisclosed<")) == (1, 7)
    charter = played.client.get(f"/en/{PUBLIC_RECORD}/charter").text
    assert charter.count("quorum undisclosed") == 2
    assert "Who decides what" not in charter
    assert "Who decides what" in played.client.get(f"/en/{REHEARSAL}/charter").text


def test_the_last_day_of_a_grant_is_in_it(played: Running) -> None:
    (grant, *_) = played.client.get(f"/v1/programmes/{REHEARSAL}/grants").json()["resources"][0]["grants"]
    assert grant["ends"] == "2026-08-01"
    assert "1 February 2026 – 31 July 2026" in played.client.get(f"/en/{REHEARSAL}/grants").text


def test_what_single_evaluators_gave_is_said_to_be_undisclosed(played: Running) -> None:
    text = played.client.get(f"/en/{REHEARSAL}/standings").text
    assert "read by the agencies and auditors" in text
    assert "ev-" not in text


def test_the_charter_says_what_follows_by_itself(shared: Running, played: Running) -> None:
    SmallProgramme(shared, reactions=[{"id": "open-calls"}, {"id": "suspend-grants", "days": "3"}])
    text = shared.client.get(f"/en/{PROGRAMME}/charter").text
    assert "additional call is opened" in text
    assert "are suspended after 3 days" in text
    assert "are revoked" not in text
    assert "Nothing: every decision is made" in played.client.get(f"/en/{HARBOUR}/charter").text


def test_an_earlier_point_is_shown_as_it_was(played: Running) -> None:
    text = played.client.get(f"/en/{REHEARSAL}/standings?as_of_position=500").text
    assert "as of position 500" in text
    assert "90.2" not in text


def bounds(played: Running, programme: str) -> tuple[int, int]:
    """Positions of the first and the last event of a story."""
    moments = played.client.get(f"/v1/programmes/{programme}/timeline?limit=1000").json()["moments"]
    return moments[0]["position"], moments[-1]["position"]


def slider(text: str) -> tuple[int, int, int]:
    """From where to where it goes, and where it stands."""
    (found,) = re.findall(r'id="as_of_slider" min="([0-9]+)" max="([0-9]+)" value="([0-9]+)"', text)
    first, last, value = map(int, found)
    return first, last, value


@pytest.mark.parametrize("programme", [PUBLIC_RECORD, HARBOUR])
def test_the_slider_goes_from_where_a_programme_began_to_what_was_decided_last(played: Running, programme: str) -> None:
    first, last = bounds(played, programme)
    assert slider(played.client.get(f"/en/{programme}/timeline").text) == (first, last, last)
    opened, until, _value = slider(played.client.get(f"/en/{programme}/standings").text)
    assert first < opened < until == last
    at = f"/en/{programme}/standings?as_of_position="
    assert played.client.get(f"{at}{opened}").status_code == 200
    assert played.client.get(f"{at}{opened - 1}").status_code == 404, "no stage was open"


@pytest.mark.parametrize("page", ["timeline", "independence", "calls", "grants", "charter", "teams/albatross"])
def test_before_a_programme_began_nothing_of_it_is_shown(played: Running, page: str) -> None:
    before = bounds(played, HARBOUR)[0] - 1
    answer = played.client.get(f"/en/{HARBOUR}/{page}?as_of_position={before}")
    assert answer.status_code == {"charter": 400, "teams/albatross": 404}.get(page, 200)
    assert "/decisions/" not in answer.text
    assert ("Nothing that the public may read was recorded" in answer.text) is (page == "timeline")


@pytest.mark.parametrize("page", ["timeline", "standings", "independence", "calls", "grants", "teams/albatross"])
def test_a_page_of_an_earlier_point_says_so(played: Running, page: str) -> None:
    _first, last = bounds(played, HARBOUR)
    said = f"An earlier point: as of position {last}."
    assert said in played.client.get(f"/en/{HARBOUR}/{page}?as_of_position={last}").text
    assert said not in played.client.get(f"/en/{HARBOUR}/{page}").text


def test_back_to_now_stays_in_the_stage(played: Running) -> None:
    _first, last = bounds(played, HARBOUR)
    text = played.client.get(f"/en/{HARBOUR}/standings?stage=trial&as_of_position={last}").text
    assert '<a href="?stage=trial">Back to now</a>' in text


def test_a_charter_that_is_not_in_force_says_so(played: Running) -> None:
    first, _last = bounds(played, HARBOUR)
    decided = played.client.get(f"/en/{HARBOUR}/decisions/{first + 1}").text
    (old,) = re.findall(r"charter[?]rules_hash=([0-9a-f]{64})", decided)
    assert "not in force any more" in played.client.get(f"/en/{HARBOUR}/charter?rules_hash={old}").text
    assert "not in force any more" not in played.client.get(f"/en/{HARBOUR}/charter").text


def test_sentences_leave_out_the_digits_that_nobody_reads(played: Running) -> None:
    text = played.client.get(f"/ko/{PUBLIC_RECORD}/teams/naver-cloud").text
    assert "SHA-256 f7d2f1e5…" in text
    assert not re.search("[0-9a-f]{64}", text)


def test_a_page_names_its_address_by_the_settings_alone(played: Running) -> None:
    address = f"/ko/{HARBOUR}/standings"
    here = played.client.get(address, headers={"Host": "elsewhere.example"}).text
    assert f'<link rel="canonical" href="{address}">' in here
    assert "elsewhere.example" not in here
    nothing = Remembered(lambda _programme: (0, ""), played.service.threads)
    parts = replace(played.service.parts, public_origin="https://sillok.example", remembered=nothing)
    with TestClient(create_application(parts, pages=SITE)) as client:
        text = client.get(f"{address}/").text
    for each in (
        f'<link rel="canonical" href="https://sillok.example{address}">',
        f'<meta property="og:url" content="https://sillok.example{address}">',
        f'hreflang="en" href="https://sillok.example/en/{HARBOUR}/standings">',
        '<meta property="og:locale:alternate" content="en_GB">',
    ):
        assert each in text


@pytest.mark.parametrize(
    ("accepted", "language"), [("en-GB,ko;q=0.5", "en"), ("ko-KR,en", "ko"), ("fr", "ko"), ("", "ko")]
)
def test_the_browser_chooses_the_language(played: Running, accepted: str, language: str) -> None:
    answer = played.client.get("/", headers={"Accept-Language": accepted}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, f"/{language}/")
    assert "Accept-Language" in answer.headers["vary"]


@pytest.mark.parametrize(
    "address",
    ["/en/no-such-programme", "/en/no/such/page", f"/en/{REHEARSAL}/decisions/10", f"/en/{REHEARSAL}/teams/x"],
)
def test_what_is_not_there_is_said_on_a_page(played: Running, address: str) -> None:
    answer = played.client.get(address)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "There is no such page" in answer.text


def test_a_page_that_is_not_to_be_written_to_says_so_on_a_page(played: Running) -> None:
    answer = played.client.post(f"/ko/{HARBOUR}")
    assert (answer.status_code, answer.headers["content-type"]) == (405, "text/html; charset=utf-8")
    assert "GET" in answer.headers["allow"]
    api = played.client.post("/v1/programmes")
    assert (api.status_code, api.headers["content-type"]) == (405, "application/problem+json")


def test_equal_points_and_unequal_ranks_are_explained(played: Running) -> None:
    said = "equal points: ranked by the rules for ties"
    for stage, times in (("trial", 2), ("simulation", 0)):
        assert played.client.get(f"/en/{HARBOUR}/standings?stage={stage}").text.count(said) == times
    assert said not in played.client.get(f"/en/{PUBLIC_RECORD}/standings").text


def test_programmes_answer_api_clients_as_before(played: Running) -> None:
    assert played.client.get("/v1/nothing").headers["content-type"] == "application/problem+json"


def test_a_broken_service_shows_a_calm_page(played: Running) -> None:
    class Broken(Queries):
        def charter(self, programme: str, rules_hash: str | None = None) -> Any:
            raise LedgerUnavailableError("it is away", outcome_unknown=False)

    queries = Broken.__new__(Broken)
    nothing = Remembered(lambda _programme: (0, ""), played.service.threads)
    parts = replace(played.service.parts, queries=queries, remembered=nothing)
    with TestClient(create_application(parts, pages=SITE), raise_server_exceptions=False) as client:
        answer = client.get(f"/ko/{HARBOUR}")
    assert answer.status_code == 503
    assert "기록은 그대로 보존되어" in answer.text
    assert "it is away" not in answer.text


def test_files_are_named_by_what_they_hold(played: Running) -> None:
    (style,) = re.findall(r'href="(/static/[^"]+[.]css)"', played.client.get("/ko/").text)
    answer = played.client.get(style)
    assert "immutable" in answer.headers["cache-control"]
    for font in re.findall(r"url[(](/static/[^)]+)[)]", answer.text):
        assert played.client.get(font).content.startswith(b"wOF2")
    assert played.client.get("/static/000000000000/sillok.css").status_code == 404
    assert played.client.get("/static/000000000000/..%2Fwording.yaml").status_code == 404


@pytest.mark.parametrize(("language", "public"), [("ko", "즉시 공개됩니다."), ("en", "At once.")])
def test_the_catalogues_have_every_event_and_problem(played: Running, language: str, public: str) -> None:
    events = played.client.get(f"/{language}/catalogue/events").text
    for each in EVENTS.values():
        assert f"/catalogue/events/{each.TYPE}" in events
        page = played.client.get(f"/{language}/catalogue/events/{each.TYPE}").text
        assert (public in page) is (each.PUBLIC == "at-once"), each.TYPE
        assert escape(getattr(each.SAYS.title, language)) in page
    problems = played.client.get(f"/{language}/catalogue/problems").text
    for slug, problem in problem_types().items():
        assert f"/catalogue/problems/{slug}" in problems
        assert escape(getattr(problem.means, language)) in problems
    page = played.client.get(f"/{language}/catalogue/problems/scoring-closed").text
    assert escape(getattr(problem_types()["scoring-closed"].means, language)) in page
    for missing in ("problems/no-such", "events/NoSuch"):
        assert played.client.get(f"/{language}/catalogue/{missing}").status_code == 404


def test_a_sentence_is_shown_with_its_places() -> None:
    assert pattern("{team}이(가) 진출[ ({basis})][ 확정| 미정]") == "⟨team⟩이(가) 진출( (⟨basis⟩))( 확정 /  미정)"


def test_the_fields_of_every_event_are_told() -> None:
    told = {each.name: (each.holds, each.required) for each in fields_of(msgspec.json.schema(EVENTS["TeamEliminated"]))}
    assert told == {
        "stage": ("string", True),
        "team": ("string", True),
        "basis": ("gate | rank | ruling | withdrawal", True),
        "reason": ("Names", True),
        "deciders": ("string[]", False),
    }
    for each in EVENTS.values():
        assert [field.name for field in fields_of(msgspec.json.schema(each))] == list(each.__struct_encode_fields__)


def test_problems_in_korean_are_those_that_there_are() -> None:
    assert korean().keys() == catalogue().keys()
    assert all(re.search("[가-힣]", each) for each in korean().values())


@pytest.mark.parametrize(("programme", "hours", "clock"), [(REHEARSAL, 9, "KST"), (HARBOUR, 0, "UTC")])
def test_times_are_on_the_clock_of_the_programme(played: Running, programme: str, hours: int, clock: str) -> None:
    (*_, first) = re.findall(rf"/en/{programme}/decisions/[0-9]+", played.client.get(f"/en/{programme}/timeline").text)
    shown = re.findall(r'<time datetime="([^"]+)">([^<]+)</time>', played.client.get(first).text)
    assert shown
    for at, said in shown:
        assert said.endswith(f" {moment(at) + timedelta(hours=hours):%H:%M} {clock}")


def test_every_text_is_translated_and_used() -> None:
    text = "".join(each.read_text() for each in TEMPLATES)
    named = set(re.findall(r"\bt\('([a-z0-9_-]+)'[,)]", text))
    assert named <= WORDS.keys()
    families = {"verify-", "call-", "failed-"}
    values = {*LABELS.values(), "live", *get_args(Disclosed), *get_args(Status), *get_args(IndependenceStatus)}
    values |= {*get_args(StandingsBasis), *get_args(RankBasis), "not-found", "cause-rank", "cause-gate", "cause-ruling"}
    values |= {"running", "suspended", "revoked", "judged", "measured", "unpublished"}
    values |= {"standings", "independence", "calls", "grants", "timeline", "charter"}
    values |= {f"do-{each.status}" for each in problem_types().values()} | {f"kind-{each}" for each in KINDS}
    values |= {f"key-{each}" for each in get_args(Phase) if each != "call"} | {f"reaction-{each}" for each in REACTIONS}
    values |= {f"{said}-{each}" for said, all_ in (("read", Disclosed), ("own", Own)) for each in get_args(all_)}
    assert values <= WORDS.keys()
    unused = {each for each in WORDS.keys() - named - values if not any(each.startswith(f) for f in families)}
    assert not unused
    for key, words in WORDS.items():
        assert sorted(re.findall(r"{\w+}", words.en)) == sorted(re.findall(r"{\w+}", words.ko)), key
        assert re.search("[가-힣]", words.ko) or key == "api", key
