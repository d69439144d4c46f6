"""The pages in a real Chromium: for every eye and hand, on a phone, on paper, without scripts, and by nobody else."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from service.web.wording import WORDS
from tests.integration.api_process import ApiProcess
from tests.integration.conftest import Running, running_signer
from tests.integration.pages import ADDRESSES
from tests.integration.sealing import sealer
from tests.integration.small import SmallProgramme
from tests.playing import PUBLIC_RECORD, REHEARSAL

CHROMIUM = shutil.which("chromium")
AXE = Path(__file__).parent.parent / "contracts" / "node_modules" / "axe-core" / "axe.min.js"
ACCESSIBLE = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LANGUAGES = ["ko", "en"]
NARROW = {"width": 320, "height": 800}
WIDE = {"width": 1280, "height": 900}
PAPER = {"width": 718, "height": 1015}
"""A4 between its margins, in CSS pixels."""
STANDINGS = f"/{{}}/{REHEARSAL}/standings"
FILE = re.compile(r"\.[a-z]+$")
"""An address of what is no page: a calendar, a feed."""
FOCUSABLE = "a[href],button,input:not([type=hidden]),select,textarea,summary,[tabindex='0']"

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and AXE.exists()) and os.environ.get("CI") != "true", reason="there is no Chromium: see ops/test-deps"
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


def page_of(chromium: Browser, viewport: dict[str, int], **options: Any) -> Page:
    context = chromium.new_context(viewport=viewport, **options)  # type: ignore[arg-type]  # a TypedDict of theirs
    context.set_default_timeout(30_000)
    return context.new_page()


def addresses(played: Running, language: str) -> list[str]:
    """One of each page that there is, those that show most and least, and what is not there."""
    timeline = played.client.get(f"/{language}/{REHEARSAL}/timeline").text
    decided = re.findall(rf'href="/{language}/{REHEARSAL}/decisions/([0-9]+)"', timeline)
    examples = {
        "programme": REHEARSAL,
        "type_": "TeamEliminated",
        "slug": "scoring-closed",
        "team": "naver-cloud",
        "position": decided[0],
    }
    each = sorted(at.format(**examples) for at in ADDRESSES if at.startswith(f"/{language}") and not FILE.search(at))
    spanned = f"/{language}/{REHEARSAL}/diff?from={decided[-1]}&to={decided[0]}"
    disclosed = [f"/{language}/{PUBLIC_RECORD}", f"/{language}/{PUBLIC_RECORD}/standings"]
    return [*each, *disclosed, spanned, f"/{language}/nothing-here"]


def inaccessible(page: Page, kind: str, *named: str) -> list[str]:
    """What axe finds by rules of a `kind` (tag, rule), each with the first element that has it."""
    only = {"type": kind, "values": named}
    found = page.evaluate("only => axe.run(document, {runOnly: only})", only)
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found["violations"]]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_for_everybody(played: Running, address: str, chromium: Browser, language: str) -> None:
    """WCAG 2.2 AA in both themes, nothing wider than a narrow phone, no other host, no fault in the console."""
    page = page_of(chromium, NARROW)
    asked: set[str] = set()
    said: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(error.message))
    axe = AXE.read_text()
    for at in addresses(played, language):
        said.clear()
        page.emulate_media(color_scheme="light")
        answer = page.goto(address + at)
        assert answer is not None
        faults += [f"{at}: {each}" for each in said if answer.ok]
        wide = page.evaluate("document.documentElement.scrollWidth")
        faults += [f"{at}: {wide} px wide"] * (wide > NARROW["width"])
        page.evaluate(axe)
        faults += [f"{at}: {each}" for each in inaccessible(page, "tag", *ACCESSIBLE)]
        page.emulate_media(color_scheme="dark")
        faults += [f"{at}, dark: {each}" for each in inaccessible(page, "rule", "color-contrast", "link-in-text-block")]
    page.context.close()
    assert faults == []
    assert asked == {urlsplit(address).netloc}


def test_a_keyboard_is_enough(address: str, chromium: Browser) -> None:
    page = page_of(chromium, WIDE)
    page.goto(address + STANDINGS.format("ko"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)"), (
        "past the links of the head"
    )

    page.goto(address + STANDINGS.format("ko"))
    reachable = page.evaluate(
        "sought => [...document.querySelectorAll(sought)].filter(each => each.checkVisibility()).length", FOCUSABLE
    )
    reached = 0
    while True:
        page.keyboard.press("Tab")
        at = page.evaluate(
            """() => {
                const at = document.activeElement, box = at.getBoundingClientRect(), style = getComputedStyle(at);
                if (at === document.body) return null;
                const shown = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
                const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
                const covered = !!shown && !at.contains(shown) && !shown.contains(at);
                return {html: at.outerHTML.slice(0, 200), seen, covered};
            }"""
        )
        if at is None:
            break
        reached += 1
        assert at["seen"], f"nobody sees that it has the focus: {at['html']}"
        assert not at["covered"], f"something lies over it: {at['html']}"
        assert reached <= reachable
    assert reached == reachable

    slider = page.locator("#as_of_slider")
    before = slider.input_value()
    with page.expect_navigation():
        slider.press("ArrowLeft")
    assert int(page.locator("#as_of_position").input_value()) < int(before)

    page.goto(f"{address}/ko/{REHEARSAL}/teams/naver-cloud")
    details = page.locator("details").first
    opened = details.get_attribute("open") is not None
    details.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert (details.get_attribute("open") is not None) != opened
    page.context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_scripts_are_not_needed(address: str, chromium: Browser, language: str) -> None:
    page = page_of(chromium, NARROW, java_script_enabled=False)
    page.goto(address + STANDINGS.format(language))
    expect(page.locator("#as_of_slider")).to_be_hidden()
    position = int(page.locator("#as_of_position").input_value()) - 1
    page.locator("#as_of_position").fill(str(position))
    page.locator("#as_of_position").press("Enter")
    assert f"as_of_position={position}" in page.url
    expect(page.locator("#as_of_position")).to_have_value(str(position))
    page.goto(f"{address}/{language}/verify")
    expect(page.locator("noscript p")).to_be_visible()
    page.context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_paper_shows_all_and_what_it_is(address: str, chromium: Browser, language: str) -> None:
    page = page_of(chromium, PAPER)
    page.emulate_media(media="print")
    for at in (STANDINGS, f"/{{}}/{REHEARSAL}/teams/naver-cloud", f"/{{}}/{REHEARSAL}/charter"):
        page.goto(address + at.format(language))
        expect(page.locator(".label").first).to_be_visible()
        for unneeded in page.locator(".skip,.languages,.travel").all():
            expect(unneeded).to_be_hidden()
        on_each_sheet = page.evaluate(
            """() => {
                const sheets = [...document.styleSheets].flatMap(each => [...each.cssRules]);
                const of = sheets.filter(each => each.selectorText === getComputedStyle(document.body).page);
                return of.map(each => each.cssText).join();
            }"""
        )
        assert WORDS["rehearsal"].ko in on_each_sheet, "the label is at the top of the first sheet alone"
        assert WORDS["rehearsal"].en in on_each_sheet
        closed = "[...document.querySelectorAll('details > :not(summary)')].filter(each => !each.checkVisibility())"
        assert page.evaluate(f"{closed}.length") == 0, at
        assert page.evaluate("document.documentElement.scrollWidth") <= PAPER["width"], at
    assert page.pdf(format="A4").startswith(b"%PDF-")
    page.context.close()


@pytest.fixture
def sealed(shared: Running) -> Iterator[int]:
    """The position of an event that is in the log, and the last one there."""
    SmallProgramme(shared)
    for signer in running_signer(shared.settings.home):
        with sealer(shared.database, signer.client) as seal:
            assert seal() == "current"
            yield shared.head()


def test_a_receipt_is_checked_in_the_browser(process_of_all: ApiProcess, sealed: int, chromium: Browser) -> None:
    """As it is; of what is not sealed yet; and as somebody changed it, or what it is checked with, on the way."""
    page = page_of(chromium, NARROW)

    def verify(position: int, says: str, why: str | None = None, language: str = "en") -> None:
        page.goto(f"{process_of_all.url}/{language}/verify?position={position}")
        texts = [page.locator("#verify").get_attribute(f"data-{each}") for each in (says, why) if each]
        said = texts[0] and texts[0].replace("{why}", texts[-1] or "")
        assert said
        expect(page.locator("#outcome")).to_contain_text(said.partition("{")[0])

    verify(sealed, "good")
    verify(sealed + 1, "not-yet")

    def changing(address: str, change: Callable[[str], str], fault: str) -> None:
        def answer(route: Route) -> None:
            true = route.fetch()
            changed = change(true.text())
            assert changed != true.text()
            route.fulfill(response=true, body=changed)

        page.route(f"**{address}", answer)
        verify(sealed, "bad", f"fault-{fault}", "ko")
        page.unroute(f"**{address}")

    receipt, log = f"/v1/ledger/receipts/{sealed}", "/v1/ledger/log"
    changing(receipt, lambda text: re.sub(r"(?<=extra .{20}).{4}", "AAAA", text, count=1), "entry")
    changing(receipt, lambda text: re.sub(r"(?<=\nindex )[0-9]+", "0", text, count=1), "position")
    changing(receipt, lambda text: re.sub(r"(?<=\nindex )[0-9]+\n", r"\g<0>" + "A" * 43 + "=\n", text), "proof")
    changing(receipt, lambda text: re.sub(r"(?<=\n\u2014 )(\S+ .{30}).{4}", r"\1AAAA", text), "key")
    changing(receipt, lambda _text: "<html>", "malformed")
    changing(log, lambda text: re.sub(r"(\+[A-Za-z0-9+/]{20})[A-Za-z0-9+/]{4}", r"\1AAAA", text), "key")
    for refusal in (lambda route: route.abort(), lambda route: route.fulfill(status=503)):
        page.route(f"**{log}", refusal)
        verify(sealed, "unable", "no-answer")
        page.unroute(f"**{log}")
    verify(sealed, "good")
    page.add_init_script("Object.defineProperty(crypto, 'subtle', {value: undefined})")
    verify(sealed, "unable", "no-crypto")
    page.context.close()
