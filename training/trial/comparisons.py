"""What the comparisons of a trial come to, in sentences: more, less, or perhaps chance, by where the range lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from models.sheet import Range
from models.vocabulary import M_
from training.trial.figures import FEW, TEAMS, Gap, Name, Outcome
from training.trial.words import RULES, Telling

_Sentences = tuple[str, str, str]
"""More, fewer, may be chance."""

_WINS: _Sentences = (
    M_("With as many leads as %(rule)s takes, the score finds %(n)s more wins %(unit)s (%(low)s to %(high)s)."),
    M_("With as many leads as %(rule)s takes, the score finds %(n)s fewer wins %(unit)s (%(low)s to %(high)s)."),
    M_(
        "With as many leads as %(rule)s takes, the score's wins differ by %(n)s %(unit)s, which may be chance "
        "(%(from)s to %(to)s)."
    ),
)
_ACCEPTED: _Sentences = (
    M_(
        "Sales accepted %(one)s of the leads that the score takes and %(other)s of the rule's: "
        "%(n)s points more (%(low)s to %(high)s)."
    ),
    M_(
        "Sales accepted %(one)s of the leads that the score takes and %(other)s of the rule's: "
        "%(n)s points fewer (%(low)s to %(high)s)."
    ),
    M_(
        "Sales accepted %(one)s of the leads that the score takes and %(other)s of the rule's: "
        "a difference that may be chance (%(from)s to %(to)s points)."
    ),
)
_REVENUE: _Sentences = (
    M_("The score's leads brought %(n)s more revenue %(unit)s (%(low)s to %(high)s)."),
    M_("The score's leads brought %(n)s less revenue %(unit)s (%(low)s to %(high)s)."),
    M_("In revenue they differ by %(n)s %(unit)s, which may be chance (%(from)s to %(to)s)."),
)
_WON: _Sentences = (
    M_(
        "Where the rules disagree, sales was right more often: of the leads that only its rule takes %(one)s were won, "
        "of those that only marketing's takes %(other)s, a difference of %(n)s points (%(low)s to %(high)s)."
    ),
    M_(
        "Where the rules disagree, marketing was right more often: of the leads that only its rule takes %(other)s "
        "were won, of those that only sales's takes %(one)s, a difference of %(n)s points (%(low)s to %(high)s)."
    ),
    M_(
        "Where the rules disagree, this history does not tell who was right: of the leads that only sales's rule takes "
        "%(one)s were won, of those that only marketing's takes %(other)s; the difference lies between %(from)s and "
        "%(to)s points."
    ),
)
_TAKEN: _Sentences = (
    M_(
        "Sales itself accepted more of the leads that only its own rule takes (%(one)s) than of those that only "
        "marketing's takes (%(other)s): %(n)s points more (%(low)s to %(high)s)."
    ),
    M_(
        "Sales itself accepted fewer of the leads that only its own rule takes (%(one)s) than of those that only "
        "marketing's takes (%(other)s): %(n)s points fewer (%(low)s to %(high)s)."
    ),
    M_(
        "Sales itself accepted %(one)s of the leads that only its own rule takes and %(other)s of those that only "
        "marketing's takes: a difference that may be chance (%(from)s to %(to)s points)."
    ),
)
_OWN: _Sentences = (
    M_(
        "Sales accepted %(one)s of the leads that its own rule takes and %(other)s of all others: "
        "%(n)s points more (%(low)s to %(high)s)."
    ),
    M_(
        "Sales accepted %(one)s of the leads that its own rule takes and %(other)s of all others: "
        "%(n)s points fewer (%(low)s to %(high)s)."
    ),
    M_(
        "Sales accepted %(one)s of the leads that its own rule takes and %(other)s of all others: "
        "a difference that may be chance (%(from)s to %(to)s points)."
    ),
)


def against_the_score(telling: Telling) -> Iterator[str]:
    """The score against each rule, with as many leads."""
    for team in TEAMS:
        rule, mine = telling.speaker.say(RULES[team]), telling.trial.outcomes[team]
        if mine.empty or mine.full:
            continue
        if mine.judged_close >= FEW:
            yield " ".join(_of_team(telling, telling.trial.gaps[team], mine, rule))
            continue
        yield telling.speaker.count(
            "Of the leads that %(rule)s takes, %(n)s has been decided: too few to compare with the score.",
            "Of the leads that %(rule)s takes, %(n)s have been decided: too few to compare with the score.",
            mine.judged_close,
            rule=rule,
        )


def _of_team(telling: Telling, gap: Gap, mine: Outcome, rule: str) -> Iterator[str]:
    score = telling.trial.outcomes[TEAMS[gap.team]]
    if gap.wins is not None:
        yield _compared(_WINS, gap.wins, telling, rule=rule, unit=telling.unit)
    if gap.accepted is not None and mine.judged_accept >= FEW:
        yield _shares(telling, _ACCEPTED, gap.accepted, score.accepted, mine.accepted)
    if gap.revenue is not None:
        yield _compared(_REVENUE, gap.revenue, telling, telling.amount, unit=telling.unit)


def dispute(telling: Telling) -> Iterator[str]:
    """Where the rules disagree, who was right, and what neither takes."""
    trial, say = telling.trial, telling.speaker.say
    marketing, sales = trial.outcomes[Name.ONLY_MARKETING], trial.outcomes[Name.ONLY_SALES]
    if marketing.empty and sales.empty:
        yield say("The two rules take the same leads: there is nothing to decide between them.")
    elif trial.outcomes[Name.MARKETING].empty or trial.outcomes[Name.SALES].empty:
        yield say("Only one of the rules takes leads: there is nothing to decide between them.")
    elif marketing.empty:
        yield say("Every lead that marketing's rule takes is taken by sales's as well.")
    elif sales.empty:
        yield say("Every lead that sales's rule takes is taken by marketing's as well.")
    elif min(marketing.judged_close, sales.judged_close) < FEW:
        yield say("Where the rules disagree, too few leads have been decided to tell who was right.")
    elif trial.dispute.closed is not None:
        yield _shares(telling, _WON, trial.dispute.closed, sales.closed, marketing.closed)
        if trial.dispute.accepted is not None and min(marketing.judged_accept, sales.judged_accept) >= FEW:
            yield _shares(telling, _TAKEN, trial.dispute.accepted, sales.accepted, marketing.accepted)
    neither = trial.outcomes[Name.NEITHER]
    if not neither.empty and neither.wins_share is not None:
        yield say(
            "Neither rule takes %(leads)s of the leads; %(wins)s of the wins (%(low)s to %(high)s) are among them.",
            leads=telling.speaker.percent(neither.share),
            wins=telling.speaker.percent(neither.wins_share.value),
            **_percents(telling, neither.wins_share),
        )


def agreement(telling: Telling) -> Iterator[str]:
    """How far what sales accepts follows its own rule; nothing where that cannot be told."""
    own = next((one for one in telling.trial.agreements if one.name is Name.SALES), None)
    mine, every = telling.trial.outcomes[Name.SALES], telling.trial.outcomes[Name.EVERY]
    others = every.judged_accept - mine.judged_accept
    if own is not None and own.gap is not None and min(mine.judged_accept, others) >= FEW:
        yield _shares(telling, _OWN, own.gap, own.taken, own.left)


def explained(telling: Telling) -> str:
    """What the figure beyond chance means."""
    return telling.speaker.say(
        "Beyond chance: 0 is what chance alone would give, 1 the same answer on every lead. A choice that takes far "
        "fewer leads than sales accepts, or far more, cannot come near 1."
    )


def explained_score(telling: Telling) -> str:
    """What the score's rows are."""
    return telling.speaker.say(
        "The score's rows take the leads with the best chance of being won, until they are as many as the rule takes."
    )


