"""``accord score``: scores in bulk, from a file of leads or from the project's own history."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from accord.console import emit, say, show, steps
from accord.exits import MisuseError, guarded
from accord.options import HERE, DebugOption, JsonOption, ProjectOption, Tongue

if TYPE_CHECKING:
    from accord.recorded import Recorded


class Which(StrEnum):
    """Which scorer to ask."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"


@guarded
def score(
    leads: Annotated[
        Path | None, typer.Argument(metavar="[IN]", help="CSV or Parquet, shaped like the export's table of leads.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="OUT", help="Where to write: .csv, .csv.gz or .parquet.")
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="Score the project's own undecided leads, also when IN is not given.")
    ] = False,
    reasons: Annotated[int, typer.Option(min=0, max=10, help="Reasons a lead gets at most; they cost time.")] = 0,
    stories: Annotated[
        bool, typer.Option("--stories", help="Tell each score's story in columns why, who and how; it costs time.")
    ] = False,
    language: Annotated[Tongue, typer.Option(help="The language of reasons and stories.")] = Tongue.EN,
    as_of: Annotated[
        datetime | None,
        typer.Option(help="Score as of this instant, UTC. Default: now for IN, the export for the history."),
    ] = None,
    scorer: Annotated[Which, typer.Option(help="Which scorer to ask.")] = Which.CHAMPION,
    record: Annotated[
        bool, typer.Option("--record", help="Also put the scores into the ledger, as given to `accord score`.")
    ] = False,
    chunk: Annotated[int, typer.Option(min=1, help="Leads in memory at a time; changes no score.")] = 10_000,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Score many leads at once, into a file."""
    from accord.bulk import Asked, score_file, score_history, set_aside
    from accord.project import open_project
    from accord.promotion import scorer_of
    from accord.recorded import Recorded

    if out is None:
        raise MisuseError("Where should the scores go?", remedy="Name a file: accord score IN -o scores.csv")
    if leads is not None and history:
        raise MisuseError("IN and --history exclude each other.", remedy="Leave one of them out.")
    opened = open_project(project)
    chosen = scorer_of(opened, str(scorer))
    asked = Asked(reasons, language.value, _instant(as_of), chunk, stories)
    recorded = Recorded(opened, chosen) if record else None
    with steps(quiet=as_json) as step:
        if leads is None:
            tally = score_history(opened, chosen, out, asked, step, recorded)
        else:
            tally = score_file(opened, chosen, leads, out, asked.at(datetime.now(UTC)), step, recorded)
    if recorded is not None:
        recorded.finish()
    problems = set_aside(tally)
    if as_json:
        emit({"out": out, "scored": tally.scored, "grades": tally.grades, "set_aside": problems, **_told(recorded)})
        return
    show(f"{tally.scored:,} leads scored: {out}")
    if recorded is not None:
        show(f"{recorded.rows:,} scores put into the ledger.")
    for problem in problems:
        example = "" if problem["example"] is None else f", such as {problem['example']}"
        say(f"  {problem['rows']:,} x {problem['rule']} ({problem['column']}){example}: {_fate(problem)}")
    if problems:
        say(f"  Each row with what was wrong: {opened.state.quarantine / 'score.csv'}")


def _told(recorded: Recorded | None) -> dict[str, int]:
    return {} if recorded is None else {"recorded": recorded.rows}


def _instant(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(tzinfo=at.tzinfo or UTC)


def _fate(problem: dict[str, object]) -> str:
    return "not scored" if problem["fate"] == "set_aside" else "scored without this value"
