"""Persons: a table of what each did with how many leads, and what chance would do; and what they need not do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from training.pages.tables import Cell, Row, Table
from training.review.persons import Person
from training.review.telling import Telling


def left_said(telling: Telling) -> Iterator[str]:
    """That leads which were not drawn to be worked are not counted; nothing where there are none."""
    if count := int(telling.handed.left.sum()):
        yield telling.count(
            "%(n)s lead of a low grade was not drawn to be worked: nobody owes an answer on it, and it is not counted "
            "here.",
            "%(n)s leads of low grades were not drawn to be worked: nobody owes an answer on them, and they are not "
            "counted here.",
            count,
        )


def table(persons: Sequence[Person], did: str, telling: Telling) -> Table:
    """Persons by their number of leads; those who differ by more than chance are to be looked at first."""
    say, percent = telling.say, telling.speaker.percent
    rows = []
    for person in persons:
        cells = (
            telling.number(person.asked),
            Cell(percent(person.yes / person.asked)),
            Cell(percent(person.expected)),
            Cell(telling.speaker.between(person.low, person.high)),
        )
        rows.append(Row(_name(person, telling), cells, own=bool(person.differs)))
    return Table((say("leads"), did, say("expected"), say("range of chance")), tuple(rows))


def _name(person: Person, telling: Telling) -> str:
    if person.name is not None:
        return person.name
    return telling.count("%(n)s person with few leads", "%(n)s persons with few leads", person.persons)
