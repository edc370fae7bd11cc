"""Checks stories against the request they were told of: every clause is read and worked out again from the record.

Nothing of `models.mentions` or `models.stories` is used: what a story may say is written here a second time, as
patterns of text, and what is true is counted here by hand. A clause that no pattern reads is a claim that nobody
checked, and fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from babel.dates import get_month_names

from features.records import Record
from features.words import domain_type
from models.definition import Definition, Language, Plural
from models.stories import Story

DAY = 86_400_000_000
SPACES = dict.fromkeys(map(ord, "\u00a0\u202f"), " ")
NUMBERS = {
    "en": ["", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"],
    "fr": ["", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"],
}
WORDS = {
    "en": {
        "number": rf"(?P<n>(?:about )?(?:no|{'|'.join(NUMBERS['en'][1:])}|-?[\d,]+))",
        "window": r"(?P<window>in the past 24 hours|in the past week|in the past \w+ days|so far)",
        "when": r"(?P<when>today|yesterday|the day before yesterday|\w+ days ago|on [\w ]+)",
        "noun": r"(?P<noun>.+?)",
    },
    "fr": {
        "number": rf"(?P<n>(?:environ )?(?:aucune?|une?|{'|'.join(NUMBERS['fr'][1:])}|-?\d[\d ]*))",
        "window": r"(?P<window>ces dernières 24 heures|ces \w+ derniers jours|jusqu’ici)",
        "when": r"(?P<when>aujourd’hui|hier|avant-hier|il y a \w+ jours|le [\wéû ]+)",
        "noun": r"(?P<noun>.+?)",
    },
}
PATTERNS: Mapping[str, Sequence[tuple[str, str]]] = {
    "en": [
        ("company", r"an? {number}-person (?:(?P<industry>.+) )?company(?: \((?P<apart>.+)\))?"),
        ("value", r"(?P<field>.+) “(?P<value>.*)”"),
        ("unknown", r"(?P<field>.+) not known"),
        ("arrival", r"came in and was handed to sales {when}"),
        ("created", r"came in {when}"),
        ("handed_off", r"handed to sales {when}"),
        ("accepted", r"accepted by sales {when}"),
        ("sale", r"last sale to the company {when}"),
        ("no_sale", r"no lead of the company won so far"),
        ("known", r"{number} colleagues? known"),
        ("active", r"{number} colleagues? active {window}"),
        ("acted", r"{number} activit(?:y|ies) of colleagues {window}"),
        ("won", r"{number} leads? of the company already won"),
        ("lost", r"{number} leads? of the company decided without a sale"),
        ("days", r"active on {number} days? {window}"),
        ("idle", r"not active {window}"),
        ("more", r"more {noun} than before"),
        ("fewer", r"fewer {noun} than before"),
        ("same", r"as many {noun} as before"),
        ("last", r"last {noun} {when}"),
        ("together", r"{when}: (?P<nouns>.+)"),
        ("since", r"no {noun} since (?P<date>\d.*)"),
        ("none", r"no {noun} {window}"),
        ("email", r"e-mail address (?P<of>of a .+|thrown away after use)"),
        ("fact", r"(?P<field>.+?) \((?P<fact>[^()“”]+)\)"),
        ("count", r"{number} {noun} {window}"),
    ],
    "fr": [
        ("company", r"entreprise (?:de {number} salariés|d’une seule personne)(?: \((?P<apart>.+)\))?"),
        ("value", r"(?P<field>.+) « (?P<value>.*) »"),
        ("unknown", r"(?P<field>.+) \(pas d’information\)"),
        ("arrival", r"arrivé et transmis aux commerciaux {when}"),
        ("created", r"arrivé {when}"),
        ("handed_off", r"transmis aux commerciaux {when}"),
        ("accepted", r"accepté par les commerciaux {when}"),
        ("sale", r"dernière vente à l’entreprise {when}"),
        ("no_sale", r"aucun lead de l’entreprise gagné jusqu’ici"),
        ("known", r"{number} collègues? connus?"),
        ("active", r"{number} collègues? actifs? {window}"),
        ("acted", r"{number} activités? de collègues {window}"),
        ("won", r"{number} leads? de l’entreprise déjà gagnés?"),
        ("lost", r"{number} leads? de l’entreprise clos sans vente"),
        ("days", r"{number} jours? d’activité {window}"),
        ("idle", r"pas actif {window}"),
        ("more", r"{noun} en hausse"),
        ("fewer", r"{noun} en baisse"),
        ("same", r"{noun} au même rythme qu’avant"),
        ("together", r"{when} : (?P<nouns>.+)"),
        ("since", r"sans {noun} depuis le (?P<date>\d.*)"),
        ("none", r"sans {noun} {window}"),
        ("email", r"adresse e-mail (?P<of>d’une? .+|jetable)"),
        ("fact", r"(?P<field>.+?) \((?P<fact>[^()«»]+)\)"),
        ("count", r"(?:{number} )?{noun} {window}"),
        ("last", r"{noun} {when}"),
    ],
}
SENTENCES = {
    "en": {
        "against": "against it: ",
        "for": "for it: ",
        "little": "Little sets this lead apart from the others.",
        "unsure": "Too little is known to rely on this score.",
        "idle": "No activity is known.",
        "complete": "Nothing that matters for the score is missing.",
        "ask": "Still to find out: ",
        "latest": r"Latest (?:event|request|sign of interest): (?P<first>[^;]+?)(?:; since then: (?P<then>.+))?\.",
    },
    "fr": {
        "against": "en sa défaveur : ",
        "for": "en sa faveur : ",
        "little": "Peu de choses distinguent ce lead des autres.",
        "unsure": "On en sait trop peu pour se fier à ce score.",
        "idle": "Aucune activité connue.",
        "complete": "Il ne manque rien d’important pour le score.",
        "ask": "Reste à savoir : ",
        "latest": (
            r"(?:Dernier événement|Dernière sollicitation|Dernière marque d’intérêt) : "
            r"(?P<first>[^;]+?)(?: ; depuis : (?P<then>.+))?\."
        ),
    },
}
OF = {
    "en": {
        "company": "of a company",
        "free": "of a free provider",
        "academic": "of a school or university",
        "government": "of a public body",
        "disposable": "thrown away after use",
    },
    "fr": {
        "company": "d’une entreprise",
        "free": "d’un fournisseur gratuit",
        "academic": "d’une école ou université",
        "government": "d’un organisme public",
        "disposable": "jetable",
    },
}
ASKING = {"chat", "demo", "form", "ticket", "download", "email_reply", "event", "meeting", "pricing_view", "webinar"}


class Untrue(AssertionError):  # noqa: N818  it reads as what it says
    """A story says what the request does not."""


@dataclass
class Checker:
    """What one request held, and what may therefore be told of it."""

    record: Record
    as_of: int
    definition: Definition
    language: Language
    trends: Sequence[float]
    """The windows of pace that the scorer has, in days."""

    read: dict[str, int] = field(default_factory=dict)
    """How many clauses of each sort were read."""

    def check(self, story: Story, grade: str) -> None:
        """Raises `Untrue` for the first claim that is not so."""
        self.why(story.why.translate(SPACES))
        self.who(story.who.translate(SPACES), grade)
        self.how(story.how.translate(SPACES))

    # -- the three texts ----------------------------------------------------------------------------------------

    def why(self, text: str) -> None:
        said = SENTENCES[self.language]
        if text == said["little"]:
            return
        for sentence in re.split(r"(?<=\.) (?=[A-ZÉÀ])", text):
            clauses = self._lowered(sentence.removesuffix("."))
            for label in (said["against"], said["for"]):
                clauses = clauses.removeprefix(label)
            for clause in re.split(r" ?; ", clauses):
                self.clause(clause)

    def who(self, text: str, grade: str) -> None:
        promise = self.definition.grades[grade]
        said = [f"{'Classe' if self.language == 'fr' else 'Grade'} {grade}"]
        if promise.who is not None:
            said.append(promise.who.told(self.language))
        if promise.within_hours is not None:
            said.append(self.number(int(promise.within_hours)))
        missing = [part for part in said if part not in text]
        numbers = re.findall(r"\d+", text.removeprefix(said[0]))
        if missing or any(n not in said for n in numbers):
            raise Untrue(f"{text!r} is not the promise of grade {grade}: {said}")

    def how(self, text: str) -> None:
        said = SENTENCES[self.language]
        text = text.replace(said["unsure"], "").strip()
        if text == said["complete"]:
            return
        names = ""
        if said["ask"] in text:
            text, names = text.split(said["ask"])
            text = text.strip()
        for name in names.removesuffix(".").split(", ") if names else ():
            self.true(self._value(self._field(name)) is None, f"{name!r} is known")
        if not text:
            return
        if text == said["idle"]:
            self.true(not self._times(None), "there was activity")
            return
        found = re.fullmatch(said["latest"], text)
        self.true(found is not None, f"nobody reads {text!r}")
        assert found is not None
        times = {kind: self._times(kind) for kind in {activity[0] for activity in self.record.activities}}
        newest = max(max(at) for at in times.values() if at)
        asked = max((max(at) for kind, at in times.items() if at and kind in ASKING), default=None)
        self._happened(found["first"], newest if asked is None else asked)
        if found["then"]:
            self._happened(found["then"], newest)

    def _happened(self, event: str, at: int) -> None:
        noun, when = self._lowered(event).rsplit(", ", 1)
        kind = self._kind(noun)
        self.true(at in self._times(kind) and self._is_when(when, at), f"{event!r} was not")

    # -- clauses ------------------------------------------------------------------------------------------------

    def clause(self, text: str) -> None:
        """Reads one clause and works it out again."""
        for sort, pattern in PATTERNS[self.language]:
            found = re.fullmatch(pattern.format(**WORDS[self.language]), text)
            if found and self._reads(sort, found):
                self.read[sort] = self.read.get(sort, 0) + 1
                return
        raise Untrue(f"{text!r} is not so, or nobody can read it")

    def _reads(self, sort: str, found: re.Match[str]) -> bool:
        check: Callable[[dict[str, str]], bool] = getattr(self, f"_is_{sort}")
        return check({name: given or "" for name, given in found.groupdict().items()})

    def _is_company(self, said: dict[str, str]) -> bool:
        employees = self._value("account.employees")
        industry = said.get("industry") or said["apart"]
        own = str(self._value("account.industry") or "").replace("_", " ")
        return isinstance(employees, float) and self._counts(said["n"] or "un", employees) and industry in ("", own)

    def _is_value(self, said: dict[str, str]) -> bool:
        own = self._value(self._field(said["field"]))
        return isinstance(own, str) and said["value"] == own.replace("_", " ")

    def _is_unknown(self, said: dict[str, str]) -> bool:
        return self._value(self._field(said["field"])) is None

    def _is_fact(self, said: dict[str, str]) -> bool:
        value = self._value(self._field(said["field"]))
        yes = {"yes": 1.0, "oui": 1.0, "no": 0.0, "non": 0.0}.get(said["fact"])
        return isinstance(value, float) and (value == yes or self._counts(said["fact"], value))

    def _is_email(self, said: dict[str, str]) -> bool:
        address = self._value("email")
        return isinstance(address, str) and OF[self.language].get(domain_type(address)) == said["of"]

    def _is_arrival(self, said: dict[str, str]) -> bool:
        return self._is_created(said) and self._is_handed_off(said)

    def _is_created(self, said: dict[str, str]) -> bool:
        return self.record.created_at is not None and self._is_when(said["when"], self.record.created_at)

    def _is_handed_off(self, said: dict[str, str]) -> bool:
        return self._reached("handed_off", said["when"])

    def _is_accepted(self, said: dict[str, str]) -> bool:
        return self._reached("accepted", said["when"])

    def _reached(self, milestone: str, when: str) -> bool:
        at = [at for name, at in self.record.milestones if name == milestone and at <= self.as_of]
        return bool(at) and self._is_when(when, min(at))

    def _is_known(self, said: dict[str, str]) -> bool:
        return self._counts(said["n"], len(self._colleagues()))

    def _is_active(self, said: dict[str, str]) -> bool:
        return self._counts(said["n"], sum(any(at) for at in self._group(said["window"])))

    def _is_acted(self, said: dict[str, str]) -> bool:
        return self._counts(said["n"], sum(len(at) for at in self._group(said["window"])))

    def _group(self, window: str) -> list[list[int]]:
        days = self._days(window)
        return [
            [a[1] for a in other.activities if self.as_of - days * DAY < a[1] <= self.as_of]
            for other in self._colleagues()
        ]

    def _is_won(self, said: dict[str, str]) -> bool:
        return self._counts(said["n"], sum(first[0] == "won" for first in self._finals()))

    def _is_lost(self, said: dict[str, str]) -> bool:
        return self._counts(said["n"], sum(first[0] != "won" for first in self._finals()))

    def _is_no_sale(self, _: dict[str, str]) -> bool:
        return not any(first[0] == "won" for first in self._finals())

    def _is_sale(self, said: dict[str, str]) -> bool:
        won = [at for name, at in self._finals() if name == "won"]
        return bool(won) and self._is_when(said["when"], max(won))

    def _is_days(self, said: dict[str, str]) -> bool:
        first = self.as_of // DAY - (self._days(said["window"]) - 1)
        return self._counts(said["n"], len({at // DAY for at in self._times(None) if at // DAY >= first}))

    def _is_idle(self, said: dict[str, str]) -> bool:
        first = self.as_of // DAY - (self._days(said["window"]) - 1)
        return not any(at // DAY >= first for at in self._times(None))

    def _is_count(self, said: dict[str, str]) -> bool:
        since = self.as_of - self._days(said["window"]) * DAY
        times = [at for at in self._times(self._kind(said["noun"])) if at > since]
        return self._counts(said["n"] or "un", len(times))

    def _is_none(self, said: dict[str, str]) -> bool:
        since = self.as_of - self._days(said["window"]) * DAY
        return not any(at > since for at in self._times(self._kind(said["noun"])))

    def _is_since(self, said: dict[str, str]) -> bool:
        times = self._times(self._kind(said["noun"]))
        prefix = {"en": "on ", "fr": "le "}[self.language]
        return bool(times) and self._is_when(prefix + said["date"], max(times))

    def _is_last(self, said: dict[str, str]) -> bool:
        times = self._times(self._kind(said["noun"]))
        return bool(times) and self._is_when(said["when"], max(times))

    def _is_together(self, said: dict[str, str]) -> bool:
        return all(self._is_last({"noun": noun, "when": said["when"]}) for noun in said["nouns"].split(", "))

    def _is_more(self, said: dict[str, str]) -> bool:
        return any(recent > before for recent, before in self._paces(said["noun"]))

    def _is_fewer(self, said: dict[str, str]) -> bool:
        return any(recent < before for recent, before in self._paces(said["noun"]))

    def _is_same(self, said: dict[str, str]) -> bool:
        return any(recent == before > 0 for recent, before in self._paces(said["noun"]))

    def _paces(self, noun: str) -> list[tuple[int, int]]:
        times, paces = self._times(self._kind(noun)), []
        for days in self.trends:
            recent = sum(at > self.as_of - days * DAY for at in times)
            paces.append((recent, sum(at > self.as_of - 2 * days * DAY for at in times) - recent))
        return paces

    # -- what the request held ----------------------------------------------------------------------------------

    def _times(self, kind: str | None) -> list[int]:
        return [at for name, at, *_ in self.record.activities if at <= self.as_of and kind in (None, name)]

    def _colleagues(self) -> list[Record]:
        return [c for c in self.record.colleagues if c.created_at is not None and c.created_at <= self.as_of]

    def _finals(self) -> list[tuple[str, int]]:
        """The first final milestone of each colleague decided by then, a win before others at the same instant."""
        found = []
        for other in self.record.colleagues:
            if other.created_at is not None and other.created_at > self.as_of:
                continue
            final = [
                (at, name != "won", name) for name, at in other.milestones if name not in ("handed_off", "accepted")
            ]
            if final and min(final)[0] <= self.as_of:
                at, _, name = min(final)
                found.append((name, max(at, other.created_at or 0)))
        return found

    def _value(self, name: str) -> float | str | None:
        value = self.record.attributes.get(name)
        return float(value) if isinstance(value, int | float) else value

    def _field(self, name: str) -> str:
        """The field that goes by this name, in the definition's words."""
        named = {self._word(field): field for field in self.definition.words}
        self.true(name in named, f"no field is called {name!r}")
        return named[name]

    def _kind(self, noun: str) -> str | None:
        """The kind of activity of this noun, in the singular or the plural; None is any kind."""
        if noun in ("activity", "activities", "activité", "activités"):
            return None
        unknown = re.fullmatch(r"activit(?:y|ies|é|és) (?:“|« )(.+?)(?:”| »)", noun)
        if unknown:
            return next((a[0] for a in self.record.activities if a[0].replace("_", " ").lower() == unknown[1]), "?")
        for kind, words in self.definition.words.items():
            given = getattr(words, self.language)
            if isinstance(given, Plural) and noun in (given.one.lower(), given.other.lower()):
                return kind
        return "nothing goes by this name"

    def _word(self, field: str) -> str:
        given = getattr(self.definition.words[field], self.language)
        return (given.one if isinstance(given, Plural) else str(given)).lower()

    def true(self, so: bool, otherwise: str) -> None:
        if not so:
            raise Untrue(otherwise)

    # -- words --------------------------------------------------------------------------------------------------

    def number(self, n: int) -> str:
        return (
            NUMBERS[self.language][n] if 0 < n <= 10 else f"{n:,}".replace(",", {"en": ",", "fr": " "}[self.language])
        )

    def _counts(self, said: str, value: float) -> bool:
        """Whether this is how the value is told: exactly, or about."""
        exact = value == round(value)
        if said in ("no", "aucun", "aucune"):
            return value == 0
        about = re.sub(r"^(?:about|environ) ", "", said)
        if about != said:
            rounded = round(value) if abs(value) < 100_000 else int(float(f"{value:.3g}"))
            return about == self.number(rounded) and not (exact and abs(value) < 100_000)
        if said in ("une", "un"):
            return value == 1
        if said in ("close to zero", "proche de zéro"):
            return 0 < abs(value) <= 0.5
        return exact and said == self.number(int(value))

    def _days(self, window: str) -> int:
        fixed = {"so far": 100_000, "jusqu’ici": 100_000, "in the past week": 7}
        fixed |= {"in the past 24 hours": 1, "ces dernières 24 heures": 1}
        if window in fixed:
            return fixed[window]
        days = re.sub(r"^(?:in the past|ces) | (?:days|derniers jours)$", "", window)
        return int(days) if days.isdigit() else NUMBERS[self.language].index(days)

    def _is_when(self, said: str, at: int) -> bool:
        """Whether an instant may be told like this at ``as_of``."""
        if at > self.as_of:
            return False
        between, passed = self.as_of // DAY - at // DAY, (self.as_of - at) // DAY
        by_calendar = {
            "today": 0,
            "aujourd’hui": 0,
            "yesterday": 1,
            "hier": 1,
            "the day before yesterday": 2,
            "avant-hier": 2,
        }
        if said in by_calendar:
            return between == by_calendar[said]
        ago = re.fullmatch(r"(?:il y a )?(\w+) (?:days ago|jours)", said)
        if ago:
            return ago[1] == self.number(passed)
        day, then = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=i) for i in (at, self.as_of))
        month = get_month_names("wide", locale=self.language)[day.month].lower()
        number = "1er" if self.language == "fr" and day.day == 1 else str(day.day)
        year = "" if day.year == then.year else f" {day.year}"
        return re.sub(r"^(?:on|le) ", "", said) == f"{number} {month}{year}"

    def _lowered(self, text: str) -> str:
        """The text with capitals only where they are between quotation marks."""
        parts = re.split(r"(“[^”]*”|« [^»]* »)", text)
        return "".join(part if i % 2 else part.lower() for i, part in enumerate(parts))
