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
        share = Cell(percent(person.yes / person.asked), f"{telling.speaker.number(person.yes)}")
        expected = Cell(percent(person.expected), telling.speaker.between(person.low, person.high))
        head = _name(person, telling)
        rows.append(Row(head, (telling.number(person.asked), share, expected), own=bool(person.differs)))
    return Table((say("leads"), did, say("expected, and range of chance")), tuple(rows))


def _name(person: Person, telling: Telling) -> str:
    if person.name is not None:
        return person.name
    return telling.count("%(n)s person with few leads", "%(n)s persons with few leads", person.persons)
