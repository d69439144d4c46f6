"""A stage from its opening to its end; who judges, what is scored, when it counts."""

from __future__ import annotations

from typing import Any

from tests.lawful.history import FOR_EVER, Data, Lawful, Stage, rule


@rule("StageOpened")
def opened(history: Lawful, _position: int, data: Data) -> None:
    stage = history.stage(data["stage"])
    assert not stage.opened
    for before in history.charter["stages"]:
        if before["id"] == data["stage"]:
            break
        earlier = history.stage(before["id"])
        assert earlier.published
        assert earlier.final or "objections" not in before
    assert sorted(data["teams"]) == sorted(history.seated) != []
    stage.opened, stage.teams = True, list(data["teams"])


@rule("EvaluatorAppointed")
def appointed(history: Lawful, _position: int, data: Data) -> None:
    stage = history.stage(data["stage"])
    assert stage.opened
    assert data["evaluator"] not in stage.panels
    stage.panels[data["evaluator"]] = data["panel"]
    of_panel = [each for each, panel in stage.panels.items() if panel == data["panel"] and each not in stage.instead]
    assert len(of_panel) <= int(_of(history.plan(data["stage"])["panels"], data["panel"])["size"])


@rule("ConflictDeclared")
def conflicted(history: Lawful, _position: int, data: Data) -> None:
    stage = history.stage(data["stage"])
    assert data["evaluator"] in stage.panels
    stage.barred |= {(data["evaluator"], team) for team in data["teams"]}


@rule("EvaluatorRecused")
def recused(history: Lawful, _position: int, data: Data) -> None:
    stage = history.stage(data["stage"])
    assert data["evaluator"] in stage.panels
    stage.barred.add((data["evaluator"], data["team"] or "*"))


@rule("EvaluatorReplaced")
def replaced(history: Lawful, _position: int, data: Data) -> None:
    stage = history.stage(data["stage"])
    assert stage.panels[data["evaluator"]] == data["panel"]
    assert data["replacement"] not in stage.panels
    assert not [team for team in data["teams"] if stage.may_judge(data["evaluator"], team)]
    for team in data["teams"]:
        history.require_once("replaced", data["stage"], data["evaluator"], team)
    stage.panels[data["replacement"]] = data["panel"]
    stage.instead[data["replacement"]] = set(data["teams"])


@rule("ExclusionRecorded")
def excluded(history: Lawful, _position: int, data: Data) -> None:
    stage = history.stage(data["stage"])
    assert not stage.consolidated
    assert data["evaluator"] in stage.panels
    stage.excluded.add((data["team"], data["criterion"], data["evaluator"]))
    if data["below_quorum"]:
        stage.below_quorum.add((data["team"], data["criterion"]))


@rule("ScoreSubmitted", "ScoreCorrected")
def scored(history: Lawful, position: int, data: Data) -> None:
    """Of a member of the criterion's panel who may judge the team, within the maximum."""
    stage, criterion = _place(history, data)
    sheet = ("sheet", data["team"], data["criterion"], data["evaluator"], data.get("item") or "")
    _given(stage, sheet, position, data)
    item = data.get("item")
    maximum = (criterion if item is None else _of(criterion["items"], item))["maximum"]
    assert maximum == "undisclosed" or 0 <= float(data["points"]) <= float(maximum)
    assert stage.panels[data["evaluator"]] == criterion["scoring"]["panel"]
    assert stage.may_judge(data["evaluator"], data["team"])
    assert (data["team"], data["criterion"], data["evaluator"]) not in stage.excluded


@rule("MeasurementRecorded", "MeasurementCorrected")
def measured(history: Lawful, position: int, data: Data) -> None:
    stage, criterion = _place(history, data)
    _given(stage, ("metric", data["team"], data["criterion"], data["benchmark"]), position, data)
    assert data["benchmark"] in {each["id"] for each in criterion["scoring"]["benchmarks"]}


@rule("ScoreSubmitted", "ScoreCorrected", "MeasurementRecorded", "MeasurementCorrected", "ExclusionRecorded")
def two_took_part_once_reopened(history: Lawful, _position: int, data: Data) -> None:
    assert not history.stage(data["stage"]).reopened or len(data["deciders"]) == 2 or history.reported


def _place(history: Lawful, data: Data) -> tuple[Stage, Data]:
    """The stage, in which the team competes still, and the criterion."""
    stage = history.stage(data["stage"])
    assert data["team"] in stage.teams
    assert stage.outcomes.get(data["team"]) != "withdrawn"
    assessment, _, criterion = data["criterion"].partition("/")
    return stage, _of(_of(history.plan(data["stage"])["assessments"], assessment)["criteria"], criterion)


def _given(stage: Stage, key: tuple[str, ...], position: int, data: Data) -> None:
    """Nobody scores twice: what is given again is a correction, which names what it takes the place of."""
    if "supersedes" in data:
        assert stage.opened
        assert not stage.certified
        assert not stage.consolidated
    else:
        assert stage.takes_scores
    assert stage.live.get(key) == data.get("supersedes")
    stage.live[key] = position


@rule("ScoringClosed")
def closed(history: Lawful, _position: int, data: Data) -> None:
    stage = history.stage(data["stage"])
    assert stage.takes_scores
    if not history.reported:
        for team in stage.teams:
            for assessment in history.plan(data["stage"])["assessments"]:
                for criterion in assessment["criteria"]:
                    _require_complete(history, data["stage"], team, f"{assessment['id']}/{criterion['id']}", criterion)
    stage.closed = True


