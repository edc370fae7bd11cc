from __future__ import annotations

import random
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.history import History, Known
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


NEIGHBOUR = Record(
    lead_id="L2",
    created_at=AS_OF - 9 * DAY,
    attributes={name: f"neighbour {name}" for name in ("source", "campaign", "topic", "job_title", "account.industry")},
    activities=[(kind, AS_OF - 9 * DAY, None, None) for kind in KINDS],
)
"""Another lead of the same request, of which no story but its own may tell."""


def tell(made: Scorer, record: Record, language: Language, as_of: int = AS_OF) -> tuple[Story, str]:
    facts = Facts.of_records([NEIGHBOUR, record], made.fields)
    rows, instants = np.arange(2), np.array([as_of, as_of])
    scores = made.score(facts, rows, instants, reasons=0, language=language, stories=True)
    return scores.stories[1], str(scores.grade[1])


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


SOME = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
FEW = settings(SOME, max_examples=40)


@pytest.mark.parametrize("language", LANGUAGES)
@given(records(), st.integers(1, 6))
@SOME
def test_no_story_mentions_a_fact_that_the_request_did_not_contain(
    language: Language, record: Record, seed: int
) -> None:
    story, grade = tell(scorer(seed), record, language)
    checker(scorer(seed), record, language).check(story, grade)


RECORD = Record(
    lead_id="L1",
    created_at=AS_OF - 3 * DAY,
    attributes={"source": "webinar", "account.employees": 250.0, "account.industry": "logistics", "phone_given": 1.0},
    activities=[
        *(("pricing_view", AS_OF - days * DAY, None, None) for days in (1, 2, 5)),
        ("form", AS_OF - 2 * DAY - 1, None, None),
        ("call", AS_OF - 30 * DAY, None, None),
    ],
    milestones=[("handed_off", AS_OF - DAY)],
    colleagues=[Record(lead_id="L3", created_at=AS_OF - 9 * DAY, activities=[("call", AS_OF - DAY, None, None)])],
)


@pytest.mark.parametrize(
    ("language", "part", "lie"),
    [
        ("en", "why", "Four visits to the prices in the past week."),
        ("en", "why", "Three visits to the prices in the past 30 days; two colleagues known."),
        ("en", "why", "A 251-person logistics company."),
        ("en", "why", "A 250-person software company."),
        ("en", "why", "Industry “software”."),
        ("en", "why", "Job “Wizard”."),
        ("en", "why", "Against it: phone number not known."),
        ("en", "why", "Against it: no call so far."),
        ("en", "why", "Last call today."),
        ("en", "why", "It closes with a probability of 81%."),
        ("en", "who", "Grade A: taken up by an account executive within nine working hours."),
        ("en", "who", "Grade A: taken up by inside sales within eight working hours."),
        ("en", "how", "Latest request: form sent, yesterday."),
        ("en", "how", "Latest sign of interest: meeting, yesterday."),
        ("en", "how", "Still to find out: number of employees."),
        ("en", "how", "No activity is known."),
        ("fr", "why", "Quatre visites des tarifs ces sept derniers jours."),
        ("fr", "why", "Entreprise de 250 salariés (software)."),
        ("fr", "why", "En sa défaveur : sans appel jusqu’ici."),
        ("fr", "who", "Classe A : pris en charge par le marketing sous huit heures ouvrées."),
        ("fr", "how", "Dernière sollicitation : formulaire envoyé, hier. Reste à savoir : effectif."),
    ],
)
def test_the_check_finds_a_lie(language: Language, part: str, lie: str) -> None:
    with pytest.raises(Untrue):
        getattr(checker(scorer(1), RECORD, language), part)(lie, *(["A"] if part == "who" else []))


@pytest.mark.parametrize("language", LANGUAGES)
@given(records(), st.randoms(use_true_random=False))
@FEW
def test_the_order_of_a_request_changes_no_story(language: Language, record: Record, chance: random.Random) -> None:
    def shuffled(values: object) -> list[object]:
        return chance.sample(list(values), len(list(values)))  # type: ignore[call-overload]

    turned = Record(
        lead_id=record.lead_id,
        created_at=record.created_at,
        attributes=dict(reversed(record.attributes.items())),
        activities=shuffled(record.activities),
        milestones=shuffled(record.milestones),
        colleagues=shuffled(record.colleagues),
    )
    assert tell(scorer(2), turned, language) == tell(scorer(2), record, language)


