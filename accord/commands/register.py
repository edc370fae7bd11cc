"""``accord register``: tells the registry of a scorer that was trained while it was down."""

from __future__ import annotations

from accord.console import emit, say, steps
from accord.exits import RefusedError, guarded
from accord.options import HERE, DebugOption, JsonOption, ProjectOption


@guarded
def register(project: ProjectOption = HERE, as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """Register the scorer trained last as the challenger, when training could not."""
    from accord.learning import tell
    from accord.project import open_project
    from training.dossier import newest

    opened = open_project(project)
    dossier = newest(opened.state.dossiers)
    if dossier is None:
        raise RefusedError("There is nothing to register.", reasons=("Nothing has been trained here yet.",))
    with steps(quiet=as_json) as step:
        recorded = tell(opened, dossier, step)
    if as_json:
        emit({"version": recorded.version, "run_id": recorded.run_id, "new": recorded.new})
    else:
        say(f"Challenger: version {recorded.version}. Next: `accord sign`, then `accord promote`.")
