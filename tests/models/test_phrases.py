from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from crm.history import Field, Kind
from features.catalog import OTHER, Family, Feature, FeatureKind
from models.definition import LANGUAGES, Definition, Language
from models.phrases import Phrases
from tests import fitted

NUMBER, CATEGORY = FeatureKind.NUMBER, FeatureKind.CATEGORY
NAN = float("nan")
SAID = Definition.parse(
    {
        "words": {
            "TotalVisits": {"en": "visits to the site", "fr": "visites du site"},
            "W_Nabellen": {
                "en": {"one": "call about an offer", "other": "calls about an offer"},
                "fr": {"one": "appel au sujet d’une offre", "other": "appels au sujet d’une offre"},
            },
            "budget": {"fr": "budget annoncé"},
        }
    },
    "definition",
)


def number(family: Family, **more: object) -> Feature:
    return Feature("f", NUMBER, family, "t", **more)  # type: ignore[arg-type]


def category(family: Family, field: str, *levels: str) -> Feature:
    return Feature("f", CATEGORY, family, "t", field=field, levels=(*levels, OTHER))


def count(kind: str | None, days: float | None) -> Feature:
    return number(Family.COUNT, activity=kind, window_days=days)


VIEWS = number(Family.RECENCY, activity="page_view")
TREND = number(Family.TREND, activity="email_open", window_days=30)
SENIOR = category(Family.SENIORITY, "job_title", "director", "unknown")
DOMAIN = category(Family.DOMAIN, "email", "company", "free")
SOURCE = category(Family.ATTRIBUTE, "lead_source", "director", "webinar")
INDUSTRY = category(Family.ATTRIBUTE, "account.industry", "logistics")
EMPLOYEES = number(Family.ATTRIBUTE, field="employees")

GOLDEN: list[tuple[Feature, float, str, str]] = [
    (EMPLOYEES, 12500, "Employees: 12,500", "Employees : 12 500"),
    (EMPLOYEES, 0.126, "Employees: 0.13", "Employees : 0,13"),
    (EMPLOYEES, NAN, "Employees: not known", "Employees : inconnu"),
    (number(Family.ATTRIBUTE, field="opted_in"), 1, "Opted in: yes", "Opted in : oui"),
    (number(Family.ATTRIBUTE, field="opted_in"), 0, "Opted in: no", "Opted in : non"),
    (number(Family.ATTRIBUTE, field="TotalVisits"), 3, "Visits to the site: 3", "Visites du site : 3"),
    (number(Family.ATTRIBUTE, field="budget"), 3, "Budget annoncé: 3", "Budget annoncé : 3"),
    (SOURCE, 1, "Lead source: webinar", "Lead source : webinar"),
    (SOURCE, 0, "Lead source: director", "Lead source : director"),
    (SOURCE, 2, "Lead source: a value seldom seen", "Lead source : une valeur rarement vue"),
    (SOURCE, NAN, "Lead source: not known", "Lead source : inconnu"),
    (INDUSTRY, 0, "Industry of the company: logistics", "Industry de l’entreprise : logistics"),
    (SENIOR, 0, "Job title: director", "Job title : direction"),
    (SENIOR, 1, "Job title: not recognised", "Job title : non reconnu"),
    (DOMAIN, 1, "Email: of a free provider", "Email : d’un fournisseur gratuit"),
    (number(Family.PRESENCE, field="comment"), 1, "Comment: given", "Comment : renseigné"),
    (number(Family.PRESENCE, field="comment"), 0, "Comment: not given", "Comment : non renseigné"),
    (number(Family.PRESENCE, field="comment", measure="length"), 1, "Comment: 1 character", "Comment : 1 caractère"),
    (number(Family.AGE, field="founded_on"), 400.9, "Founded on: 400 days ago", "Founded on : il y a 400 jours"),
    (number(Family.LEAD_AGE, measure="created"), 1.5, "Created 1 day ago", "Créé il y a 1 jour"),
    (
        number(Family.LEAD_AGE, measure="handed_off"),
        0.2,
        "Handed to sales less than a day ago",
        "Transmis aux commerciaux il y a moins d’un jour",
    ),
    (
        number(Family.LEAD_AGE, measure="accepted"),
        NAN,
        "Not accepted by sales so far",
        "Pas encore accepté par les commerciaux",
    ),
    (
        count("page_view", 30),
        3,
        "3 visits to pages in the last 30 days",
        "3 visites de pages au cours des 30 derniers jours",
    ),
    (
        count("page_view", 7),
        1,
        "1 visit to a page in the last 7 days",
        "1 visite de page au cours des 7 derniers jours",
    ),
    (count("page_view", 1), 2, "2 visits to pages in the last day", "2 visites de pages au cours du dernier jour"),
    (
        count("page_view", 7),
        0,
        "Visits to pages: none in the last 7 days",
        "Visites de pages : rien au cours des 7 derniers jours",
    ),
    (count(None, None), 1234, "1,234 activities so far", "1 234 activités jusqu’ici"),
    (
        count("W_Nabellen", 30),
        1,
        "1 call about an offer in the last 30 days",
        "1 appel au sujet d’une offre au cours des 30 derniers jours",
    ),
    (
        count("O_SENT_BACK", 30),
        2,
        "2 activities “O SENT BACK” in the last 30 days",
        "2 activités « O SENT BACK » au cours des 30 derniers jours",
    ),
    (
        VIEWS,
        4.2,
        "Visits to pages: most recently 4 days ago",
        "Visites de pages : pour la dernière fois il y a 4 jours",
    ),
    (VIEWS, NAN, "Visits to pages: none so far", "Visites de pages : rien jusqu’ici"),
    (TREND, 0.5, "E-mails opened: more often than before", "E-mails ouverts : plus souvent qu’avant"),
    (TREND, -0.5, "E-mails opened: less often than before", "E-mails ouverts : moins souvent qu’avant"),
    (
        TREND,
        0,
        "E-mails opened: no more and no less often than before",
        "E-mails ouverts : ni plus ni moins souvent qu’avant",
    ),
    (
        number(Family.ACTIVE_DAYS, window_days=7),
        1,
        "Active on 1 day in the last 7 days",
        "Actif 1 jour au cours des 7 derniers jours",
    ),
    (
        number(Family.ACTIVE_DAYS, window_days=7),
        0,
        "Not active in the last 7 days",
        "Pas actif au cours des 7 derniers jours",
    ),
    (number(Family.PROGRESS, measure="accepted"), 1, "Accepted by sales", "Accepté par les commerciaux"),
    (
        number(Family.BUYING_GROUP, measure="known"),
        2,
        "Other leads of the company: 2",
        "Autres leads de l’entreprise : 2",
    ),
    (
        number(Family.BUYING_GROUP, measure="active", window_days=30),
        1,
        "Other leads of the company active in the last 30 days: 1",
        "Autres leads de l’entreprise actifs au cours des 30 derniers jours : 1",
    ),
    (
        number(Family.ACCOUNT_RECORD, measure="won"),
        0,
        "Other leads of the company won: 0",
        "Autres leads de l’entreprise gagnés : 0",
    ),
    (
        number(Family.ACCOUNT_RECORD, measure="since_won"),
        90,
        "Last lead of the company won 90 days ago",
        "Dernier lead de l’entreprise gagné il y a 90 jours",
    ),
    (
        number(Family.RATE, field="lead_source", measure="close"),
        0.123,
        "Lead source: 12.3% of earlier leads won",
        "Lead source : 12,3 % des leads précédents gagnés",
    ),
]


