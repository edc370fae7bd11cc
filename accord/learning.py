"""From a project to a recorded challenger: read, audit, train, evaluate, write the dossier, tell the registry."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from accord.agreement import ANEW, draws_of, grading_kept
from accord.barred import without_barred
from accord.document import DocumentError
from accord.feedback import with_feedback
from accord.project import Opened
from accord.registry import champion_of, store_of
from crm import quarantine
from crm.errors import AccordError, UnavailableError
from crm.history import History, Kind
from crm.sources import Loaded, read
from features.columns import NUMBERS
from models import artifact
from models.definition import Definition
from models.rule_errors import SegmentsError
from models.segments import check_on
from training import arrivals
from training.audit import Audit, audit
from training.audit.page import page as audit_html
from training.card import card
from training.comparison import Champion, forward_rows
from training.dossier import About, DataSource, Dossier, Metric, write
from training.evaluation import Evaluation, evaluate
from training.example import example_row
from training.fit import Trained, learned_from, train
from training.guards import guards
from training.progress import Step, within
from training.promises import measure
from training.report import CHOSEN, Report, page, plots
from training.tracking import Recorded, check, record

_NO_PARAMETERS = {"words", "trees", "reasons", "kinds", "working_hours", "segments"}
"""Settings that are no parameters of a run: lists for people, which the definition keeps."""

_TABLES = ("leads", "accounts", "activities", "milestones", "changes")


@dataclass(frozen=True)
class Learned:
    """What training gave, and where it lies."""

    dossier: Dossier
    report: Report
    loaded: Loaded


def load(opened: Opened) -> Loaded:
    """The project's history, the ledger's feedback in it, without the leads that the ledger bars.

    What was set aside is written to ``.accord/quarantine/history.csv``.
    """
    loaded = without_barred(opened, with_feedback(opened, read(opened.settings.history, opened.folder)))
    opened.state.make()
    opened.state.quarantine.mkdir(exist_ok=True)
    loaded.quarantine.to_csv(opened.state.quarantine / "history.csv", index=False)
    quarantine.counts(loaded.quarantine).to_csv(opened.state.quarantine / "counts.csv", index=False)
    return loaded


def inspect(opened: Opened, loaded: Loaded, step: Step) -> tuple[Audit, Path]:
    """The audit of a history, and its page in ``.accord/reports/audit.html``."""
    definition = opened.settings.definition
    found = audit(
        loaded.history,
        definition,
        opened.settings.audit,
        kept=definition.keep,
        quarantine=loaded.quarantine,
        placeholders=loaded.placeholders,
        step=step,
    )
    report = opened.state.make().reports / "audit.html"
    report.parent.mkdir(exist_ok=True)
    report.write_text(audit_html(found, f"Audit of {opened.settings.name}"), encoding="utf-8")
    return found, report


def learn(opened: Opened, step: Step, *, registry: bool = True, new_cutoffs: bool = False) -> Learned:
    """Everything of a training run but telling the registry, which must answer before the work starts.

    Without ``registry`` it is not asked, and the scorer is not compared with the champion. Grades start where the sheet
    that was signed last says, unless ``new_cutoffs`` are to be frozen.
    """
    project = opened.settings
    grading, graded_by = (None, ANEW) if new_cutoffs else grading_kept(opened)
    champion = _champion(opened, step) if registry else None
    step("Reading the history", 0.02)
    loaded = load(opened)
    found, audit_page = inspect(opened, loaded, within(step, 0.05, 0.15))
    segment(loaded.history, project.definition, found)
    trained = train(
        loaded.history,
        project.definition,
        project.training,
        project.seed,
        blocked=found.blocked,
        grading=grading,
        scores=draws_of(opened),
        step=within(step, 0.15, 0.85),
    )
    methods = (CHOSEN, *trained.backtest.contestants)
    evaluation = evaluate(trained.backtest.table, methods, seed=project.seed, step=within(step, 0.85, 0.93))
    forward = arrivals.forward(trained.backtest.table, loaded.history, project.definition)
    step("Measuring the promises", 0.93)
    history = learned_from(loaded.history, project.definition, found.blocked)
    sheet = measure(trained.scorer, history, forward, project.training)
    step("Writing the report", 0.94)
    guarded = guards(history, trained, project.definition, project.training, found)
    report = Report(project.name, trained, evaluation, found, guarded, sheet)
    files = _pages(opened, report, audit_page)
    step("Writing the dossier", 0.96)
    dossier = write(
        opened.state.make().dossiers,
        trained.scorer,
        _about(opened, loaded.history, trained, evaluation, champion, graded_by),
        forward=forward_rows(trained.backtest.table, loaded.history, champion),
        arrivals=forward,
        audit=found.as_dict(),
        sheet=sheet,
        card=card(project.name, trained, evaluation, found, methods, guarded),
        example=example_row(loaded.history, trained.scorer),
        files=files,
    )
    return Learned(dossier, report, loaded)


def segment(history: History, definition: Definition, found: Audit) -> None:
    """Raises `DocumentError` where a segment's rule makes no sense: no score could tell who is in it."""
    try:
        check_on(history, definition, found.blocked)
    except SegmentsError as wrong:
        raise DocumentError(wrong.problems) from wrong


