"""The negotiation as one HTML page with its plot."""

from __future__ import annotations

from matplotlib.axes import Axes

from models.definition import Language
from training import pages
from training.drawing import INK, OWN, SOFT, figure_of, svg_of
from training.negotiation.offers import Negotiation
from training.negotiation.words import Words
from training.speaker import Speaker

HOURS = "#b7791f"


def page(negotiation: Negotiation, language: Language) -> str:
    """The rows, the answer, the grades and the plot."""
    words = Words(negotiation, language)
    return pages.page(
        "negotiation",
        language,
        words=words,
        rows=list(words.rows()),
        grade_rows=list(words.grade_rows()),
        answer=words.answer(),
        plot=draw(negotiation, language),
    )


def draw(negotiation: Negotiation, language: Language) -> bytes:
    """Wins found in a week with their range, and hours needed, against leads a week; the grades' ends are marked."""
    say = Speaker(language).say
    offers = [offer for offer in negotiation.offers if offer.wins is not None]
    with figure_of(9.6, 4.0) as (figure, (axes,)):
        leads = [offer.promise.per_week.value for offer in offers]
        wins = [offer.wins for offer in offers if offer.wins is not None]
        axes.fill_between(leads, [w.low for w in wins], [w.high for w in wins], color=OWN, alpha=0.15, linewidth=0)
        found = axes.plot(leads, [w.value for w in wins], color=OWN, marker="o", markersize=4, label=say("won a week"))
        axes.set(xlabel=say("leads a week"), ylabel=say("won a week"))
        axes.set_xlim(0, None)
        axes.set_ylim(0, None)
        right = axes.twinx()
        right.spines["right"].set_visible(True)
        right.grid(visible=False)
        hours = [offer.hours.value for offer in offers]
        needed = right.plot(leads, hours, color=HOURS, linestyle=(0, (4, 3)), label=say("hours a week"))
        right.set_ylabel(say("hours a week"))
        right.set_ylim(0, None)
        _mark_grades(axes, negotiation)
        if (fitting := negotiation.fitting) is not None:
            axes.axvline(fitting.promise.per_week.value, color=INK, linewidth=1.4)
        axes.legend(handles=[*found, *needed], loc="upper left")
        return svg_of(figure)


def _mark_grades(axes: Axes, negotiation: Negotiation) -> None:
    """A line where each grade but the last ends, with its name before it."""
    end = 0.0
    for offer in negotiation.grades[:-1]:
        begin, end = end, end + offer.promise.per_week.value
        axes.axvline(end, color=SOFT, linewidth=0.8, linestyle=":")
        axes.text((begin + end) / 2, 1.01, offer.promise.grade, transform=axes.get_xaxis_transform(), ha="center")
