"""The list as CSV, for whoever opens it in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime
from typing import Any

import msgspec

from serving.readback.contract import ListedLead, Shortlist

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"
COLUMNS = ListedLead.__struct_fields__
_FORMULA = re.compile(r"^(?=[\t\r\n])|(?:^|(?<=[;\r\n]))(?=[=+\-@＝＋－＠])")  # noqa: RUF001 - some run wide ones too
"""Where a spreadsheet runs what follows: at the beginning of a cell, of which some trim blanks first.

One that is set to semicolons, as in French, begins a cell after each, whatever the quotes around the text.
"""


def written(page: Shortlist) -> bytes:
    """The leads of a page, UTF-8, a header first; empty cells where nothing is known."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(value) for value in msgspec.structs.astuple(lead)] for lead in page.leads)
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would run gets an apostrophe before it; numbers stay numbers.

    >>> [_cell(value) for value in ("=1+1", "Ada; =", "Ada;=1+1", -1.5, True, None)]
    ["'=1+1", 'Ada; =', "Ada;'=1+1", -1.5, 'true', '']
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return _FORMULA.sub("'", value) if isinstance(value, str) else value
