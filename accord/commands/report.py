"""``accord report``: whether promises are kept, what was lost, how the teams do together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from accord.console import emit, say, show, steps
from accord.exits import MisuseError, guarded
from accord.options import HERE, DebugOption, JsonOption, LanguageOption, ProjectOption, Tongue

NamesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]…", help="Which reports; all without a name.", show_default=False)
]
SinceOption = Annotated[
    datetime | None,
    typer.Option(
        "--since",
        metavar="DATE",
        formats=["%Y-%m-%d"],
        help="Leads handed over from this day on (UTC). [default: since the scorer in service learned]",
        show_default=False,
    ),
]


@guarded
def report(
    names: NamesArgument = None,
    project: ProjectOption = HERE,
    since: SinceOption = None,
    language: LanguageOption = Tongue.EN,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Report on the leads handed over: promises kept, quality, what was lost, and how the teams do together."""
    from accord.project import open_project
    from accord.review import build, gather, write
    from training.pages.document import as_dict, terminal
    from training.progress import within
    from training.review.reports import REPORTS

    chosen = list(dict.fromkeys(names or REPORTS))
    unknown = [name for name in chosen if name not in REPORTS]
    if unknown:
        raise MisuseError("There is no such report.", got=", ".join(unknown), expected=", ".join(REPORTS))
    opened = open_project(project)
    with steps(quiet=as_json) as step:
        found = gather(opened, within(step, 0.0, 0.6), None if since is None else since.replace(tzinfo=UTC))
        step("Making the reports", 0.6)
        told = dict(build(found, chosen, opened.settings.seed, language.value))
        pages = write(opened, found, chosen, within(step, 0.7, 1.0))
    empty = [name for name, document in told.items() if document is None]
    if as_json:
        documents = {name: as_dict(d, language.value) for name, d in told.items() if d is not None}
        emit({"reports": documents, "nothing_to_report": empty, "notes": found.notes, "pages": pages})
        return
    for document in told.values():
        if document is not None:
            show(terminal(document))
            show("")
    for name in empty:
        say(f"Nothing to report: {name}.")
    for page in pages:
        say(f"Page: {page}")
