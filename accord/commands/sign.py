"""``accord sign``: a name under the sheet, for a team."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from accord.console import emit, say, show
from accord.exits import guarded
from accord.options import HERE, DebugOption, JsonOption, ProjectOption


@guarded
def sign(
    role: Annotated[Literal["marketing", "sales"], typer.Option("--as", help="The team you sign for.")],
    name: Annotated[str, typer.Option("--name", help="Who signs.")],
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Sign the sheet: the definition with the promise of each grade."""
    from datetime import UTC, datetime

    from accord.project import open_project
    from accord.signing import lines
    from accord.signing import sign as signed

    done = signed(open_project(project), role, name, datetime.now(UTC))
    if done.down is not None:
        say(f"The registry was not told ({done.down}): the signature is kept, `accord promote` tells it.")
    if as_json:
        emit(done.as_dict())
        return
    for line in lines(done.agreement.sheet):
        show(line.replace("[", r"\["))
    given = done.signature
    said = "Signed" if done.new else "Signed already"
    show(f"{said} for {given.role} by {given.name}, {given.signed_at:%d %B %Y %H:%M} UTC.".replace("[", r"\["))
    if done.agreement.missing:
        show(f"Not signed yet by {' and '.join(done.agreement.missing)}.")
    else:
        show("Both teams have signed this sheet.")
    if done.handed_over is not None:
        say(f"Version {done.handed_over} in service has the signature.")
