"""What Prometheus scrapes."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from service.application.projecting import VIEWS
from service.storage.builds import PostgresBuilds
from tests.integration.conftest import Running
from tests.integration.small import PROGRAMME, SmallProgramme


def scraped(running: Running) -> dict[tuple[str, str, str], float]:
    answer = running.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            assert sample.labels.get("programme", PROGRAMME) == PROGRAMME
            found[sample.name, sample.labels.get("view", ""), sample.labels.get("state", "")] = sample.value
    return found


def test_metrics_say_where_every_view_stands(running: Running) -> None:
    programme = SmallProgramme(running)
    running.project()
    at_head = scraped(running)
    head = running.head()
    assert at_head["sillok_ledger_position", "", ""] == head
    for view in VIEWS:
        assert at_head["sillok_projection_position", view.name, "live"] == head
        assert at_head["sillok_projection_positions_behind", view.name, "live"] == 0
        assert at_head["sillok_projection_events_total", view.name, "live"] == head
        assert at_head["sillok_projection_batches_total", view.name, "live"] >= 1
    builds = PostgresBuilds(running.service.store)
    builds.pause(VIEWS[0].name, PROGRAMME)
    builds.request(VIEWS[1], PROGRAMME, "verify")
    programme.fill()
    running.project()
    later = scraped(running)
    assert later["sillok_projection_positions_behind", VIEWS[0].name, "live"] == running.head() - head
    assert later["sillok_projection_seconds_behind", VIEWS[0].name, "live"] > 0
    assert later["sillok_projection_paused", VIEWS[0].name, "live"] == 1
    assert later["sillok_projection_paused", VIEWS[1].name, "live"] == 0
    assert later["sillok_projection_position", VIEWS[1].name, "building"] == 0
    assert later["sillok_projection_halted", VIEWS[0].name, "live"] == 0


def test_metrics_are_a_problem_while_the_database_is_away(running: Running) -> None:
    running.service.store.close()
    answer = running.client.get("/metrics")
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/ledger-unavailable"
    assert answer.json()["detail"] == "the views do not answer"  # and nothing of what the driver says
