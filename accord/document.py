"""Reads a YAML file into a pydantic model; what is wrong comes back with its path, line, value and remedy."""

from __future__ import annotations

import difflib
import inspect
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from accord.exits import MisuseError
from crm.errors import AccordError
from crm.strict import shown

M = TypeVar("M", bound=BaseModel)
Path_ = tuple[str | int, ...]

_MOST_NODES = 100_000
"""Keys, values and items that a file may come to once its aliases are followed."""


class DocumentError(MisuseError):
    """Everything that is wrong in a file, in the order of its lines."""

    def __init__(self, problems: Sequence[AccordError]) -> None:
        super().__init__(problems[0].message, where=problems[0].where, got=problems[0].got)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)

    def as_dict(self) -> dict[str, Any]:
        """The first problem's fields, and all problems."""
        first = self.problems[0].as_dict()
        return {**first, "problems": [problem.as_dict() for problem in self.problems]}


def read(path: Path, model: type[M], apart: Mapping[str, type[BaseModel]] | None = None) -> M:
    """The file as `model`. Raises `DocumentError` with every problem, each with its line.

    ``apart`` names keys whose section may lie in a file of its own: where such a key holds text, it is that file's
    path, relative to this one.
    """
    tree = _parse(path)
    content = _Plain(path.name).of(tree)
    for key, section in (apart or {}).items():
        if isinstance(content.get(key), str):
            content[key] = read(_beside(path, key, content[key]), section)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = sorted(
            (_problem(path, tree, model, detail) for detail in _distinct(error)), key=lambda found: found[0]
        )
        raise DocumentError([problem for _, problem in problems]) from None
    except AccordError as error:  # a validator's own words
        where = f"{path.name}: {error.where}" if error.where else path.name
        facts = {"got": error.got, "expected": error.expected, "remedy": error.remedy}
        raise DocumentError([AccordError(error.message, where=where, **facts)]) from error


def _beside(path: Path, key: str, name: str) -> Path:
    place = path.parent / name
    if not place.is_file():
        remedy = f"Correct the path, or write the section itself under `{key}:`."
        where = f"{path.name}: {key}"
        raise DocumentError([AccordError("There is no such file.", where=where, got=name, remedy=remedy)])
    return place


def _parse(path: Path) -> CommentedMap:
    try:
        tree = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise DocumentError([_too_much(path.name, "nested too deeply")]) from None
    except UnicodeDecodeError as error:
        remedy = "Save the file as UTF-8."
        raise DocumentError([AccordError("This file is not UTF-8 text.", where=path.name, remedy=remedy)]) from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path.name}:{mark.line + 1}" if mark else path.name
        message = f"This is not valid YAML: {(error.problem or 'it cannot be read').split(chr(10))[0]}."
        remedy = "Check the indentation, the colons and that no key is there twice."
        raise DocumentError([AccordError(message, where=where, remedy=remedy)]) from None
    except YAMLError as error:
        raise DocumentError([AccordError(f"This is not valid YAML: {error}.", where=path.name)]) from None
    if not isinstance(tree, CommentedMap):
        raise DocumentError(
            [AccordError("The file holds no keys.", where=path.name, got=tree, expected="`key: value` lines")]
        )
    return tree


class _Plain:
    """Plain values of a YAML tree. Tags are refused, and so are aliases that make a small file endless."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes = 0

    def of(self, tree: CommentedMap) -> Any:
        try:
            return self._value(tree)
        except RecursionError:
            raise DocumentError([_too_much(self._name, "nested too deeply")]) from None

    def _value(self, node: Any) -> Any:
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            raise DocumentError(
                [_too_much(self._name, f"of more than {_MOST_NODES:,} values once aliases are followed")]
            )
        tag = getattr(getattr(node, "tag", None), "value", None)
        if tag is not None:
            at = getattr(getattr(node, "lc", None), "line", None)
            line = "" if at is None else f":{at + 1}"
            remedy = "Write the plain value: nothing in this file is ever run."
            error = AccordError("YAML tags are not read.", where=f"{self._name}{line}", got=str(tag), remedy=remedy)
            raise DocumentError([error])
        if isinstance(node, Mapping):
            return {key: self._value(value) for key, value in node.items()}
        if isinstance(node, list):
            return [self._value(value) for value in node]
        return node


def _too_much(name: str, got: str) -> AccordError:
    return AccordError(f"This file is {got}.", where=name, remedy="Write it out flat: people have to read it.")


def _distinct(error: ValidationError) -> Iterator[ErrorDetails]:
    seen = set()
    for detail in error.errors(include_url=False):
        key = (detail["loc"], detail["type"])
        if key not in seen:
            seen.add(key)
            yield detail


def _problem(path: Path, tree: CommentedMap, model: type[BaseModel], detail: ErrorDetails) -> tuple[int, AccordError]:
    """The line, for the order, and the error for people."""
    steps, line = _locate(tree, detail["loc"])
    name = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps).lstrip(".") or "the whole file"
    where = f"{path.name}:{line}: {name}"
    key = str(detail["loc"][-1]) if detail["loc"] else ""
    if detail["type"] == "extra_forbidden":
        known = sorted(_keys(model, detail["loc"][:-1]))
        near = difflib.get_close_matches(key, known, n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else f"Remove it. Known here: {', '.join(known) or 'no keys'}."
        return line, AccordError("This key is not known.", where=where, got=shown(detail["input"]), remedy=remedy)
    if detail["type"] == "missing":
        return line, AccordError(f"{key!r} is missing.", where=where, remedy=f"Add `{key}:` here.")
    message = detail["msg"].removeprefix("Value error, ").replace("valid tuple", "list").rstrip(".") + "."
    written = steps[-1] if steps else key  # the location may end in the branch of a union
    remedy = f"Correct `{written}` and run the command again."
    return line, AccordError(message, where=where, got=shown(detail["input"]), remedy=remedy)


def _locate(tree: CommentedMap, location: Path_) -> tuple[Path_, int]:
    """The steps of `location` that exist in the file (unions add steps of their own), and the line of the last one."""
    node: Any = tree
    line = 1
    steps: list[str | int] = []
    for step in location:
        if isinstance(node, CommentedMap) and step in node:
            line = node.lc.key(step)[0] + 1
        elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
            line = node.lc.item(step)[0] + 1
        else:
            continue
        node = node[step]
        steps.append(step)
    return tuple(steps), line


def _keys(model: Any, location: Path_) -> set[str]:
    """The keys that the model would take at `location`; every branch of a union counts."""
    models = set(_models(model))
    for step in location:
        within = {found for one in models for found in _models(_annotation(one, step))}
        models = within or models  # a union's own step leads nowhere
    return {field.alias or name for one in models for name, field in one.model_fields.items()}


def _annotation(model: type[BaseModel], step: str | int) -> Any:
    for name, field in model.model_fields.items():
        if step in {name, field.alias}:
            return field.annotation
    return None


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models inside an annotation: itself, the branches of a union, the items of a container."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _models(part)
