"""Settings that refuse what they do not know: the base of every section of ``accord.yaml``."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from crm.errors import AccordError

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_PASSWORD = re.compile(r"(://[^/@:]*:)[^@/]+@")
_NOISE = re.compile(r"^(Value error|Assertion failed), ")


class Strict(BaseModel):
    """Frozen settings; unknown keys are an error, and so are values of another type than declared."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @classmethod
    def parse(cls, section: Mapping[str, Any], where: str) -> Self:
        """The settings in ``section`` of the file; ``where`` names it in errors (``accord.yaml: history``)."""
        try:
            return cls.model_validate(section)
        except ValidationError as broken:
            raise told(broken, where, cls) from None


def told(broken: ValidationError, where: str, settings: type[BaseModel] | None = None) -> AccordError:
    """The first of pydantic's errors as one for people: path in the file, what was found, what to write instead."""
    errors = broken.errors(include_url=False)
    first = errors[0]
    path = _path(first["loc"])
    got: object
    if first["type"] == "extra_forbidden":
        message, got, remedy = "This key is not known.", str(first["loc"][-1]), _near(first["loc"], settings)
    elif first["type"] == "missing":
        message, got, remedy = "This key is missing.", None, f"Add '{path.rpartition('.')[2]}:' there."
    else:
        message, got, remedy = _NOISE.sub("", first["msg"]), shown(first["input"]), None
    message = message if message.endswith((".", "?", "!")) else message + "."
    if len(errors) > 1:
        message += f" ({len(errors) - 1} more like this in the file.)"
    return AccordError(message, where=f"{where}.{path}" if path else where, got=got, remedy=remedy)


def expand(text: str, where: str) -> str:
    """``text`` with ``${NAME}`` and ``${NAME:-default}`` taken from the environment, as a shell would.

    >>> expand("${ACCORD_NO_SUCH_VARIABLE:-../data}/leads.csv", "accord.yaml")
    '../data/leads.csv'
    """

    def value(found: re.Match[str]) -> str:
        name, default = found.group(1), found.group(2)
        told_value = os.environ.get(name) or default
        if told_value is None:
            raise AccordError(
                f"The environment variable {name} is not set.",
                where=where,
                remedy=f"Set it (export {name}=...) or give a default in the file: ${{{name}:-...}}.",
            )
        return told_value

    return _VARIABLE.sub(value, text)


def shown(value: object) -> object:
    """What may be repeated in an error: no password of an address, and no whole section."""
    if isinstance(value, str):
        return _PASSWORD.sub(r"\1***@", value)
    return value if isinstance(value, bool | int | float) else None


def _path(loc: tuple[int | str, ...]) -> str:
    """The place in the file; steps in angle brackets are branches of a union, which nobody wrote."""
    written = [step for step in loc if not str(step).startswith("<")]
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in written).lstrip(".")


def _near(loc: tuple[int | str, ...], settings: type[BaseModel] | None) -> str | None:
    allowed = sorted(_keys(settings, loc[:-1])) if settings else []
    if not allowed:
        return "Remove it, or correct its spelling."
    close = difflib.get_close_matches(str(loc[-1]), allowed, n=1)
    return f"Did you mean '{close[0]}'?" if close else f"Known here: {', '.join(allowed)}."


def _keys(settings: type[BaseModel], loc: tuple[int | str, ...]) -> set[str]:
    current: set[type[BaseModel]] = {settings}
    for step in loc:
        found = {
            model
            for owner in current
            for name, field in owner.model_fields.items()
            if step in (name, field.alias)
            for model in _models(field.annotation)
        }
        current = found or current
    return {field.alias or name for model in current for name, field in model.model_fields.items()}


def _models(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {model for part in getattr(annotation, "__args__", ()) for model in _models(part)}
