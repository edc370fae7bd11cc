from __future__ import annotations

from collections.abc import Mapping

import pytest

from crm.history import Field, Kind
from features.catalog import OTHER, Family, Feature, FeatureKind
from features.instants import DAY
from models.clauses import Clauses
from models.definition import LANGUAGES, Definition, Language
from models.mentions import Mentions
from models.seen import Seen
from models.sentences import Sentences

NUMBER, CATEGORY = FeatureKind.NUMBER, FeatureKind.CATEGORY
NAN = float("nan")
AS_OF = 1_782_383_400_000_000  # 25 June 2026, 10:30
SAID = Definition.parse(
    {
        "words": {
            "job_title": {"en": "job", "fr": "fonction"},
            "email": {"en": "e-mail address", "fr": "adresse e-mail"},
            "opted_in": {"en": "consent", "fr": "accord"},
            "W_Nabellen": {
                "en": {"one": "call about an offer", "other": "calls about an offer"},
                "fr": {"one": "appel au sujet d’une offre", "other": "appels au sujet d’une offre"},
            },
        }
    },
    "definition",
)
FIELDS = (Field("opted_in", Kind.BOOLEAN), Field("owner", Kind.CATEGORY, actor=True))


def number(family: Family, **more: object) -> Feature:
    return Feature("f", NUMBER, family, "t", **more)  # type: ignore[arg-type]


def category(family: Family, field: str, *levels: str) -> Feature:
    return Feature("f", CATEGORY, family, "t", field=field, levels=(*levels, OTHER))


def count(kind: str | None, days: float | None) -> Feature:
    return number(Family.COUNT, activity=kind, window_days=days)


def last(kind: str | None) -> Feature:
    return number(Family.RECENCY, activity=kind)


def group(measure: str, days: float | None = None) -> Feature:
    return number(Family.BUYING_GROUP, measure=measure, window_days=days)


def trend(kind: str) -> Feature:
    return number(Family.TREND, activity=kind, window_days=30.0)


EMPLOYEES = number(Family.ATTRIBUTE, field="account.employees")
INDUSTRY = category(Family.ATTRIBUTE, "account.industry", "logistics")
DOMAIN = category(Family.DOMAIN, "email", "company", "free", "unknown")
SALES = number(Family.ACCOUNT_RECORD, measure="since_won")
WON = number(Family.ACCOUNT_RECORD, measure="won")

