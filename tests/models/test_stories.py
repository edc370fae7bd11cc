from __future__ import annotations

import random
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.history import History
from crm.simulation import Company, simulate
from features.facts import Facts
from features.records import Record
from features.spec import Family
from models.definition import LANGUAGES, Definition, Language
from models.scorer import Scorer
from models.stories import Story
from models.translations import messages
from tests import drawn
from tests.models.checking import DAY, Checker, Untrue

AS_OF = 1_782_383_400_000_000  # 25 June 2026, 10:30
WORDS = {
    "source": {"en": "source", "fr": "provenance"},
    "campaign": {"en": "campaign", "fr": "campagne"},
    "country": {"en": "country", "fr": "pays"},
    "job_title": {"en": "job", "fr": "fonction"},
    "email": {"en": "e-mail address", "fr": "adresse e-mail"},
    "phone_given": {"en": "phone number", "fr": "téléphone"},
    "message_length": {"en": "length of the message", "fr": "longueur du message"},
    "topic": {"en": "topic", "fr": "sujet"},
    "account.industry": {"en": "industry", "fr": "secteur"},
    "account.country": {"en": "country of the company", "fr": "pays de l’entreprise"},
    "account.employees": {"en": "number of employees", "fr": "effectif"},
    "account.revenue": {"en": "revenue", "fr": "chiffre d’affaires"},
    "page_view": {
        "en": {"one": "page visited", "other": "pages visited"},
        "fr": {"one": "page vue", "other": "pages vues"},
    },
    "pricing_view": {
        "en": {"one": "visit to the prices", "other": "visits to the prices"},
        "fr": {"one": "visite des tarifs", "other": "visites des tarifs"},
    },
    "email_open": {
        "en": {"one": "e-mail opened", "other": "e-mails opened"},
        "fr": {"one": "e-mail ouvert", "other": "e-mails ouverts"},
    },
    "email_click": {
        "en": {"one": "click in an e-mail", "other": "clicks in e-mails"},
        "fr": {"one": "clic dans un e-mail", "other": "clics dans des e-mails"},
    },
    "form": {
        "en": {"one": "form sent", "other": "forms sent"},
        "fr": {"one": "formulaire envoyé", "other": "formulaires envoyés"},
    },
    "webinar": {
        "en": {"one": "webinar attended", "other": "webinars attended"},
        "fr": {"one": "webinaire suivi", "other": "webinaires suivis"},
    },
    "call": {"en": {"one": "call", "other": "calls"}, "fr": {"one": "appel", "other": "appels"}},
    "meeting": {"en": {"one": "meeting", "other": "meetings"}, "fr": {"one": "rendez-vous", "other": "rendez-vous"}},
    "ticket": {"en": {"one": "ticket", "other": "tickets"}, "fr": {"one": "demande", "other": "demandes"}},
}
DEFINITION = Definition.parse(
    {
        "name": "lead",
        "words": WORDS,
        "grades": {
            "A": {"score": 90, "who": {"en": "an account executive", "fr": "un commercial"}, "within_hours": 8},
            "B": {"score": 70, "who": {"en": "inside sales", "fr": "l’équipe de vente"}, "within_hours": 24},
            "C": {"score": 40, "who": {"en": "marketing", "fr": "le marketing"}},
            "D": {"score": 1},
        },
    },
    "definition",
)
KINDS = [kind for kind, words in WORDS.items() if isinstance(words["en"], dict)]


@cache
def company() -> History:
    """The simulated company without the fields that the audit would take out."""
    history = simulate(Company(leads=300), seed=11).history
    return history.without([field.name for field in history.fields if field.name not in {*WORDS, "owner"}])


@cache
def scorer(seed: int) -> Scorer:
    """Drawn weights, so that any feature may be a reason; the definition's words are ours."""
    return replace(drawn.fitted(company(), seed), definition=DEFINITION)


def tell(made: Scorer, record: Record, language: Language, as_of: int = AS_OF) -> tuple[Story, str]:
    facts = Facts.of_records([record], made.fields)
    rows, instants = np.zeros(1, np.int64), np.array([as_of])
    scores = made.score(facts, rows, instants, reasons=0, language=language, stories=True)
    return scores.stories[0], str(scores.grade[0])


def checker(made: Scorer, record: Record, language: Language) -> Checker:
    trends = sorted({f.window_days or 0 for f in made.catalog.features if f.family is Family.TREND})
    return Checker(record, AS_OF, DEFINITION, language, trends)


instants = st.one_of(st.integers(0, 20 * 1440), st.integers(0, 400 * 1440), st.integers(-5 * 1440, -1)).map(
    lambda minutes_ago: AS_OF - minutes_ago * 60_000_000
)
past = st.integers(0, 500 * 1440).map(lambda minutes_ago: AS_OF - minutes_ago * 60_000_000)
activities = st.lists(
    st.tuples(st.sampled_from([*KINDS, "zeppelin_ride"]), instants, st.none(), st.none()), max_size=25
)
steps = st.lists(st.tuples(st.sampled_from(["handed_off", "accepted"]), instants), max_size=2)
finals = st.lists(st.tuples(st.sampled_from(["won", "lost", "rejected", "no_decision"]), instants), max_size=2)
colleagues = st.lists(
    st.builds(
        Record,
        lead_id=st.uuids().map(str),
        created_at=st.one_of(st.none(), instants),
        activities=activities,
        milestones=finals,
    ),
    max_size=3,
)


def values(field: str) -> st.SearchStrategy[object]:
    """A value the scorer knows, or one that only this request holds."""
    history = company()
    table = history.accounts if field.startswith("account.") else history.leads
    known = sorted(set(table[field.removeprefix("account.")].dropna().astype(str)))
    marked = st.integers(100, 999).map(lambda n: f"quagga {field.removeprefix('account.').replace('_', ' ')} {n}")
    return st.one_of(st.none(), st.sampled_from(known), marked)


@st.composite
def records(draw: st.DrawFn) -> Record:
    words = ("source", "campaign", "country", "job_title", "topic", "account.industry", "account.country")
    numbers = {
        "account.employees": st.integers(1, 40_000).map(float),
        "account.revenue": st.floats(0.01, 1e7, allow_nan=False),
        "message_length": st.integers(0, 900).map(float),
        "phone_given": st.sampled_from([0.0, 1.0]),
        "email": st.sampled_from(
            ["a@gmail.com", "b@acme.fr", "c@univ-lille.fr", "d@yopmail.com", "e@x.gouv.fr", "nothing"]
        ),
    }
    given = {name: draw(values(name)) for name in words}
    given |= {name: draw(st.one_of(st.none(), strategy)) for name, strategy in numbers.items()}
    return Record(
        lead_id="L1",
        created_at=draw(st.one_of(st.none(), past)),
        attributes=given,  # type: ignore[arg-type]  # words and numbers as drawn above
        activities=draw(activities),
        milestones=draw(steps),
        colleagues=draw(colleagues),
    )


@pytest.mark.parametrize("language", LANGUAGES)
@given(records(), st.integers(1, 6))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
def test_no_story_mentions_a_fact_that_the_request_did_not_contain(
    language: Language, record: Record, seed: int
) -> None:
    story, grade = tell(scorer(seed), record, language)
    checker(scorer(seed), record, language).check(story, grade)