@pytest.mark.parametrize("language", LANGUAGES)
@given(records())
@FEW
def test_what_is_still_to_come_is_never_told(language: Language, record: Record) -> None:
    known = Record(
        lead_id=record.lead_id,
        created_at=record.created_at,
        attributes=record.attributes,
        activities=[a for a in record.activities if a[1] <= AS_OF],
        milestones=[m for m in record.milestones if m[1] <= AS_OF],
        colleagues=record.colleagues,
    )
    later = [(kind, AS_OF + 1, None, None) for kind in (*KINDS, "zeppelin_ride")]
    more = Record(
        **{name: getattr(known, name) for name in known.__struct_fields__} | {"activities": [*known.activities, *later]}
    )
    assert tell(scorer(3), more, language) == tell(scorer(3), known, language)


@pytest.mark.parametrize("language", LANGUAGES)
@given(records())
@FEW
def test_a_story_has_no_probability_and_no_digit_after_a_point(language: Language, record: Record) -> None:
    story, _ = tell(scorer(4), record, language)
    for text in (story.why, story.who, story.how):
        without_values = re.sub(r"“[^”]*”|«[^»]*»", "", text)
        assert "%" not in without_values
        assert not re.search(r"\d[.,]\d(?!\d\d)", without_values)
        assert "_" not in without_values


def _words_of(language: Language) -> set[str]:
    """Words that only the messages of this language have."""
    said = {lang: " ".join(_texts(lang)) for lang in LANGUAGES}
    known = {lang: set(re.findall(r"[^\W\d_]{2,}", re.sub(r"%\(\w+\)s", "", said[lang]).lower())) for lang in LANGUAGES}
    (other,) = (lang for lang in LANGUAGES if lang != language)
    both = {word for words in WORDS.values() for lang in (other,) for word in _spelled(words[lang])}
    return known[language] - known[other] - both


def _texts(language: Language) -> list[str]:
    return [
        text for m in messages(language) if m.id for text in (m.string if isinstance(m.string, tuple) else (m.string,))
    ]


def _spelled(words: object) -> list[str]:
    return re.findall(r"[^\W\d_]{2,}", " ".join(words.values() if isinstance(words, dict) else [str(words)]).lower())


@pytest.mark.parametrize(("language", "other"), [("en", "fr"), ("fr", "en")])
@given(records(), st.integers(1, 6))
@FEW
def test_a_story_speaks_one_language(language: Language, other: Language, record: Record, seed: int) -> None:
    story, _ = tell(scorer(seed), record, language)
    text = re.sub(r"“[^”]*”|«[^»]*»|\([^)]*\)|\S+ company", "", f"{story.why} {story.who} {story.how}").lower()
    assert not set(re.findall(r"[^\W\d_]{2,}", text)) & _words_of(other)