def say(feature: Feature, value: float, language: Language) -> str:
    phrases = Phrases((feature,), (Field("opted_in", Kind.BOOLEAN),), SAID, language)
    return phrases.say(0, [value]).replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(("feature", "value", "english", "french"), GOLDEN, ids=[row[2] for row in GOLDEN])
def test_a_fact_is_told_in_plain_words(feature: Feature, value: float, english: str, french: str) -> None:
    assert say(feature, value, "en") == english
    assert say(feature, value, "fr") == french


@pytest.mark.parametrize(
    ("recency", "said"),
    [
        (NAN, "E-mails opened: none so far"),
        (75.0, "E-mails opened: most recently 75 days ago"),
        (59.0, "E-mails opened: no more and no less often than before"),
    ],
)
def test_a_pace_is_called_the_same_only_where_there_was_one(recency: float, said: str) -> None:
    features = (TREND, VIEWS, number(Family.RECENCY, activity="email_open"))
    assert Phrases(features, (), SAID, "en").say(0, [0.0, 1.0, recency]) == said


def test_every_family_has_a_golden_phrase() -> None:
    assert {row[0].family for row in GOLDEN} == set(Family)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_feature_of_a_scorer_says_something_about_any_value(language: Language) -> None:
    phrases = Phrases(fitted.FEATURES, fitted.FIELDS, fitted.definition(), language)
    for i, value in product(range(len(fitted.FEATURES)), (0.0, 1.0, 3.0, NAN)):
        said = phrases.say(i, [value] * len(fitted.FEATURES))
        assert said[0] == said[0].upper()
        assert "%(" not in said
        assert phrases.name(i)


def test_reasons_speak_the_language_that_was_asked_for() -> None:
    x = fitted.rows(1, seed=41)
    texts = {
        language: [r.text for r in fitted.scorer().score_matrix(x, np.zeros(1, bool), language=language).reasons[0]]
        for language in LANGUAGES
    }
    assert texts["en"] != texts["fr"]
    assert len(texts["en"]) == len(texts["fr"]) == 3
