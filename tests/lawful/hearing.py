"""Evidence, the hearing and the ruling on a team's independence."""

from __future__ import annotations

from tests.lawful.history import Data, Lawful, Review, rule


@rule("EvidenceRegistered")
def registered(history: Lawful, position: int, data: Data) -> None:
    assert data["team"] in history.status
    assert data["kind"] in history.charter["evidence_kinds"]
    history.require_once("evidence", data["sha256"])
    review = history.stage(data["stage"]).review(data["team"])
    if review.ruled and not history.reported:
        assert history.upheld(data["team"], "ruling", since=review.ruled)
    history.evidence[data["sha256"]] = (data["stage"], data["team"], position)


@rule("IndependenceReviewOpened")
def opened(history: Lawful, position: int, data: Data) -> None:
    review = _review(history, data)
    assert review.opened <= review.ruled, "it is open"
    if review.ruled:
        assert history.upheld(data["team"], "ruling", since=review.ruled)
    review.opened, review.asked, review.answered = position, 0, 0
    review.opinions.clear()


@rule("StatementRequested")
def asked(history: Lawful, position: int, data: Data) -> None:
    review = _review(history, data)
    assert review.opened > review.ruled
    review.asked = position


@rule("StatementGiven")
def answered(history: Lawful, position: int, data: Data) -> None:
    review = _review(history, data)
    assert review.asked > max(review.opened, review.answered, review.ruled)
    review.answered = position
    review.cited |= set(data["evidence"])


@rule("IndependenceOpinionGiven")
def opined(history: Lawful, _position: int, data: Data) -> None:
    review, stage = _review(history, data), history.stage(data["stage"])
    assert review.opened > review.ruled
    assert stage.panels[data["evaluator"]] == history.charter["independence"]["review"]["panel"]
    assert stage.may_judge(data["evaluator"], data["team"])
    assert data["evaluator"] not in review.opinions
    review.opinions.add(data["evaluator"])


def _review(history: Lawful, data: Data) -> Review:
    """Of a team that competes, under a charter that asks for reviews."""
    stage = history.stage(data["stage"])
    assert stage.opened
    assert data["team"] in stage.teams
    assert stage.outcomes.get(data["team"]) != "withdrawn"
    assert history.charter["independence"].get("review")
    return stage.review(data["team"])


@rule("IndependenceRuled")
def ruled(history: Lawful, position: int, data: Data) -> None:
    """On evidence that was registered, all of it, and put to the team; again after an objection that was upheld."""
    stage = history.stage(data["stage"])
    review = stage.review(data["team"])
    assert stage.opened
    assert data["team"] in stage.teams
    assert data["supersedes"] == (review.ruled or None)
    if review.ruled:
        assert history.upheld(data["team"], "ruling", since=review.ruled)
    _require_findings(history, data)
    if not history.reported:
        about = [sha for sha, (*of, _) in history.evidence.items() if of == [data["stage"], data["team"]]]
        assert sorted(data["evidence"]) == sorted(about) != []
        if asked_for := history.charter["independence"].get("review"):
            _require_heard(history, data, review, asked_for)
    review.ruled, review.verdict = position, data["verdict"]
    stage.waived.discard(data["team"])


def _require_heard(history: Lawful, data: Data, review: Review, asked_for: Data) -> None:
    assert review.opened > review.ruled
    assert review.asked > review.opened
    for sha256 in data["evidence"]:
        assert history.evidence[sha256][2] < review.asked or sha256 in review.cited
    if panel := asked_for.get("panel"):
        stage = history.stage(data["stage"])
        quorum = next(each["quorum"] for each in history.plan(data["stage"])["panels"] if each["id"] == panel)
        counting = [each for each in review.opinions if stage.may_judge(each, data["team"])]
        assert len(counting) >= int(quorum)


def _require_findings(history: Lawful, data: Data) -> None:
    """The verdict follows from the findings on mandatory conditions."""
    if data["findings"] == "undisclosed":
        assert history.reported
        return
    found = {(each["perspective"], each["condition"]): each["verdict"] for each in data["findings"]}
    failed = False
    for perspective in history.charter["independence"]["perspectives"]:
        verdicts = []
        for condition in perspective["conditions"]:
            if condition["mandatory"] == "yes":
                verdict = found.get((perspective["id"], condition["id"]))
                assert verdict is not None or history.reported
                verdicts.append(verdict == "not_met")
        failed |= bool(verdicts) and (all if perspective.get("requires") == "any" else any)(verdicts)
    if not history.reported:
        assert data["verdict"] == ("not_met" if failed else "met")
