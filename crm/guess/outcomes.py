"""Words by which CRMs name steps of the funnel, people on our side, and the columns of event and change logs."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crm.guess.profile import words
from crm.history import Milestone


def _set(text: str) -> frozenset[str]:
    """The words as `words` gives those of a name: without a plural's s."""
    return words(text)


MEANINGS: dict[Milestone, frozenset[str]] = {
    Milestone.WON: _set(
        "won win converted conversion convert sold sale purchased bought activated signed customer closedwon gagné "
        "gagne vendu client signé converti convertie gewonnen subscribed enrolled"
    ),
    Milestone.LOST: _set("lost loss closedlost perdu perdue verloren churned"),
    Milestone.REJECTED: _set(
        "rejected reject disqualified refused declined denied unqualified recycled refusé refuse rejeté abgelehnt"
    ),
    Milestone.ACCEPTED: _set("accepted accept sal sql qualified accepté accepte angenommen qualifié"),
    Milestone.HANDED_OFF: _set("handed handoff mql assigned transferred preaccepted routed transmis"),
    Milestone.NO_DECISION: _set(
        "cancelled canceled cancel withdrawn abandoned expired nodecision annulé annule abandonné sanssuite"
    ),
}
OUTCOME_COLUMN = _set("outcome result stage status state resultat résultat statut étape etape label target milestone")
CREATED = _set("created create creation création date first submitted registration reg entered received opened added")
PEOPLE = _set(
    "owner rep agent seller user resource actor assignee salesperson sdr sr bdr employee by who vendeur commercial "
    "propriétaire qui"
)
KIND = _set(
    "kind type activity action event channel name medium milestone step stage status étape etape événement evenement "
    "canal"
)
AMOUNT = _set("amount value price sum total montant")
REASON = _set("reason why cause motif")
ACCOUNT = _set("account company organisation organization firm entreprise société")
LEAD = _set("lead prospect contact mql opportunity application applicant enquiry inquiry person case")
OLD = _set("old previous before from ancien")
NEW = _set("new after to nouveau")
FIELD = _set("field attribute property column champ")


@dataclass(frozen=True)
class Value:
    """A value of an event or status column, with what its words may mean."""

    value: str
    rows: int
    leads: int
    ends: float  # share of its leads for which it is among the last thing recorded
    meaning: Milestone | None


def meaning(text: str) -> Milestone | None:
    """The milestone that the words of ``text`` name, if they name just one.

    >>> meaning("Closed Won"), meaning("A_DECLINED"), meaning("Page viewed")
    (<Milestone.WON: 'won'>, <Milestone.REJECTED: 'rejected'>, None)
    """
    named = words(text) | {text.lower().replace(" ", "").replace("_", "")}
    found = [milestone for milestone, known in MEANINGS.items() if named & known]
    return found[0] if len(found) == 1 else None


def counted(values: pd.Series, leads: pd.Series, times: pd.Series | None) -> list[Value]:
    """The values with how often they come, for how many leads, and how often they are the last word about a lead."""
    rows = pd.DataFrame({"value": values, "lead": leads})
    rows["last"] = True if times is None else times >= times.groupby(leads).transform("max") - pd.Timedelta(seconds=1)
    rows = rows.dropna(subset=["value", "lead"])
    ended = rows.groupby(["value", "lead"])["last"].max()
    ends = ended.groupby("value").mean()
    number = ended.groupby("value").size()
    return [
        Value(str(value), int(count), int(number[value]), float(ends[value]), meaning(str(value)))
        for value, count in rows["value"].value_counts().items()
    ]


def settled(values: list[Value]) -> dict[str, Milestone]:
    """The values whose meaning nobody else claims: what can be mapped without asking."""
    claims = pd.Series([v.meaning for v in values if v.meaning], dtype=object).value_counts()
    return {v.value: v.meaning for v in values if v.meaning and claims[v.meaning] == 1}
