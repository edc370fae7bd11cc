"""A service as Prometheus sees it over weeks, sample by sample, for promtool: all well, or one thing gone wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

Expected = Sequence[tuple[str, int, list[dict[str, Any]]]]
"""The alerts of a name at a minute, each ``{"exp_labels", "exp_annotations"}``."""

HOUR, DAY = 60, 24 * 60
WEEK = 7 * DAY
JOB = 'job="accord", instance="a:3000"'
GRADES = {"A": 0.1, "B": 0.2, "C": 0.3, "D": 0.4}


def series(name: str, labels: str = "") -> str:
    """The name of a series of the service."""
    return f"{name}{{{JOB}{', ' if labels else ''}{labels}}}"


@dataclass
class World:
    """Every sample of every series, one each ``step`` minutes, from the midnight that a Thursday begins with."""

    minutes: int
    step: int
    samples: dict[str, Values] = field(default_factory=dict)

    @property
    def at(self) -> Values:
        """The minute of each sample."""
        return np.arange(0, self.minutes + 1, self.step, dtype=np.float64)

    def set(self, name: str, values: Values | float, labels: str = "", since: float = 0) -> None:
        """A gauge takes these values from a minute on."""
        key = series(name, labels)
        before = self.samples.get(key, np.full(len(self.at), np.nan))
        self.samples[key] = np.where(self.at >= since, values, before)

    def count(self, name: str, per_hour: Values | float, labels: str = "", since: float = 0) -> None:
        """A counter grows at these rates from a minute on."""
        key = series(name, labels)
        before = np.diff(self.samples[key], prepend=0) if key in self.samples else np.zeros(len(self.at))
        grown = np.where(self.at >= since, np.broadcast_to(per_hour, len(self.at)) * self.step / HOUR, before)
        grown[0] = 0
        self.samples[key] = np.cumsum(grown)

    def drop(self, name: str, labels: str = "", since: float = 0) -> None:
        """A series ends."""
        self.set(name, np.nan, labels, since)

    def input_series(self) -> list[dict[str, str]]:
        """As promtool reads it."""
        return [{"series": key, "values": " ".join(map(_text, values))} for key, values in self.samples.items()]


def office_hours(at: Values) -> npt.NDArray[np.bool_]:
    """From eight to six, Monday to Friday."""
    day = at // DAY % 7
    hour = at % DAY / HOUR
    return np.asarray((day != 2) & (day != 3) & (hour >= 8) & (hour < 18))


def well(minutes: int, step: int = 1) -> World:
    """A service over so many minutes of which nothing is wrong, with its nights and weekends."""
    world = World(minutes, step)
    open_ = office_hours(world.at)
    leads = np.where(open_, 120.0, 2.0)
    world.set("up", 1)
    world.set("accord_ready", 1)
    world.count("accord_requests_total", leads, 'route="/v1/scores", status="200"')
    world.count("accord_requests_total", 240, 'route="/readyz", status="200"')
    for status in ("500", "503"):
        world.count("accord_requests_total", 0, f'route="/v1/scores", status="{status}"')
    world.count("accord_requests_total", leads / 50, 'route="/v1/scores", status="422"')
    for bound, share in {"0.005": 0.6, "0.05": 0.99, "0.5": 1, "1.0": 1, "2.5": 1, "+Inf": 1}.items():
        world.count("accord_request_seconds_bucket", leads * share, f'route="/v1/scores", le="{bound}"')
    world.count("accord_request_leads_sum", leads * 1.02)
    world.count("accord_request_leads_count", leads)
    world.count("accord_errors_total", leads / 50, 'of="lead", kind="type"')
    world.count("accord_errors_total", leads / 4, 'of="lead", kind="decided"')
    for rank, (grade, share) in enumerate(GRADES.items(), 1):
        world.set("accord_grade_rank", rank, f'grade="{grade}"')
        world.count("accord_scores_total", leads * share, f'grade="{grade}"')
    world.count("accord_scores_uninformed_total", leads * 0.15)
    world.count("accord_takeovers_total", 0, 'outcome="failed"')
    world.count("accord_takeovers_total", 1 / 24, 'outcome="done"')
    world.set("accord_model_age_seconds", 40 * 86400 + world.at * 60)
    world.set("accord_model_info", 1, _model("12", "true"))
    for outcome, share in {"accepted": 0.5, "rejected": 0.4, "won": 0.1}.items():
        world.count("accord_feedback_total", np.where(open_, 6 * share, 0), f'outcome="{outcome}"')
    world.set("accord_ledger_up", 1)
    world.set("accord_ledger_backlog_rows", np.where(open_, world.at % 7, 0))
    world.count("accord_ledger_delivered_total", leads, 'table="scores"')
    world.count("accord_ledger_lost_rows_total", 0)
    world.set("accord_check_age_seconds", (world.at * 60) % 86400)
    for grade in GRADES:
        world.set("accord_promise_broken", 0, f'grade="{grade}", what="close"')
    world.set("accord_check_findings", 3, 'kind="fields_moved", severity="note"')
    world.count("accord_refused_total", 4, 'why="unknown"')
    world.count("accord_refused_total", 2, 'why="rate"')
    return world


@dataclass(frozen=True)
class Scenario:
    """One thing that goes wrong in a world that is well: what is raised by minute ``at``, and nothing at ``before``.

    ``labels`` beside the job and the severity.
    """

    alert: str
    wrong: Callable[[World], None]
    before: int
    at: int
    summary: str
    severity: str = "warning"
    labels: dict[str, str] = field(default_factory=dict)
    minutes: int = 3 * HOUR
    step: int = 1
    job: bool = True


INSTANCE = {"instance": "a:3000"}
NOON = 12 * HOUR


def _model(version: str, signed: str) -> str:
    return f'version="{version}", stored="s{version}", definition="lead", definition_version="9f2c", signed="{signed}"'


def _no_more_scores(world: World, since: float, share: float = 0.0) -> None:
    leads = np.where(office_hours(world.at), 120 * share, 0)
    for grade, usual in GRADES.items():
        world.count("accord_scores_total", leads * usual, f'grade="{grade}"', since)


def _no_more_feedback(world: World, since: float, share: float = 0.0) -> None:
    for outcome in ("accepted", "rejected", "won"):
        world.count(
            "accord_feedback_total", np.where(office_hours(world.at), 2 * share, 0), f'outcome="{outcome}"', since
        )


def _failing(world: World) -> None:
    world.count("accord_requests_total", 60, 'route="/v1/scores", status="500"', HOUR)


def _slow(world: World) -> None:
    world.count("accord_request_seconds_bucket", 120 * 0.9, 'route="/v1/scores", le="1.0"', HOUR)
    for bound in ("2.5", "+Inf"):
        world.count("accord_request_seconds_bucket", 120, f'route="/v1/scores", le="{bound}"', HOUR)
    for bound in ("0.005", "0.05", "0.5"):
        world.count("accord_request_seconds_bucket", 60, f'route="/v1/scores", le="{bound}"', HOUR)


def _gone(world: World) -> None:
    for name in list(world.samples):
        world.samples[name] = np.where(world.at >= HOUR, np.nan, world.samples[name])


def _two_versions(world: World) -> None:
    other = series("accord_model_info", _model("11", "true")).replace("a:3000", "b:3000")
    world.samples[other] = np.where(world.at >= HOUR, 1.0, np.nan)


def _unsigned(world: World) -> None:
    world.drop("accord_model_info", _model("12", "true"), HOUR)
    world.set("accord_model_info", 1, _model("13", "false"), since=HOUR)


def _inflated(world: World) -> None:
    leads = np.where(office_hours(world.at), 120.0, 2.0)
    for grade, share in {"A": 0.3, "B": 0.2, "C": 0.2, "D": 0.3}.items():
        world.count("accord_scores_total", leads * share, f'grade="{grade}"', 4 * WEEK)


def _uninformed(world: World) -> None:
    leads = np.where(office_hours(world.at), 120.0, 2.0)
    world.count("accord_scores_uninformed_total", leads * 0.5, since=3 * WEEK)


def _alarm(kind: str) -> Callable[[World], None]:
    return lambda world: world.set("accord_check_findings", 2, f'kind="{kind}", severity="alarm"', HOUR)


def _broken(what: str) -> Callable[[World], None]:
    return lambda world: world.set("accord_promise_broken", 1, f'grade="A", what="{what}"', HOUR)


def _promise(what: str, said: str) -> Scenario:
    summary = f"Grade A does not keep its promise: {said}."
    return Scenario(
        "AccordPromiseBroken", _broken(what), HOUR - 1, HOUR + 1, summary, labels={"grade": "A", "what": what}
    )


def _found(kind: str, summary: str) -> Scenario:
    return Scenario("AccordCheckFound", _alarm(kind), HOUR - 1, HOUR + 1, summary, labels={"kind": kind})


WRONG: Sequence[Scenario] = (
    Scenario(
        "AccordDown",
        lambda world: world.set("up", 0, since=HOUR),
        HOUR + 1,
        HOUR + 3,
        "The scoring service a:3000 does not answer.",
        "critical",
        INSTANCE,
    ),
    Scenario(
        "AccordGone", _gone, HOUR, HOUR + 11, "Nobody watches the scoring service any more.", "critical", job=False
    ),
    Scenario(
        "AccordNotReady",
        lambda world: world.set("accord_ready", 0, since=HOUR),
        HOUR + 1,
        HOUR + 3,
        "The service a:3000 runs but has no scorer: every request is refused.",
        "critical",
        INSTANCE,
    ),
    Scenario(
        "AccordFailing", _failing, HOUR, HOUR + 20, "96.71% of the requests of the last 15 minutes failed.", "critical"
    ),
    Scenario(
        "AccordSlow",
        _slow,
        HOUR + 5,
        HOUR + 30,
        "One request for scores in a hundred takes longer than 2.35s.",
    ),
    Scenario(
        "AccordLeadsRefused",
        lambda world: world.count("accord_errors_total", 40, 'of="lead", kind="type"', NOON),
        NOON + 5,
        NOON + 70,
        "32.68% of the leads of the last hour came in a form that cannot be scored.",
        minutes=NOON + 3 * HOUR,
    ),
    Scenario(
        "AccordRequestsRefused",
        lambda world: world.count("accord_requests_total", 60, 'route="/v1/scores", status="422"', NOON),
        NOON + 5,
        NOON + 70,
        "33.33% of the requests of the last hour could not be read.",
        minutes=NOON + 3 * HOUR,
    ),
    Scenario(
        "AccordTakeoverFailed",
        lambda world: world.count("accord_takeovers_total", 120, 'outcome="failed"', HOUR),
        HOUR - 1,
        HOUR + 1,
        "The service a:3000 could not take a newly promoted scorer over; the one before goes on.",
        labels=INSTANCE,
    ),
    Scenario(
        "AccordVersionsDiffer",
        _two_versions,
        HOUR + 10,
        HOUR + 16,
        "2 versions of the scorer serve at the same time.",
    ),
    Scenario(
        "AccordModelOld",
        lambda world: world.set("accord_model_age_seconds", 101 * 86400, since=HOUR),
        HOUR + 30,
        2 * HOUR + 1,
        "The scorer learned from an export that is 101d 0h 0m 0s old.",
    ),
    Scenario(
        "AccordUnsigned",
        _unsigned,
        HOUR + 30,
        2 * HOUR + 1,
        "The definition in service (lead) is not signed by both teams.",
        "info",
        {"definition": "lead"},
    ),
    Scenario(
        "AccordScoresFewer",
        lambda world: _no_more_scores(world, 3 * WEEK + 4 * DAY + NOON, 0.1),
        3 * WEEK + 4 * DAY + NOON,
        3 * WEEK + 4 * DAY + NOON + 3 * HOUR,
        "Far fewer scores are asked for than usual at this hour: 24 in two hours.",
        minutes=3 * WEEK + 5 * DAY,
        step=HOUR,
    ),
    Scenario(
        "AccordScoresStopped",
        lambda world: _no_more_scores(world, WEEK),
        WEEK + 2 * DAY,
        WEEK + 3 * DAY + HOUR,
        "Nobody has asked for a score for three days.",
        minutes=WEEK + 4 * DAY,
        step=HOUR,
    ),
    Scenario(
        "AccordFeedbackFewer",
        lambda world: _no_more_feedback(world, 3 * WEEK + 4 * DAY + 8 * HOUR, 0.1),
        3 * WEEK + 4 * DAY + 8 * HOUR,
        3 * WEEK + 4 * DAY + 20 * HOUR,
        "Sales tells far less than usual: 6 reports in a day.",
        minutes=3 * WEEK + 5 * DAY,
        step=HOUR,
    ),
    Scenario(
        "AccordFeedbackStopped",
        lambda world: _no_more_feedback(world, WEEK),
        WEEK + 6 * DAY,
        WEEK + 7 * DAY + HOUR,
        "No feedback from sales for a week, while leads are still scored.",
        minutes=2 * WEEK + DAY,
        step=HOUR,
    ),
    Scenario(
        "AccordUninformed",
        _uninformed,
        3 * WEEK,
        3 * WEEK + DAY + HOUR,
        "50% of today's scores rest on too little information, twice as many as usual.",
        minutes=3 * WEEK + 2 * DAY,
        step=HOUR,
    ),
    Scenario(
        "AccordInflation",
        _inflated,
        4 * WEEK,
        5 * WEEK,
        "30% of this week's leads got the best grade, far more than before.",
        minutes=5 * WEEK,
        step=HOUR,
    ),
    Scenario(
        "AccordLedgerDown",
        lambda world: world.set("accord_ledger_up", 0, since=HOUR),
        HOUR + 9,
        HOUR + 11,
        "The service a:3000 cannot reach its ledger.",
        labels=INSTANCE,
    ),
    Scenario(
        "AccordLedgerBacklogGrows",
        lambda world: world.set("accord_ledger_backlog_rows", (world.at - HOUR) * 100, since=HOUR),
        HOUR + 30,
        HOUR + 50,
        "5k rows wait on a:3000 to be written to the ledger, and they become more.",
        "critical",
        INSTANCE,
    ),
    Scenario(
        "AccordLedgerRowsLost",
        lambda world: world.count("accord_ledger_lost_rows_total", 60, since=HOUR),
        HOUR - 1,
        HOUR + 1,
        "The service a:3000 is losing rows of the ledger.",
        "critical",
        INSTANCE,
    ),
    Scenario(
        "AccordLedgerRowsSetAside",
        lambda world: world.set("accord_ledger_aside_rows_total", 1, 'reason="refused"', HOUR),
        HOUR - 1,
        HOUR + 1,
        "The ledger refused rows of a:3000; they were set aside.",
        labels=INSTANCE,
    ),
    _promise("close", "the share that is closed"),
    _promise("accept", "the share that sales accepts"),
    _promise("per_week", "the leads a week"),
    Scenario(
        "AccordCalibrationOff", _alarm("calibration_off"), HOUR - 1, HOUR + 1, "The probabilities no longer come true."
    ),
    Scenario(
        "AccordDrift",
        _alarm("scores_moved"),
        HOUR - 1,
        HOUR + 1,
        "The leads that come in are no longer like those the scorer learned from.",
    ),
    _found("data_stopped", "Data of the CRM or the service stopped coming."),
    _found("export_old", "The export of the CRM is too old to judge by."),
    _found("inflated", "The best grade is given more often and closes less."),
    _found("ledger_silent", "The last check raised an alarm: ledger_silent."),
    Scenario(
        "AccordCheckOld",
        lambda world: world.set("accord_check_age_seconds", 3 * 86400, since=HOUR),
        HOUR + 30,
        2 * HOUR + 1,
        "The last check was run 3d 0h 0m 0s ago: nobody looks whether promises are kept.",
    ),
    Scenario(
        "AccordCheckOld",
        lambda world: world.set("accord_check_age_seconds", np.inf, since=HOUR),
        HOUR + 30,
        2 * HOUR + 1,
        "No check was ever run: nobody looks whether promises are kept.",
    ),
    Scenario(
        "AccordKeysRefused",
        lambda world: world.count("accord_refused_total", 1200, 'why="unknown"', HOUR),
        HOUR,
        HOUR + 10,
        "200 requests without a valid key in ten minutes.",
    ),
    Scenario(
        "AccordCallersLimited",
        lambda world: world.count("accord_refused_total", 1200, 'why="rate"', HOUR),
        HOUR + 10,
        HOUR + 30,
        "A caller asks more often than its key allows: 300 requests were put off.",
    ),
)


def _three_busy_one_quiet(world: World) -> None:
    """The quiet week was the second: a holiday; this Monday is as quiet."""
    for start, end in ((2 * WEEK + 4 * DAY, 2 * WEEK + 5 * DAY), (3 * WEEK + 4 * DAY, world.minutes)):
        holiday = (world.at >= start) & (world.at < end)
        for grade, share in GRADES.items():
            usual = np.where(office_hours(world.at), 120.0, 2.0)
            world.count("accord_scores_total", np.where(holiday, 2.0, usual) * share, f'grade="{grade}"', start)


def _status(code: str) -> str:
    return f'route="/v1/scores", status="{code}"'


def _briefly(world: World) -> None:
    _two_versions(world)
    for key in world.samples:
        if "b:3000" in key:
            world.samples[key] = np.where(world.at > HOUR + 5, np.nan, world.samples[key])


def _never_any(world: World) -> None:
    for key in [key for key in world.samples if key.startswith("accord_feedback_total")]:
        del world.samples[key]


@dataclass(frozen=True)
class Quiet:
    """Something unusual that is no reason for this alert."""

    alert: str
    unusual: Callable[[World], None]
    at: int
    minutes: int = 3 * HOUR
    step: int = 1


UNUSUAL: Sequence[Quiet] = (
    Quiet(  # a holiday came before: the week after it is no measure, and neither is one like it
        "AccordScoresFewer", _three_busy_one_quiet, 3 * WEEK + 4 * DAY + NOON, 3 * WEEK + 4 * DAY + 18 * HOUR, HOUR
    ),
    Quiet(  # one failure in an hour of little traffic
        "AccordFailing",
        lambda world: world.count("accord_requests_total", np.where(world.at == HOUR, 60, 0), _status("500"), HOUR),
        HOUR + 10,
    ),
    Quiet(  # the CRM sends everything every night, decided leads too
        "AccordLeadsRefused",
        lambda world: world.count("accord_errors_total", 100, 'of="lead", kind="decided"', NOON),
        NOON + 2 * HOUR,
        NOON + 3 * HOUR,
    ),
    Quiet(  # a worker or a machine takes a scorer over a little later than the others
        "AccordVersionsDiffer", _briefly, HOUR + 14
    ),
    Quiet(  # a backlog that shrinks: the database is back
        "AccordLedgerBacklogGrows",
        lambda world: world.set("accord_ledger_backlog_rows", 20000 - (world.at - HOUR) * 100, since=HOUR),
        2 * HOUR + 40,
    ),
    Quiet(  # nobody ever posted feedback here: it comes with the export
        "AccordFeedbackStopped", _never_any, WEEK + 7 * DAY + HOUR, 2 * WEEK + DAY, HOUR
    ),
    Quiet(  # a role that may not read something is no stranger
        "AccordKeysRefused", lambda world: world.count("accord_refused_total", 1200, 'why="role"', HOUR), HOUR + 30
    ),
    Quiet(  # notes are for those who read the check
        "AccordDrift",
        lambda world: world.set("accord_check_findings", 9, 'kind="fields_moved", severity="note"', HOUR),
        HOUR + 30,
    ),
)


def _text(value: float) -> str:
    if np.isnan(value):
        return "_"
    return "Inf" if np.isinf(value) else f"{value:.12g}"


def as_test(world: World, expected: Expected) -> dict[str, Any]:
    """A test of promtool."""
    asked = [{"alertname": name, "eval_time": f"{at}m", "exp_alerts": alerts} for name, at, alerts in expected]
    return {"interval": f"{world.step}m", "input_series": world.input_series(), "alert_rule_test": asked}