def _champion(opened: Opened, step: Step) -> Champion | None:
    """The champion, once the registry has answered."""
    store = store_of(opened)
    step("Asking the registry", 0.0)
    try:
        check(store)
    except UnavailableError as error:
        remedy = f"{error.remedy} Or train without it: accord train --later."
        raise UnavailableError(error.message, where=error.where, remedy=remedy) from error
    return champion_of(store, opened.state.dossiers)


def _pages(opened: Opened, report: Report, audit_page: Path) -> dict[str, bytes]:
    """What people look at, by its name in the dossier; the report goes to ``.accord/reports/`` as well."""
    drawn = plots(report)
    html = page(report, drawn).encode()
    (opened.state.reports / "training.html").write_bytes(html)
    told = json.dumps(report.guards.to_json(), indent=1, sort_keys=True, allow_nan=False) if report.guards else "null"
    images = {f"plots/{name}.svg": svg for name, svg in drawn.items()}
    return {
        **images,
        "guards.json": f"{told}\n".encode(),
        "reports/training.html": html,
        "reports/audit.html": audit_page.read_bytes(),
    }


def tell(opened: Opened, dossier: Dossier, step: Step) -> Recorded:
    """Records a dossier as the challenger. Where the registry cannot take it, the error says that nothing is lost."""
    store = store_of(opened)
    try:
        check(store)
        return record(dossier, store, step)
    except AccordError as error:
        remedy = f"The scorer is kept in {dossier.folder}: `accord register` tells the registry later."
        raise type(error)(error.message, where=error.where, remedy=remedy) from error


def _about(
    opened: Opened,
    history: History,
    trained: Trained,
    evaluation: Evaluation,
    champion: Champion | None,
    graded_by: str,
) -> About:
    scorer = trained.scorer
    dates = tuple(date.isoformat() for date in trained.backtest.dates[:-1])
    return About(
        project=opened.settings.name,
        artifact=artifact.hash_of(scorer),
        definition={"name": scorer.definition.name, "version": scorer.definition.version},
        exported_at=history.exported_at.isoformat(),
        parameters=_parameters(opened, trained) | {"grading.from": graded_by},
        metrics=tuple(_metrics(trained, evaluation)),
        data=_source(opened, history, scorer.meta.data),
        dates=dates,
        calibration={str(head): _calibration(evaluation, str(head)) for head in trained.counts},
        used_fields=tuple(sorted({f.field for f in scorer.catalog.features if f.field is not None})),
        champion=champion.version if champion else None,
    )


def _parameters(opened: Opened, trained: Trained) -> dict[str, Any]:
    project = opened.settings
    sections = {"definition": project.definition, "training": project.training}
    parameters = {
        f"{section}.{name}": _text(value)
        for section, settings in sections.items()
        for name, value in settings.model_dump(mode="json", exclude=_NO_PARAMETERS).items()
    }
    parameters |= {f"training.{trees.name}": _text(trees.model_dump(mode="json")) for trees in project.training.trees}
    for head, choice in trained.choices.items():
        parameters |= {
            f"{head}.blend": _text({name: round(share, 4) for name, share in choice.blend.items()}),
            f"{head}.level_days": choice.rule.days,
            f"{head}.level_prior": choice.rule.prior,
            f"{head}.tree_half_life": trained.backtest.tree_half_life[head],
        }
    features = len(trained.scorer.catalog.features)
    return {**parameters, "seed": project.seed, "features": features, "catalog": trained.scorer.catalog.hash}


def _metrics(trained: Trained, evaluation: Evaluation) -> list[Metric]:
    """By date under ``<head>.<metric>``; of all dates together with their interval, for every method."""
    dates = {date: step for step, date in enumerate(trained.backtest.dates)}
    found = []
    for row in evaluation.metrics.itertuples():
        if pd.notna(row.date):
            if row.method == CHOSEN:
                found.append(Metric(f"{row.head}.{row.metric}", row.value, dates[row.date]))
            continue
        method = "" if row.method == CHOSEN else f"{row.method}."
        name = f"{row.head}.all.{method}{row.metric}"
        found += [Metric(name, row.value), Metric(f"{name}.low", row.low), Metric(f"{name}.high", row.high)]
    for head, counted in trained.counts.items():
        found += [
            Metric(f"{head}.snapshots", counted.asked),
            Metric(f"{head}.snapshots.immature", counted.immature),
            Metric(f"{head}.rate", counted.rate.estimate),
        ]
    return [metric for metric in found if pd.notna(metric.value)]


def _calibration(evaluation: Evaluation, head: str) -> Mapping[str, Sequence[float | None]]:
    figures = evaluation.of(head, CHOSEN)
    return {name: [_null(v) for v in figures.loc[name, ["value", "low", "high"]]] for name in ("slope", "intercept")}


def _source(opened: Opened, history: History, digest: str) -> DataSource:
    source = opened.settings.history.source
    place = source.folder or source.database or f"simulated {_text(source.simulated)}"
    kinds = {field.name: "double" if field.kind in NUMBERS - {Kind.DATE} else "string" for field in history.fields}
    rows = {name: len(getattr(history, name)) for name in _TABLES}
    return DataSource(opened.settings.name, place, digest, rows, kinds)


def _null(value: float) -> float | None:
    return None if pd.isna(value) else float(value)


def _text(value: Any) -> Any:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={item}" for key, item in value.items()) or "none"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value)) or "none"
    return value
