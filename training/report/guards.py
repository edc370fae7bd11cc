"""The guards in words: what a few accounts carry, who is lenient, and which protected fields were refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from training.guards import Accounts, Figures, Guards
from training.leniency import Leniency
from training.report.words import DASH, HEADS, number, percent
from training.without import LEAST

_LEAST_APART = 0.02
"""Mean difference of probabilities from which the largest accounts are said to move the score of the others."""


@dataclass(frozen=True, slots=True)
class Table:
    """A small table: its heading, its columns and its rows, all as text."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def accounts_said(found: Accounts | None) -> Iterator[str]:
    """What is to be said of the largest accounts, one sentence each."""
    if found is None:
        yield "No two leads belong to one account, so no account can dictate the score."
        return
    first = found.carried[0]
    yield (
        f"The largest of {found.accounts:,} accounts carries {percent(first.leads or 0.0, 1)} of the leads; "
        f"the {found.carried[-1].largest} largest together {percent(found.carried[-1].leads or 0.0, 1)}."
    )
    for large in found.above:
        yield (
            f"{large.account} would carry {percent(large.uncapped)} of what the score learns about "
            f"{HEADS[large.head][0].lower()} and so dictate it; its leads count less, so that it carries "
            f"{percent(large.capped)}."
        )
    if not found.above:
        yield f"None carries more than {percent(found.cap)} of what the score learns, so nobody's leads count less."
    if not found.refitted:
        last = found.carried[-1]
        why = (
            "too few leads to move the score of all others" if (last.leads or 0.0) < LEAST else "too many to do without"
        )
        yield f"The {last.largest} largest together have {why}, so the score was not tried without them."
    for head, apart in found.refitted.items():
        small = apart.apart < _LEAST_APART
        yield (
            f"{HEADS[head][0]}: a score that had never seen the largest accounts would "
            f"{'say nearly the same' if small else 'say something else'} of all others (probabilities "
            f"{percent(apart.apart, 1)} apart on average; AUC {_figure(apart.without, 'auc')} instead of "
            f"{_figure(apart.served, 'auc')}, log-loss {_figure(apart.without, 'log_loss')} instead of "
            f"{_figure(apart.served, 'log_loss')})."
        )


def accounts_tables(found: Accounts | None) -> Iterator[Table]:
    """What the largest carry, and the forward figures without them."""
    if found is None:
        return
    heads = tuple(found.forward)
    learned = tuple(f"weight in learning, {HEADS[head][0].lower()}" for head in heads)
    yield Table(
        "What the largest accounts carry",
        ("accounts", "leads", "accepted", "won", "revenue", *learned),
        tuple(
            (
                _largest(row.largest),
                *(_share(part) for part in (row.leads, row.accepted, row.won, row.revenue)),
                *(_share(row.learned[head]) for head in heads),
            )
            for row in found.carried
        ),
    )
    for head in heads:
        yield Table(
            f"{HEADS[head][0]}: forward figures without them",
            ("leads of", "leads", "AUC", "log-loss", "intercept"),
            tuple(
                (
                    f"all but {_largest(count)}" if count else "all accounts",
                    f"{figures['leads'] or 0:,.0f}",
                    *(_figure(figures, name) for name in ("auc", "log_loss", "intercept")),
                )
                for count, figures in found.forward[head].items()
            ),
        )


def persons_said(guards: Guards) -> Iterator[str]:
    """What is to be said of those who decide: who stands out, how far they differ, and what the score does about it."""
    found = guards.leniency
    if found is None:
        yield "The history does not tell of two people who decide, so nobody's leniency can be told."
        return
    yield (
        f"{len(found.choosing)} people decide. Their leniency differs by {number(found.spread, 2)} log-odds (standard "
        "deviation)."
    )
    if guards.habits_away:
        yield "Their habits were trained out of acceptance: the score speaks for the average of them and reads nobody."
    else:
        yield (
            "Their habits were not trained out of acceptance: it is turned off, or who decides is not known of enough "
            "leads whatever the answer. The score reads nobody all the same."
        )
    yield from found.sentences()
    if not any(person.stands_out for person in found.choosing):
        yield "Nobody stands out from the others beyond what chance explains."


def persons_table(found: Leniency | None) -> Table | None:
    """Everybody, the most lenient first."""
    if found is None:
        return None
    return Table(
        "Everybody who decides, the most lenient first",
        ("person", "leads", "accepted", "expected of these leads", "leniency, log-odds", "95 %"),
        tuple(
            (
                person.name,
                f"{person.leads:,}",
                percent(person.accepted),
                percent(person.expected),
                "only records" if person.records else f"{person.leniency:+.2f}",
                DASH if person.records else f"{person.low:+.2f} to {person.high:+.2f}",
            )
            for person in found.persons
        ),
    )


def protected_said(found: Guards) -> Iterator[str]:
    """Which fields about people were refused, and which are kept for which reason."""
    for field in found.protected:
        what = f"{field.field} ({field.found})"
        yield f"{what} is kept, because: {field.reason}" if field.reason else f"{what} is refused: no score reads it."
    if not found.protected:
        yield "No field was found to describe a person or a protected trait."


def _largest(count: int) -> str:
    return "the largest" if count == 1 else f"the {count} largest"


def _share(part: float | None) -> str:
    return DASH if part is None else percent(part, 1)


def _figure(figures: Figures, name: str) -> str:
    value = figures[name]
    return DASH if value is None else number(value)
