"""Duplicates: leads that are the same person, or the same row."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm.history import Kind
from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.view import View
from training.audit.wording import percent, quoted

_ASK_SHARE = 0.01
_SPARE_BITS = 20.0
_FEWEST_FIELDS = 3


def look(view: View) -> list[Finding] | NotApplicable:
    """Look for e-mail addresses that several leads share, and for rows equal in all fields beyond chance."""
    emails = [c for c in view.columns if c.field.kind is Kind.EMAIL]
    own = [c for c in view.columns if not c.field.of_account and c.field.kind is not Kind.EMAIL]
    if not emails and len(own) < _FEWEST_FIELDS:
        return NotApplicable(f"no e-mail addresses, and fewer than {_FEWEST_FIELDS} fields to compare rows by")
    found = []
    for column in emails:
        words = column.raw.str.strip().str.casefold()
        again = words.notna() & words.duplicated(keep="first")
        found += _finding(
            view, column.name, again.to_numpy(), f"the same address in `{column.name}` as an earlier lead"
        )
    if len(own) >= _FEWEST_FIELDS:
        found += _finding(view, None, _same_rows(view), f"the same value as an earlier lead in all {len(own)} fields")
    return found


def _same_rows(view: View) -> np.ndarray:
    """Which leads repeat an earlier one in every field although chance cannot explain it.

    A row carries the surprise of its values, in bits, field by field; two unrelated leads are expected to meet once
    when that is twice the bits it takes to number the leads. Twenty bits more make it one in a million.
    """
    own = [c for c in view.columns if not c.field.of_account and c.field.kind is not Kind.EMAIL]
    bits = np.zeros(view.size)
    keys = {}
    for place, column in enumerate(own):
        codes = pd.factorize(column.raw)[0]
        share = np.maximum(np.bincount(codes + 1) - 1, 1) / view.size  # among the others
        bits -= np.where(codes >= 0, np.log2(share[codes + 1]), 0.0)
        keys[place] = codes
    again = pd.DataFrame(keys).duplicated(keep="first").to_numpy()
    return np.asarray(again & (bits >= 2 * np.log2(max(2, view.size)) + _SPARE_BITS))


def _finding(view: View, field: str | None, again: np.ndarray, what: str) -> list[Finding]:
    leads = int(again.sum())
    if not leads:
        return []
    share = leads / view.size
    examples = [str(v) for v in view.history.leads["lead_id"].to_numpy()[again][:3]]
    words = f"{leads:,} leads ({percent(share)}) have {what}, for example {quoted(examples)}."
    if share < _ASK_SHARE:
        return [CHECK.finding(Severity.NOTE, field, words, leads=leads, share=share, examples=examples)]
    question = "Are these the same person? Merge them in the CRM or the export, or one lead counts several times."
    return [CHECK.finding(Severity.ASK, field, words, question=question, leads=leads, share=share, examples=examples)]


CHECK = Check(
    code="duplicates",
    title="Leads that are the same",
    explanation="A person entered twice counts twice, and may be in the past that is learnt from and in the future "
    "that "
    "is judged on.",
    look=look,
)