def _require_complete(history: Lawful, name: str, team: str, node: str, criterion: Data) -> None:
    stage, scoring = history.stage(name), criterion["scoring"]
    if scoring["type"] == "measured":
        for benchmark in scoring["benchmarks"]:
            assert ("metric", team, node, benchmark["id"]) in stage.live, (
                f"{team}, {node}: {benchmark['id']} is missing"
            )
    elif scoring["type"] == "judged":
        counting = {
            sheet[3]
            for sheet in stage.live
            if sheet[:3] == ("sheet", team, node)
            and stage.may_judge(sheet[3], team)
            and (team, node, sheet[3]) not in stage.excluded
        }
        quorum = int(_of(history.plan(name)["panels"], scoring["panel"])["quorum"])
        assert len(counting) >= quorum or (team, node) in stage.below_quorum, f"{team}, {node}: {len(counting)} sheets"


@rule("FigureCertified")
def certified(history: Lawful, _position: int, data: Data) -> None:
    stage, figure = history.stage(data["stage"]), data["figure"]
    assert stage.opened
    assert stage.closed or history.reported
    assert not stage.consolidated
    assert {figure["team"]} if "team" in figure else set(figure.get("teams", ())) <= set(stage.teams)
    stage.certified = True


@rule("StageConsolidated", "StageReconsolidated")
def consolidated(history: Lawful, position: int, data: Data) -> None:
    """Standings are settled once; once more after scoring was reopened, in the place of those before."""
    stage = history.stage(data["stage"])
    assert stage.opened
    assert stage.closed or history.reported
    assert not stage.consolidated
    assert data.get("supersedes", 0) == stage.settled
    assert data["position"] < position
    stage.consolidated, stage.settled = True, position


@rule("ScoringReopened")
def reopened(history: Lawful, position: int, data: Data) -> None:
    stage = history.stage(data["stage"])
    assert stage.closed or stage.consolidated
    history.require_no_later_stage(data["stage"])
    if data["objection"] is not None:
        of = [each for (_team, id_), each in history.objections.items() if id_ == data["objection"]]
        upheld = (data["stage"], "score", "upheld")
        assert upheld in [(each["stage"], each["subject"], each.get("outcome")) for each in of]
    if stage.published:
        stage.public_upto = position
    stage.reopened = True
    stage.closed = stage.certified = stage.consolidated = stage.published = False


@rule(
    *("StageConsolidated", "StageReconsolidated", "ScoringReopened", "IndependenceRuled", "DeviationRecorded"),
    *("TeamAdvanced", "TeamEliminated", "TeamWithdrawn", "OutcomeSuperseded"),
)
def agreed_to_something_else(history: Lawful, _position: int, data: Data) -> None:
    if data["stage"] is not None:
        history.stage(data["stage"]).agreed.clear()


@rule("ReleaseAgreed")
def release_agreed(history: Lawful, _position: int, data: Data) -> None:
    """By a joint publisher that had not, and after which others are awaited."""
    stage = history.stage(data["stage"])
    assert stage.consolidated
    assert not stage.published
    assert data["agency"] in history.charter["joint_publishers"]
    assert data["agency"] not in stage.agreed
    stage.agreed.add(data["agency"])
    assert not set(history.charter["joint_publishers"]) <= stage.agreed
    _require_outcomes(history, data["stage"])


@rule("ResultsPublished")
def results_published(history: Lawful, _position: int, data: Data) -> None:
    stage = history.stage(data["stage"])
    assert stage.consolidated
    assert not stage.published
    assert sorted(data["publishers"]) == sorted(history.charter["joint_publishers"])
    assert history.reported or len(set(data["publishers"]) - stage.agreed) <= 1
    stage.agreed.clear()
    _require_outcomes(history, data["stage"])
    stage.published, stage.public_upto = True, FOR_EVER
    history.announced |= {team: (data["stage"], outcome) for team, outcome in stage.outcomes.items()}
    stage.waived.clear()


@rule("StageFinalised")
def finalised(history: Lawful, _position: int, data: Data) -> None:
    stage = history.stage(data["stage"])
    assert stage.published
    assert not [each for each in history.objections.values() if each["stage"] == data["stage"] and not each["decided"]]
    assert not [team for team, review in stage.reviews.items() if review.opened > review.ruled]
    _require_outcomes(history, data["stage"])
    stage.final = True


def _require_outcomes(history: Lawful, name: str) -> None:
    """One of every team, as many eliminated as planned; who advances was ruled independent."""
    stage, planned = history.stage(name), history.plan(name)["eliminate"]
    assert set(stage.teams) <= set(stage.outcomes), "a team has no outcome"
    out = [team for team, outcome in stage.outcomes.items() if outcome == "eliminated"]
    if stage.deviation is not None or planned != "none":
        assert len(out) == int(stage.deviation or planned), f"{out} are eliminated"
    for team, outcome in stage.outcomes.items():
        if outcome == "advanced":
            history.require_independent(name, team)


def _of(parts: list[Any], id_: str) -> Data:
    found: Data = next(each for each in parts if each["id"] == id_)
    return found


@rule("CertificateIssued")
def certificate_issued(history: Lawful, position: int, data: Data) -> None:
    """By a joint publisher, once, of the settlement that is public, under a root that came after its publication."""
    stage = history.stage(data["stage"])
    assert stage.published
    assert data["agency"] in history.charter["joint_publishers"]
    assert data["settlement"] == stage.settled < data["size"] < position
    history.require_once("certificate", data["stage"], data["agency"], str(stage.settled))
