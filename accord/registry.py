"""The registry's view of who serves: champion, challenger, and the champions before, so that one can go back."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from accord.project import Opened
from models.agreement import Agreement, Signature
from models.sheet import ROLES
from training.comparison import Champion
from training.tracking import CHAMPION, MODEL, Store, connected, dossier_of

LINE_TAG = "accord.champions"
"""Tag of the registered model: its champions in order as a JSON list of versions, the one in service last."""

_LONGEST = 4_000  # characters of a tag that every MLflow backend takes

LEFT_TAG = "accord.champion.left"
"""Tag of the registered model: the champion that the last way back left."""


def store_of(opened: Opened) -> Store:
    """The project's MLflow store; the embedded one keeps its artifacts in the project's state."""
    uri = opened.tracking_uri
    embedded = uri == opened.state.tracking_uri
    if embedded:
        opened.state.make()
    return Store(uri, opened.settings.tracking.experiment, opened.state.artifacts if embedded else None)


def version_at(store: Store, alias: str) -> str | None:
    """The version that an alias names; None where it names none. A store that is down is told within seconds."""
    with connected(store, patient=False) as client:
        return _version_at(client, alias)


def champion_of(store: Store, dossiers: Path) -> Champion | None:
    """The scorer in service, as the registry knows it; None where there is none yet."""
    version = version_at(store, CHAMPION)
    if version is None:
        return None
    dossier = dossier_of(version, store, dossiers)
    return Champion(dossier.scorer(), version, pd.Timestamp(dossier.about.exported_at))


def crown(store: Store, version: str) -> None:
    """Makes a version the champion. Doing it again changes nothing; cut short, doing it again completes it."""
    with connected(store) as client:
        champion, line = _version_at(client, CHAMPION), _line(client)
        line = _before(line, champion) + ([champion] if champion else [])
        if line[-1:] != [version]:
            _tag(client, LINE_TAG, [*line, version])
        client.set_registered_model_alias(MODEL, CHAMPION, version)


def uncrown(store: Store, serving: str | None) -> tuple[str, str] | None:
    """Makes the champion before this one champion again: its version and the one that left; None where there is none.

    ``serving`` is the version in the service's store: where it is the one that left last, this completes a way back
    that was cut short, and goes no further.
    """
    with connected(store) as client:
        champion, line = _version_at(client, CHAMPION), _line(client)
        left = client.get_registered_model(MODEL).tags.get(LEFT_TAG) if champion else None
        if champion is None:
            return None
        if left is not None and line[-1:] == [champion] and serving == left != champion:
            return champion, left
        line = _before(line, champion)
        if not line:
            return None
        client.set_registered_model_tag(MODEL, LEFT_TAG, champion)
        _tag(client, LINE_TAG, line)
        client.set_registered_model_alias(MODEL, CHAMPION, line[-1])
        return line[-1], champion


def note_agreement(store: Store, version: str, agreement: Agreement) -> None:
    """Writes a sheet and its signatures to the run of a version and as tags of both. Doing it again writes it anew."""
    signed = {f"accord.signed.{role}": _who(agreement.signed_as(role)) for role in ROLES}
    tags = {"accord.sheet": agreement.sheet.hash, "accord.signed": str(agreement.complete).lower(), **signed}
    with connected(store) as client:
        run_id = str(client.get_model_version(MODEL, version).run_id)
        client.log_dict(run_id, agreement.sheet.to_json(), "agreement/sheet.json")
        client.log_dict(
            run_id, {"signatures": [s.to_json() for s in agreement.signatures]}, "agreement/signatures.json"
        )
        for name, value in tags.items():
            client.set_tag(run_id, name, value)
            client.set_model_version_tag(MODEL, version, name, value)


def _who(given: tuple[Signature, ...]) -> str:
    return "; ".join(f"{each.name}, {each.signed_at.isoformat()}" for each in given)[:_LONGEST] or "nobody"


def _version_at(client: MlflowClient, alias: str) -> str | None:
    try:
        return str(client.get_model_version_by_alias(MODEL, alias).version)
    except MlflowException as error:
        if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:  # no such model, no such alias
            return None
        raise


def _line(client: MlflowClient) -> list[str]:
    champion = _version_at(client, CHAMPION)
    if champion is None:
        return []
    line: list[str] = json.loads(client.get_registered_model(MODEL).tags.get(LINE_TAG, "[]"))
    return line


def _before(line: list[str], champion: str | None) -> list[str]:
    """The champions before this one.

    What follows it in the line was written by a promotion cut short. One that is not in the line was made champion by
    hand, or its way back was cut short: all of the line came before it.
    """
    if champion is None:
        return []
    places = [i for i, version in enumerate(line) if version == champion]
    return line[: places[-1]] if places else line


def _tag(client: MlflowClient, name: str, line: list[str]) -> None:
    client.set_registered_model_tag(MODEL, name, json.dumps(line))
