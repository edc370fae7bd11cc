"""An error says in one or two lines what is wrong, where, and what to do."""

from __future__ import annotations

from crm.errors import AccordError


def test_an_error_is_one_line_of_facts_and_one_of_remedy() -> None:
    error = AccordError(
        "No such\ncolumn.", where="leads.csv", got="siez", expected="one of size", remedy="Write\nsize."
    )
    assert str(error) == "leads.csv: No such column. Got 'siez'; expected one of size.\nWrite size."
    assert error.as_dict() == {
        "message": "No such\ncolumn.",
        "where": "leads.csv",
        "got": "'siez'",
        "expected": "one of size",
        "remedy": "Write\nsize.",
    }


def test_a_long_value_is_cut_and_an_error_can_be_short() -> None:
    assert len(str(AccordError("Too long.", got="x" * 10_000))) < 300
    assert str(AccordError("Only this.")) == "Only this."
    assert AccordError("Only this.").as_dict()["got"] is None
