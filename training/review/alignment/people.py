"""A table of persons: what each did with how many leads, and what chance would do."""

from __future__ import annotations

from collections.abc import Sequence

from training.pages.tables import Cell, Row, Table
from training.review.persons import Person
from training.review.telling import Telling


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