def _compared(
    sentences: _Sentences, gap: Range, telling: Telling, number: Callable[[float], str] | None = None, **facts: str
) -> str:
    number = number or telling.number
    more, fewer, open_ = sentences
    if gap.low > 0 or gap.high < 0:
        near, far = sorted((abs(gap.low), abs(gap.high)))
        told = {"n": number(abs(gap.value)), "low": number(near), "high": number(far)}
        return telling.speaker.say(more if gap.low > 0 else fewer, **{**facts, **told})
    signed = {name: _signed(number, figure) for name, figure in (("n", gap.value), ("from", gap.low), ("to", gap.high))}
    return telling.speaker.say(open_, **{**facts, **signed})


def _shares(telling: Telling, sentences: _Sentences, gap: Range, one: Range | None, other: Range | None) -> str:
    points = Range(*(100.0 * figure for figure in (gap.value, gap.low, gap.high)))
    return _compared(sentences, points, telling, one=telling.share(one), other=telling.share(other))


def _percents(telling: Telling, share: Range) -> dict[str, str]:
    return {"low": telling.speaker.percent(share.low), "high": telling.speaker.percent(share.high)}


def _signed(number: Callable[[float], str], value: float) -> str:
    text = number(abs(value))
    sign = "" if not text.strip("0.,") else "+" if value > 0 else "\N{MINUS SIGN}"
    return sign + text
