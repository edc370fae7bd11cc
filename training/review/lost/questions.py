"""Questions for the meeting, made from the figures: about delivery, service, price and speed, never about blame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from models.vocabulary import M_
from training.pages.document import Part
from training.review.lost.ended import LOST, UNDECIDED, Ended, last_stage
from training.review.lost.named import Named
from training.review.lost.signals import LONG, WINDOW, Signals
from training.review.lost.why import Why
from training.review.telling import Telling

MOST = 6
"""Questions that a meeting can answer."""

ASKED = 2
"""Reasons that are asked about."""

OFTEN = 0.5
"""The share of losses from which on a stage is worth a question."""

OF_REASONS: Mapping[str, str] = {
    "price": M_("“%(reason)s” is named for %(share)s: is it the price itself, or what the customer compared it with?"),
    "competitor": M_("“%(reason)s” is named for %(share)s: which one, and what did it show that we did not?"),
    "product": M_("“%(reason)s” is named for %(share)s: what was missing, and did we know it when the lead came in?"),
    "delivery": M_("“%(reason)s” is named for %(share)s: which promise on delivery could we not make, or not keep?"),
    "service": M_("“%(reason)s” is named for %(share)s: what had the customer told service, and who in sales knew?"),
    "too_slow": M_("“%(reason)s” is named for %(share)s: where did these leads wait, with whom and for what?"),
    "no_budget": M_("“%(reason)s” is named for %(share)s: could the budget have been known before the first meeting?"),
    "postponed": M_("“%(reason)s” is named for %(share)s: who calls them again, and when?"),
    "silence": M_("“%(reason)s” is named for %(share)s: after which message of ours did they stop answering?"),
}
"""What is worth asking about a coded reason."""

OF_ANY = M_("“%(reason)s” is named for %(share)s: what would have had to be different?")


def part(ended: Ended, whys: Sequence[Why], signals: Signals, lost: Sequence[Named], telling: Telling) -> Part | None:
    """At most `MOST` questions; ``None`` where nothing was lost."""
    if not ended.losses:
        return None
    asked = tuple(_questions(ended, whys, signals, lost, telling))[:MOST]
    return Part(telling.say("Questions for the meeting"), asked) if asked else None


def _questions(
    ended: Ended, whys: Sequence[Why], signals: Signals, lost: Sequence[Named], telling: Telling
) -> Iterator[str]:
    say, percent = telling.say, telling.speaker.percent
    for why in whys:
        yield from _of_reasons(why, telling)
    either = signals.service["either"]
    if either is not None and either.clear:
        yield say(
            "Service heard from %(share)s of the companies in the %(days)s days before we lost them: who tells "
            "sales, and "
            "what was done about it?",
            share=percent(either.lost),
            days=str(WINDOW),
        )
    if signals.silent is not None and signals.silent.clear:
        yield say(
            "In %(share)s of the losses we were silent for more than %(days)s days: what kept us from calling?",
            share=percent(signals.silent.lost),
            days=str(LONG),
        )
    stage, losses = last_stage(ended)
    if stage == "offered" and losses >= OFTEN * ended.losses:
        yield say("Most losses come after an offer: what did the offers leave open?")
    if ended.count(UNDECIDED) > ended.count(LOST):
        yield say("More leads end without a decision than are lost to somebody: what would help them to decide?")
    unsaid, every = sum(why.reasons.unsaid for why in whys), sum(why.reasons.ended for why in whys)
    if unsaid == every:
        yield say("Nobody wrote down why these leads were lost: who asks the customer, and where is it noted?")
    elif unsaid > every / 2:
        yield say(
            "For %(n)s of %(of)s losses nobody wrote down why: who asks the customer, and where is it noted?",
            n=telling.speaker.number(unsaid),
            of=telling.speaker.number(every),
        )
    if lost:
        yield say("Which of the good leads named above are worth a second call, and by whom?")


def _of_reasons(why: Why, telling: Telling) -> Iterator[str]:
    named = [reason for reason in why.reasons.reasons if reason.code != "other"]
    for reason in named[: ASKED if why.end == LOST else 1]:
        facts = {"reason": telling.reason(why.end, reason.code), "share": telling.ranged(reason.share)}
        text = OF_REASONS.get(reason.code, OF_ANY)
        yield telling.speaker.translations.gettext(text) % facts
