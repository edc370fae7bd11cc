from __future__ import annotations

from datetime import UTC, datetime

import pytest

from models.definition import Language
from training.pages import page
from training.speaker import DASH, Speaker


@pytest.mark.parametrize(
    ("language", "percent", "between", "number"),
    [("en", "78%", "78–86%", "1,234.5"), ("fr", "78 %", "78–86 %", "1 234,5")],
)
def test_figures_read_as_the_language_writes_them(language: Language, percent: str, between: str, number: str) -> None:
    speaker = Speaker(language)
    said = (speaker.percent(0.784), speaker.between(0.784, 0.861), speaker.number(1234.5, 1))
    assert tuple(text.replace("\u202f", " ").replace("\xa0", " ") for text in said) == (percent, between, number)


def test_what_is_no_number_is_a_dash_and_nought_has_no_sign() -> None:
    speaker = Speaker("en")
    assert {speaker.percent(float("nan")), speaker.number(float("nan")), speaker.between(float("nan"), 1.0)} == {DASH}
    assert speaker.number(-0.001, 2) == "0.00"


def test_a_range_whose_ends_read_alike_is_one_figure() -> None:
    assert Speaker("en").between(0.781, 0.784) == "78%"
    assert Speaker("en").span(40.1, 40.3) == "40"


def test_dates_are_written_out() -> None:
    at = datetime(2026, 7, 1, tzinfo=UTC)
    assert (Speaker("en").date(at), Speaker("fr").date(at)) == ("July 1, 2026", "1er juillet 2026")
    assert Speaker("fr").date(at.replace(day=21)) == "21 juillet 2026"


def test_facts_are_never_read_as_templates() -> None:
    assert Speaker("en").say("%(name)s agrees", name="%(x)s {{7*7}}") == "%(x)s {{7*7}} agrees"


def test_a_page_that_is_not_there_is_an_error() -> None:
    with pytest.raises(Exception, match="nowhere"):
        page("nowhere", "en")
