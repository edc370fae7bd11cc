"""``accord trial``: each team's own rule, and the score, against what really happened."""

from __future__ import annotations

from accord.console import emit, say, show, steps
from accord.exits import guarded
from accord.options import HERE, DebugOption, JsonOption, LanguageOption, ProjectOption, Tongue


@guarded
def trial(
    project: ProjectOption = HERE,
    language: LanguageOption = Tongue.EN,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Put the rules of marketing and sales on trial, beside the score."""
    from accord.project import open_project
    from accord.trial import hold, write
    from training.trial import as_dict, render

    opened = open_project(project)
    with steps(quiet=as_json) as step:
        found = hold(opened, step)
        step("Writing the pages", 0.9)
        pages = write(opened, found)
    if as_json:
        emit({**as_dict(found, language.value), "pages": pages})
        return
    show(render(found, language.value))
    for path in pages:
        say(f"Page: {path}")