GOLDEN: list[tuple[Feature, float, str, str]] = [
    (number(Family.ATTRIBUTE, field="revenue"), 12.4, "revenue (about 12)", "revenue (environ 12)"),
    (number(Family.ATTRIBUTE, field="opted_in"), 1, "consent (yes)", "accord (oui)"),
    (category(Family.ATTRIBUTE, "source", "x"), 1, "source “own source”", "source « own source »"),
    (category(Family.SENIORITY, "job_title", "x"), 0, "job “own job_title”", "fonction « own job_title »"),
    (DOMAIN, 1, "e-mail address of a free provider", "adresse e-mail d’un fournisseur gratuit"),
    (DOMAIN, 2, "e-mail address (not recognised)", "adresse e-mail (non reconnu)"),
    (DOMAIN, 3, "e-mail address (not recognised)", "adresse e-mail (non reconnu)"),
    (number(Family.RATE, field="source", measure="close"), 0.1, "source “own source”", "source « own source »"),
    (number(Family.RATE, field="owner", measure="close"), 0.1, "", ""),
    (number(Family.PRESENCE, field="phone"), 1, "with phone", "avec phone"),
    (number(Family.PRESENCE, field="phone"), 0, "without phone", "sans phone"),
    (number(Family.PRESENCE, field="note", measure="length"), 9, "note (nine characters)", "note (neuf caractères)"),
    (number(Family.AGE, field="founded"), 400.9, "founded (20 May 2025)", "founded (20 mai 2025)"),
    (number(Family.LEAD_AGE, measure="created"), 0.2, "came in today", "arrivé aujourd’hui"),
    (number(Family.LEAD_AGE, measure="handed_off"), 1.2, "handed to sales yesterday", "transmis aux commerciaux hier"),
    (
        number(Family.LEAD_AGE, measure="accepted"),
        24.4,
        "accepted by sales on 1 June",
        "accepté par les commerciaux le 1er juin",
    ),
    (number(Family.PROGRESS, measure="accepted"), 1, "accepted by sales", "accepté par les commerciaux"),
    (count("call", 7), 0, "no call in the past week", "sans appel ces sept derniers jours"),
    (count("call", 7), 1, "one call in the past week", "appel ces sept derniers jours"),
    (count("call", 30), 2, "two calls in the past 30 days", "deux appels ces 30 derniers jours"),
    (count("call", None), 11, "11 calls so far", "11 appels jusqu’ici"),
    (count("meeting", 1), 3, "three meetings in the past 24 hours", "trois rendez-vous ces dernières 24 heures"),
    (
        count("W_Nabellen", 7),
        0,
        "no call about an offer in the past week",
        "sans appel au sujet d’une offre ces sept derniers jours",
    ),
    (
        count("W_Nabellen", 7),
        1,
        "one call about an offer in the past week",
        "appel au sujet d’une offre ces sept derniers jours",
    ),
    (
        count("W_Nabellen", 7),
        10,
        "ten calls about an offer in the past week",
        "dix appels au sujet d’une offre ces sept derniers jours",
    ),
    (
        count("zeppelin_ride", 7),
        2,
        "two activities “zeppelin ride” in the past week",
        "deux activités « zeppelin ride » ces sept derniers jours",
    ),
    (count(None, 7), 1200, "1,200 activities in the past week", "1 200 activités ces sept derniers jours"),
    (last("call"), NAN, "no call so far", "sans appel jusqu’ici"),
    (last("call"), 0.1, "last call today", "appel aujourd’hui"),
    (last("call"), 4.5, "last call four days ago", "appel il y a quatre jours"),
    (last("call"), 30, "last call on 26 May", "appel le 26 mai"),
    (trend("call"), 0.5, "more calls than before", "appels en hausse"),
    (trend("call"), -0.5, "fewer calls than before", "appels en baisse"),
    (trend("call"), 0, "as many calls as before", "appels au même rythme qu’avant"),
    (
        number(Family.ACTIVE_DAYS, window_days=7),
        0,
        "not active in the past week",
        "pas actif ces sept derniers jours",
    ),
    (
        number(Family.ACTIVE_DAYS, window_days=7),
        1,
        "active on one day in the past week",
        "un jour d’activité ces sept derniers jours",
    ),
    (
        number(Family.ACTIVE_DAYS, window_days=7),
        5,
        "active on five days in the past week",
        "cinq jours d’activité ces sept derniers jours",
    ),
    (group("known"), 0, "no colleague known", "aucun collègue connu"),
    (group("known"), 1, "one colleague known", "un collègue connu"),
    (group("known"), 2, "two colleagues known", "deux collègues connus"),
    (group("known"), 11, "11 colleagues known", "11 collègues connus"),
    (
        group("active", 30),
        2,
        "two colleagues active in the past 30 days",
        "deux collègues actifs ces 30 derniers jours",
    ),
    (
        group("activities", 30),
        1,
        "one activity of colleagues in the past 30 days",
        "une activité de collègues ces 30 derniers jours",
    ),
    (WON, 0, "no lead of the company won so far", "aucun lead de l’entreprise gagné jusqu’ici"),
    (WON, 1, "one lead of the company already won", "un lead de l’entreprise déjà gagné"),
    (SALES, 4, "last sale to the company four days ago", "dernière vente à l’entreprise il y a quatre jours"),
    (SALES, NAN, "no lead of the company won so far", "aucun lead de l’entreprise gagné jusqu’ici"),
]


def clauses_of(features: tuple[Feature, ...], language: Language) -> Clauses:
    return Clauses(features, Mentions(features, FIELDS, SAID, language), language)


def seen(*row: float, against: bool = False, own: Mapping[str, str] | None = None) -> Seen:
    return Seen(
        row, AS_OF, (lambda field: f"own {field}") if own is None else (lambda field: own.get(field, "")), against
    )


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(("feature", "value", "english", "french"), GOLDEN)
def test_a_fact_is_told_within_a_sentence(feature: Feature, value: float, english: str, french: str) -> None:
    for language, said in (("en", english), ("fr", french)):
        assert plain(Mentions((feature,), FIELDS, SAID, language).say(0, seen(value))) == said


def test_every_family_has_a_golden_mention() -> None:
    assert {row[0].family for row in GOLDEN} == set(Family)


@pytest.mark.parametrize(
    ("people", "industry", "english", "french"),
    [
        (250, "logistics", "a 250-person logistics company", "entreprise de 250 salariés (logistics)"),
        (8, "energy", "an eight-person energy company", "entreprise de huit salariés (energy)"),
        (11, "", "an 11-person company", "entreprise de 11 salariés"),
        (18_000, "B & C", "an 18,000-person company (B & C)", "entreprise de 18 000 salariés (B & C)"),
        (1, "retail", "a one-person retail company", "entreprise d’une seule personne (retail)"),
        (40, "public sector", "a 40-person company (public sector)", "entreprise de 40 salariés (public sector)"),
        (40, "other", "a 40-person company (other)", "entreprise de 40 salariés (other)"),
        (NAN, "logistics", "industry of the company “logistics”", "industry de l’entreprise « logistics »"),
        (12.5, "", "employees of the company (about 12)", "employees de l’entreprise (environ 12)"),
        (
            60,
            "x; y",
            "a 60-person company + industry of the company “x; y”",
            "entreprise de 60 salariés + industry de l’entreprise « x; y »",
        ),
    ],
)
def test_a_company_is_told_with_its_size_and_industry(people: float, industry: str, english: str, french: str) -> None:
    for language, said in (("en", english), ("fr", french)):
        clauses = clauses_of((EMPLOYEES, INDUSTRY), language)
        lead = seen(people, 0.0 if industry else NAN, own={"account.industry": industry})
        assert plain(" + ".join(clauses.told((0, 1), lead))) == said
        assert plain(" + ".join(clauses.told((1, 0), lead))) in (said, " + ".join(reversed(said.split(" + "))))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_known_is_no_merit(language: Language) -> None:
    clauses = clauses_of((EMPLOYEES, INDUSTRY), language)
    assert clauses.told((0, 1), seen(NAN, NAN, own={})) == []
    assert len(clauses.told((0, 1), seen(NAN, NAN, own={}, against=True))) == 2


