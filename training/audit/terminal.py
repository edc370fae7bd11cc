"""The audit for the terminal, with rich."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from training.audit.finding import Finding, Severity
from training.audit.run import Audit
from training.audit.subjects import Standing, Subject, subjects

_STYLE = {Severity.BLOCK: "bold red", Severity.ASK: "bold yellow", Severity.NOTE: "cyan"}
_HEADING = {
    Standing.BLOCK: "bold red",
    Standing.KEPT: "bold magenta",
    Standing.ASK: "bold yellow",
    Standing.NOTE: "cyan",
}


def show(audit: Audit, console: Console, *, notes: bool = False) -> None:
    """Print the audit: what was taken out, the questions, and, with ``notes``, everything noted."""
    console.print(render(audit, notes=notes))


def render(audit: Audit, *, notes: bool = False) -> RenderableType:
    """The audit as something rich can print."""
    parts: list[RenderableType] = [_summary(audit)]
    for standing in Standing:
        chosen = [subject for subject in subjects(audit) if subject.standing is standing]
        if not chosen:
            continue
        parts.append(Text(f"\n{standing.value}", style=_HEADING[standing]))
        if standing is Standing.NOTE and not notes:
            parts.append(Padding(Text(_in_short(chosen), style="dim"), (0, 0, 0, 2)))
            continue
        parts += [_subject(subject, notes=notes) for subject in chosen]
    if audit.not_applicable:
        parts.append(Text("\nCould not be asked", style="bold"))
        parts.append(_not_applicable(audit))
    if audit.unused_keeps:
        names = ", ".join(audit.unused_keeps)
        parts.append(Text(f"\nKept in accord.yaml although nothing speaks against them: {names}", style="yellow"))
    return Group(*parts)


def _summary(audit: Audit) -> Text:
    questions = sum(subject.standing is Standing.ASK for subject in subjects(audit))
    text = Text()
    text.append("Audit", style="bold")
    text.append(
        f" of {audit.leads:,} leads and {audit.fields} fields: {len(audit.checks_run)} checks ran, "
        f"{_counted(len(audit.blocked), 'field')} taken out, {_counted(questions, 'question')} for a person."
    )
    return text


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing if number == 1 else thing + 's'}"


def _subject(subject: Subject, *, notes: bool) -> RenderableType:
    lines: list[RenderableType] = []
    name = Text(subject.title, style="bold")
    if subject.kept:
        name.append(f"  {subject.kept}", style="magenta")
    lines.append(name)
    shown = [f for f in subject.findings if notes or f.severity is subject.severity]
    lines += [Padding(_finding(finding), (0, 0, 0, 2)) for finding in shown]
    also = [finding.code for finding in subject.findings if finding not in shown]
    if also:
        lines.append(Padding(Text(f"also: {', '.join(also)}", style="dim"), (0, 0, 0, 2)))
    return Padding(Group(*lines), (0, 0, 0, 2))


def _finding(finding: Finding) -> Text:
    text = Text.from_markup(f"[{_STYLE[finding.severity]}]{finding.code}[/] {escape(finding.evidence)}")
    if finding.question:
        text.append(f" {finding.question}", style="italic")
    return text


def _in_short(chosen: list[Subject]) -> str:
    by_code: dict[str, list[str]] = {}
    for subject in chosen:
        for finding in subject.findings:
            by_code.setdefault(finding.code, []).append(finding.field or "the history")
    return "\n".join(f"{code}: {', '.join(dict.fromkeys(names))}" for code, names in by_code.items())


def _not_applicable(audit: Audit) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    for check, reason in audit.not_applicable:
        table.add_row(Text(check.code, style="dim"), Text(reason, style="dim"))
    return table
