"""The gate of the signatures, a pure function: whether both teams signed what this scorer would serve, and why not."""

from __future__ import annotations

from collections.abc import Iterator

from models.agreement import Agreement
from models.grades import Cut, Grading
from models.sheet import ROLES, Broken, Kept, Range, Sheet
from training.gates import Verdict

GATE = "signatures"

_MEANS: dict[Kept, str] = {"per_week": "{} leads a week", "accept": "sales accepts {}", "close": "sales closes {}"}
_DIGITS = 4


def agreed(measured: Sheet | None, table: Agreement | None, in_force: Agreement | None) -> list[Verdict]:
    """Whether both teams have signed, and every reason at once where they have not.

    ``measured`` is the sheet that the scorer's training measured, ``table`` the sheet that would be signed now with its
    signatures, ``in_force`` the one that both teams signed last.
    """
    if measured is None or table is None:
        return [_no("This training measured no promises (it needs a history with times): there is nothing to sign.")]
    verdicts = []
    for role in ROLES:
        names = ", ".join(f"{each.name} on {each.signed_at:%d %B %Y}" for each in table.signed_as(role))
        verdicts.append(_yes(f"Signed by {role}: {names}.") if names else _no(f"Not signed by {role}."))
    if table.missing and in_force is not None:
        verdicts += [_no(reason) for reason in differences(in_force.sheet, measured)]
    return verdicts


def differences(signed: Sheet, measured: Sheet) -> Iterator[str]:
    """Why the sheet that was signed is not what would be served: another definition, other grades, a broken promise."""
    if signed.definition.version != measured.definition.version:
        before, now = signed.definition.short_version, measured.definition.short_version
        yield f"Both teams signed definition {before}; this scorer is of definition {now} (accord definition diff)."
    elif signed.grading != measured.grading:
        cuts = "; ".join(_moved(signed.grading, measured.grading))
        yield f"Both teams signed other grades: {cuts}. Both teams must sign again."
    else:
        yield from (_broken(broken) for broken in signed.broken_by(measured))


def _broken(broken: Broken) -> str:
    now, promised = _figures(broken)
    figure = _MEANS[broken.what].format(now)
    return f"{broken.grade}: {figure}, promised {promised}: both teams must sign again."


def _figures(broken: Broken) -> tuple[str, str]:
    """What is now and what was promised, with as many digits as it takes to see that one lies outside the other."""
    for digits in range(_DIGITS):
        show = f"{{:.{digits}f}}" if broken.what == "per_week" else f"{{:.{digits}%}}"
        now, low, high = (show.format(figure) for figure in (broken.now, broken.promised.low, broken.promised.high))
        if _outside(now, low, high, broken.promised, broken.now):
            break
    return now, f"{low} to {high}"


def _outside(now: str, low: str, high: str, promised: Range, figure: float) -> bool:
    return now != (low if figure < promised.low else high)


def _moved(before: Grading, now: Grading) -> Iterator[str]:
    later = {cut.grade: cut for cut in now.cuts}
    for cut in before.cuts:
        if cut.grade in later and cut != later[cut.grade]:
            yield f"{cut.grade} from {_start(cut)}, now from {_start(later[cut.grade])}"
    if before.names != now.names:
        yield f"{', '.join(before.names)}, now {', '.join(now.names)}"


def _start(cut: Cut) -> str:
    return f"score {cut.score}" if cut.score is not None else f"{cut.probability or 0:.2%}"


def _yes(sentence: str) -> Verdict:
    return Verdict(GATE, sentence, passed=True)


def _no(sentence: str) -> Verdict:
    return Verdict(GATE, sentence, passed=False)