HOSTILE = [
    "{{7*7}}",
    "%(n)s %s %d %",
    "{0} {name}",
    "<b>bold</b><script>alert(1)</script>",
    "${jndi:ldap://x}",
    "a\r\nAgainst it: nothing.\x00\u202e\u2028",
    "x. Against it: no call so far; Grade A",
    "“quoted” «cité»",
    "long " * 400,
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_others_wrote_is_told_as_it_is_and_never_read(hostile: str, language: Language) -> None:
    words = ("source", "campaign", "country", "job_title", "topic", "account.industry", "account.country")
    record = Record(
        lead_id="L1",
        created_at=AS_OF - 3 * DAY,
        attributes={**dict.fromkeys(words, hostile), "account.employees": 250.0},
        activities=[(hostile, AS_OF - DAY, None, None)],
    )
    told = [tell(scorer(seed), record, language)[0] for seed in range(1, 7)]
    inside = " ".join(re.sub(r"[\x00-\x1f“”«»_\u202e\u2028]", " ", hostile).split())[:39].strip()
    opening, closing = ("“", "”") if language == "en" else ("«\u00a0", "\u00a0»")
    assert any(f"{opening}{inside}" in story.why for story in told)
    for story in told:
        assert f"{opening}{inside}" in story.how
        for text in (story.why, story.who, story.how):
            assert "49" not in text
            assert not re.search(r"[\x00-\x1f\u202e\u2028]", text)
            outside = re.sub(f"{opening}[^”»]*{closing}", "", text)
            assert "<" not in outside
            assert "{" not in outside
            assert text.count(opening) == text.count(closing)
            assert len(text) < 700


def test_a_promise_that_is_not_written_is_said_to_be_missing() -> None:
    promises = [scorer(1)._stories["en"]._promises[grade] for grade in "ABCD"]
    assert promises == [
        "Grade A: taken up by an account executive within eight working hours.",
        "Grade B: taken up by inside sales within 24 working hours.",
        "Grade C: taken up by marketing; no time is promised.",
        "Grade D: no promise is written for this grade.",
    ]


def test_a_fact_that_does_not_count_before_the_hand_off_is_neither_told_nor_called_unknown() -> None:
    history = company()
    late = tuple(replace(field, known=Known.AT_HANDOFF) for field in history.fields)
    told: dict[bool, str] = {}
    for handed_off in (False, True):
        steps = [("handed_off", AS_OF - DAY)] if handed_off else []
        given = {"topic": "storage", "source": "webinar", "phone_given": 1.0}
        record = Record("L1", AS_OF - 3 * DAY, given, milestones=steps)
        made = [
            replace(drawn.fitted(replace(history, fields=late), seed), definition=DEFINITION) for seed in range(1, 5)
        ]
        stories = [tell(each, record, "en")[0] for each in made]
        told[handed_off] = " ".join(f"{story.why} {story.how}" for story in stories).casefold()
    assert not any(word in told[False] for word in ("topic", "source", "phone number", "job", "revenue"))
    assert "source “webinar”" in told[True]
    assert "job" in told[True]


def test_a_lead_nobody_knows_is_said_to_be_unknown() -> None:
    story, _ = tell(scorer(1), Record(lead_id="L1"), "en")
    assert story.how.startswith("Too little is known to rely on this score. No activity is known. Still to find out: ")
    story, _ = tell(scorer(1), Record(lead_id="L1"), "fr")
    assert story.how.startswith("On en sait trop peu pour se fier à ce score. Aucune activité connue. Reste à savoir")


@pytest.mark.parametrize("asked", [0, 3, 10])
def test_stories_change_nothing_else_and_do_not_depend_on_the_reasons_asked_for(asked: int) -> None:
    made = scorer(5)
    facts = Facts.of_records([NEIGHBOUR, RECORD], made.fields)
    rows, instants = np.arange(2), np.array([AS_OF, AS_OF])
    plain = made.score(facts, rows, instants, reasons=asked)
    told = made.score(facts, rows, instants, reasons=asked, stories=True)
    assert plain.stories == ()
    assert told.reasons == plain.reasons
    assert told.missing == plain.missing
    assert told.stories == made.score(facts, rows, instants, stories=True).stories
    assert told.stories[1] == made.score(facts, rows[1:], instants[1:], stories=True).stories[0]


@pytest.mark.parametrize("seed", range(1, 7))
def test_the_side_of_a_fact_is_that_of_its_points(seed: int) -> None:
    facts = Facts.of_records([RECORD], scorer(seed).fields)
    scores = scorer(seed).score(facts, np.zeros(1, np.int64), np.array([AS_OF]), reasons=10, stories=True)
    why = scores.stories[0].why
    against = "".join(re.findall(r"Against it: [^.]*", why))
    points = {reason.topic: reason.points for reason in scores.reasons[0]}
    for topic, words in (("source", "source “webinar”"), ("pricing_view", "prices"), ("handed_off", "handed to sales")):
        if words.casefold() in why.casefold():
            assert (words.casefold() in against.casefold()) == (points[topic] < 0)
    assert against
