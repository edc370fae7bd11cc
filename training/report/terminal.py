"""The report for the terminal, with rich."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from training.guards import Guards
from training.negotiation import moved, say_moved
from training.report.facts import Report, chosen, figures, headlines, warnings
from training.report.guards import accounts_said, accounts_tables, persons_said, protected_said
from training.report.words import CHOSEN, HEADS, METRICS, between, method, number, percent
from training.sheets import promise_in_words


def render(report: Report) -> RenderableType:
    """The report as something rich can print: warnings first, then each head."""
    parts: list[RenderableType] = [_opening(report)]
    if said := warnings(report):
        parts.append(Text("\nBefore you trust a figure", style="bold yellow"))
        parts += [_point(text) for text in said]
    for head in report.heads:
        parts.append(Text(f"\n{HEADS[head][0]}", style="bold"))
        parts += [_point(text) for text in headlines(report, head)]
        parts += [_beside(report, head), _young(report, head), _choice(report, head)]
    if report.guards is not None:
        parts += _guards(report.guards)
    parts += [Text("\nWhat each grade promises", style="bold"), *(_point(text) for text in _promises(report))]
    if report.audit is not None and report.audit.blocked:
        parts.append(Text(f"\nTaken out by the audit: {', '.join(sorted(report.audit.blocked))}."))
    return Group(*parts)


def _guards(found: Guards) -> list[RenderableType]:
    said = [*accounts_said(found.accounts), *persons_said(found), *protected_said(found)]
    parts: list[RenderableType] = [Text("\nGuards", style="bold")]
    parts += [Padding(Text(f"• {text}"), (0, 0, 0, 2)) for text in said]
    for told in accounts_tables(found.accounts):
        table = Table(*told.columns, box=None, padding=(0, 1), pad_edge=False, title=told.title, title_justify="left")
        for row in told.rows:
            table.add_row(*row)
        parts.append(Padding(table, (1, 0, 0, 2)))
    return parts


def _opening(report: Report) -> Text:
    dates = report.trained.backtest.dates
    how = (
        f"judged forward in time from {len(dates) - 1} past dates ({dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d})"
        if dates
        else "judged on random parts of the leads, for want of times"
    )
    return Text.assemble((report.name, "bold"), f", definition {report.definition.short_version}: {how}.")


def _point(text: str) -> RenderableType:
    return Padding(Text(f"• {text}"), (0, 0, 0, 2))


def _promises(report: Report) -> Iterator[str]:
    """A line for each grade, then what a grade kept from an earlier grading takes beside what sales can work."""
    sheet = report.sheet
    if sheet is None:
        yield "Nothing: a history without times has no next weeks to promise for, so there is no sheet."
        return
    for promise in sheet.promises:
        yield f"{promise.grade}: {promise_in_words(sheet, promise, 'en')}"
    yield from say_moved(moved(sheet, sheet.definition), "en")


def _beside(report: Report, head: str) -> RenderableType:
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    table.add_column("on the same rows")
    for name, _ in METRICS.values():
        table.add_column(name, justify="right")
    for name in report.methods:
        found = figures(report, head, name)
        cells = [_cell(metric, row, interval=name == CHOSEN) for metric, row in found.iterrows()]
        table.add_row(method(name), *cells, style="bold" if name == CHOSEN else "")
    return Padding(table, (1, 0, 0, 2))


def _cell(metric: object, row: object, *, interval: bool) -> Text:
    digits = {"log_loss": 4, "brier": 4, "lift": 2, "slope": 2, "intercept": 2}.get(str(metric), 3)
    value, low, high = (float(row[name]) for name in ("value", "low", "high"))  # type: ignore[index]
    cell = Text(number(value, digits))
    if interval:
        cell.append(f"\n{between(low, high, digits).replace(' ', '')}", style="dim not bold")
    return cell


def _young(report: Report, head: str) -> RenderableType:
    counted, rate = report.counted(head), report.counted(head).rate
    if not report.timed:
        said = (
            f"Without times all {counted.asked:,} leads count as settled, those that have said nothing yet as failures."
        )
        return Padding(Text(said), (1, 0, 0, 2))
    text = (
        f"{counted.immature:,} of {counted.asked:,} snapshots were too young to judge; weighted, not dropped: "
        f"{percent(rate.estimate, 1)} {HEADS[head][1]} ({percent(rate.low, 1)} to {percent(rate.high, 1)}); dropping "
        f"them would say {percent(rate.dropped, 1)}, calling them failures {percent(rate.as_failures, 1)}."
    )
    return Padding(Text(text), (1, 0, 0, 2))


def _choice(report: Report, head: str) -> RenderableType:
    said = chosen(report, head)
    return Padding(
        Text(f"Chosen: {said['blend']}; level {said['recent level']}; {said['calibration']}.", style="dim"),
        (0, 0, 0, 2),
    )
