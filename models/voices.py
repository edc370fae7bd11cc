"""The voices: for which leads each team's rule holds, and what is wrong with a rule; see `models.verdicts`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from crm.history import Kind
from features.instants import Ints
from models.conditions import Ground, Truth
from models.rule_errors import Steps, VoicesError, path_of
from models.rules import FieldTest, Voices
from models.verdicts import Verdicts, placed, wrong

PLACE: Steps = ("definition", "voices")
"""Where voices stand in the file."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """A word in a rule that no lead of the history ever had: right for tomorrow, or misspelt."""

    team: str
    where: str
    field: str
    word: str
    near: str | None


def check(voices: Voices, ground: Ground) -> None:
    """Raises `VoicesError` with every condition that makes no sense on this ground."""
    found = wrong(voices.named, PLACE, ground)
    if found:
        raise VoicesError(found)


def verdicts(voices: Voices, ground: Ground, lead: Ints, as_of: Ints) -> Mapping[str, Truth]:
    """For each team, whether its rule holds for the lead ``lead[i]`` as known at ``as_of[i]``: bool[n].

    ``lead`` are rows of ``ground.facts``, ``as_of`` instants in microseconds, `NAT` where a history has no times: then
    whatever needs a time is not known. Raises `VoicesError` as `check` does.
    """
    check(voices, ground)
    return Verdicts.of(voices.named, PLACE, ground).told(ground.facts, lead, as_of)


def unseen(voices: Voices, ground: Ground) -> tuple[Unseen, ...]:
    """The words of categories that the rules name and that no lead of these facts ever had."""
    facts, out = ground.facts, []
    for team, steps, test in placed(voices.named, PLACE):
        if not isinstance(test, FieldTest) or ground.by_name[test.field].kind is not Kind.CATEGORY:
            continue
        known = facts.words[facts.word_names.index(test.field)]
        for word in (test.equals, *(test.among or ())):
            if word is not None and word not in known:
                near = difflib.get_close_matches(str(word), list(known), n=1)
                out.append(Unseen(team, path_of(steps), test.field, str(word), near[0] if near else None))
    return tuple(out)