def test_what_came_together_is_told_together() -> None:
    features = (last("call"), last("form"), last("webinar"), last(None), *map(moment, ("created", "handed_off")))
    lead = seen(2.6, 2.7, 3.6, 2.6, 0.1, 0.1)
    told = {lang: clauses_of(features, lang).told(range(6), lead) for lang in LANGUAGES}
    assert told["en"] == [
        "two days ago: call, form filled in",
        "last webinar three days ago",
        "last activity two days ago",
        "came in and was handed to sales today",
    ]
    assert plain(told["fr"][0]) == "il y a deux jours : appel, formulaire rempli"
    assert told["fr"][3] == "arrivé et transmis aux commerciaux aujourd’hui"


def test_a_hand_off_whose_day_is_not_told_is_not_put_on_the_day_of_the_arrival() -> None:
    clauses = clauses_of((moment("created"), number(Family.PROGRESS, measure="handed_off")), "en")
    assert clauses.told((0, 1), seen(1.2, 1.0)) == ["came in yesterday", "handed to sales"]


def moment(measure: str) -> Feature:
    return number(Family.LEAD_AGE, measure=measure)


def test_a_long_silence_speaks_against_a_lead_and_the_last_sign_for_it() -> None:
    clauses = clauses_of((last("call"),), "en")
    assert clauses.told((0,), seen(30.0)) == ["last call on 26 May"]
    assert clauses.told((0,), seen(30.0, against=True)) == ["no call since 26 May"]
    assert clauses.told((0,), seen(3.0, against=True)) == ["last call three days ago"]


def test_a_pace_is_called_the_same_only_where_there_was_one() -> None:
    mentions = Mentions((trend("call"), last("call")), FIELDS, SAID, "en")
    assert mentions.say(0, seen(0.0, NAN)) == "no call so far"
    assert mentions.say(0, seen(0.0, 59.0)) == "as many calls as before"


@pytest.mark.parametrize(
    ("days", "hour", "english", "french"),
    [
        (0, 0, "today", "aujourd’hui"),
        (0, 11, "yesterday", "hier"),  # half a day ago, the evening before
        (1, 0, "yesterday", "hier"),
        (1, 11, "the day before yesterday", "avant-hier"),
        (2, 0, "two days ago", "il y a deux jours"),
        (13, 0, "13 days ago", "il y a 13 jours"),
        (14, 0, "on 11 June", "le 11 juin"),
        (176, 0, "on 31 December 2025", "le 31 décembre 2025"),
        (175, 0, "on 1 January", "le 1er janvier"),
    ],
)
def test_days_are_told_as_people_count_them(days: int, hour: int, english: str, french: str) -> None:
    at = AS_OF - days * DAY - hour * DAY // 24
    assert [Sentences(language).when(at, AS_OF) for language in LANGUAGES] == [english, french]


@pytest.mark.parametrize(
    ("value", "english", "french"),
    [
        (0, "0", "0"),
        (10, "ten", "dix"),
        (11, "11", "11"),
        (-3, "-3", "-3"),
        (2.5, "about two", "environ deux"),
        (0.126, "close to zero", "proche de zéro"),
        (99_999, "99,999", "99 999"),
        (12_345_678, "about 12,300,000", "environ 12 300 000"),
        (5_000_000, "5,000,000", "5 000 000"),
        (1e300, "an extremely large number", "un nombre extrêmement grand"),
    ],
)
def test_numbers_are_words_or_round(value: float, english: str, french: str) -> None:
    assert [plain(Sentences(language).number(value)) for language in LANGUAGES] == [english, french]


@pytest.mark.parametrize(("language", "said"), [("en", "in the past three days"), ("fr", "ces trois derniers jours")])
def test_any_window_has_its_words(language: Language, said: str) -> None:
    assert Sentences(language).window(3.0) == said
    assert Sentences(language).window(2.5) == said


def test_a_text_from_elsewhere_stays_on_one_line_with_one_full_stop() -> None:
    assert Sentences("en").sentence("two\r\n lines\u2028and\u00a0a half") == "Two lines and\u00a0a half."
    assert Sentences("en").sentence("it ends Inc.") == "It ends Inc."
