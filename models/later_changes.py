"""What changed in the parts of a definition about the time after a score: reasons, kinds, hours, segments, the draw."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from babel.core import Locale
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.numbers import format_percent

from models.changes import Changes, Difference
from models.definition import Definition
from models.loop import Exploration, Segments
from models.vocabulary import M_, Vocabulary, readable
from models.working_hours import WorkingHours

_REASONS = {
    "rejected": M_("Reason to reject a lead, “%(code)s”"),
    "lost": M_("Reason for a loss, “%(code)s”"),
    "no_decision": M_("Reason for no decision, “%(code)s”"),
}
_KINDS = {"contact": M_("What counts as a first contact"), "service": M_("What tells of customer service")}
_PARTS = {
    "reasons": M_("The list of reasons"),
    "kinds": M_("The list of kinds of activity"),
    "working_hours": M_("The calendar of working hours"),
    "segments": M_("The list of segments"),
    "exploration": M_("The draw by lot"),
}


def after_the_score(changes: Changes) -> Iterator[Difference]:
    """Every change in these parts, in the order of the definition."""
    told_by = {
        "reasons": _reasons,
        "kinds": _kinds,
        "working_hours": _working_hours,
        "segments": _segments,
        "exploration": _exploration,
    }
    for part, tell in told_by.items():
        if getattr(changes.before, part) == getattr(changes.after, part) and not _reordered(changes, part):
            continue
        told = list(tell(changes))  # a part that now says what held without it is told too: its version is another
        yield from told or [changes.otherwise(part, changes.say(_PARTS[part]))]


def _reordered(changes: Changes, part: str) -> bool:
    return part == "segments" and _order(changes.before) != _order(changes.after)


def _order(definition: Definition) -> list[str]:
    return list((definition.segments or Segments()).marketing)


def _reasons(changes: Changes) -> Iterator[Difference]:
    before, after = changes.before.listed_reasons, changes.after.listed_reasons
    for outcome, what in _REASONS.items():
        was, now = before.of(outcome), after.of(outcome)
        for code in (*was, *(new for new in now if new not in was)):
            said = changes.say(what, code=readable(code))
            yield from changes.passage(f"reasons.{outcome}.{code}", said, was.get(code), now.get(code))


def _kinds(changes: Changes) -> Iterator[Difference]:
    for part, what in _KINDS.items():
        was, now = (_nouns(changes, one, part) for one in (changes.before, changes.after))
        yield from changes.changed(f"kinds.{part}", changes.say(what), was, now)


def _nouns(changes: Changes, definition: Definition, part: str) -> str | None:
    kinds: tuple[str, ...] = getattr(definition.kinds, part) if definition.kinds else ()
    words = Vocabulary(definition, changes.language)
    return _listed(changes, [words.activities(kind, 1) for kind in kinds]) if kinds else None


def _working_hours(changes: Changes) -> Iterator[Difference]:
    before, after = changes.before.calendar, changes.after.calendar
    said = (_hours(changes, one) for one in (before, after))
    yield from changes.changed("working_hours", changes.say("Working hours"), *said)
    for message, days in (
        (M_("Closed from now on: %(days)s."), set(after.closed) - set(before.closed)),
        (M_("Not closed any more: %(days)s."), set(before.closed) - set(after.closed)),
    ):
        if days:
            told = _listed(changes, [_date(changes, day) for day in sorted(days)])
            yield Difference("working_hours.closed", changes.say(message, days=told))


def _hours(changes: Changes, calendar: WorkingHours) -> str:
    names = Locale.parse(changes.language).days["format"]["wide"]
    week = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    days = _listed(changes, [names[week.index(day)] for day in calendar.days])
    start, end = (str(format_time(one, "HH:mm")) for one in (calendar.start, calendar.end))
    zone = readable(calendar.zone)
    return changes.say("%(days)s from %(start)s to %(end)s (%(zone)s)", days=days, start=start, end=end, zone=zone)


def _segments(changes: Changes) -> Iterator[Difference]:
    before, after = (one.segments or Segments() for one in (changes.before, changes.after))
    was, now = before.marketing, after.marketing
    for name in (*was, *(new for new in now if new not in was)):
        what = changes.say("Segment “%(name)s”", name=readable(name))
        yield from changes.voice(f"segments.marketing.{name}", what, was.get(name), now.get(name))
    common = [[name for name in one if name in other] for one, other in ((was, now), (now, was))]
    if common[0] != common[1]:
        said = (", ".join(map(readable, names)) for names in common)
        yield from changes.changed("segments.marketing", changes.say("The order of the segments"), *said)
    fields = (
        segments.potential and Vocabulary(definition, changes.language).name(segments.potential)
        for segments, definition in ((before, changes.before), (after, changes.after))
    )
    yield from changes.changed("segments.potential", changes.say("What tells an account's potential"), *fields)
    shares = (_shares(changes, segments.abc) for segments in (before, after))
    what = changes.say("Share of the A accounts, and of the A and B accounts together")
    yield from changes.changed("segments.abc", what, *shares)


def _exploration(changes: Changes) -> Iterator[Difference]:
    said = (_draw(changes, one.exploration) for one in (changes.before, changes.after))
    yield from changes.changed("exploration", changes.say(_PARTS["exploration"]), *said)


def _draw(changes: Changes, exploration: Exploration | None) -> str | None:
    if exploration is None:
        return None
    grades = _listed(changes, exploration.grades)
    return changes.say(
        "%(share)s of the leads of grade %(grades)s are worked all the same (draw “%(draw)s”)",
        share=_percent(changes, exploration.share),
        grades=grades,
        draw=exploration.draw,
    )


def _shares(changes: Changes, abc: tuple[float, float]) -> str:
    return _listed(changes, [_percent(changes, share) for share in abc])


def _percent(changes: Changes, share: float) -> str:
    return str(format_percent(share, "#,##0.##%", locale=changes.language))


def _date(changes: Changes, day: dt.date) -> str:
    told = str(format_date(day, "long", locale=changes.language))
    return f"1er{told[1:]}" if changes.language == "fr" and told.startswith("1 ") else told


def _listed(changes: Changes, parts: Iterable[str]) -> str:
    return str(format_list(list(parts), locale=changes.language))
