"""Bulk scores put into the ledger, in the way the service puts its own there."""

from __future__ import annotations

import logging
import secrets
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import sqlalchemy as sa
import structlog

from accord.console import say
from accord.project import Opened
from crm.errors import AccordError
from crm.history import History, Milestone
from features.facts import Facts
from features.instants import NAT, Ints
from features.records import Record
from models.lots import drawn
from models.scorer import Scorer
from models.scores import Scores
from serving.about import SOURCE, instant
from serving.lead import ReadLead, microseconds
from serving.ledger import tables
from serving.ledger.database import database
from serving.ledger.delivery import delivery_to
from serving.ledger.recorder import SpoolingRecorder
from serving.ledger.spool import Spool
from serving.recording import Given, rows

CALLER = "accord score"
"""Who asked, as the ledger has it."""


class Recorded:
    """Scores of one run on their way to the project's ledger: on disk at once, in the database at the end."""

    def __init__(self, opened: Opened, scorer: Scorer) -> None:
        _log_beside_results()
        self._folder = opened.state.make().spool
        self.rows = self.aside = 0
        self._ledger = database(opened.ledger_url, opened.folder)
        spool = Spool(self._folder, lost=self.lost)
        self._recorder = SpoolingRecorder(spool, delivery_to(self._ledger), self)
        run = secrets.token_hex(8)
        self._given = Given(scorer, scorer.meta.version, "", microseconds(datetime.now(UTC)), CALLER, run)

    def put_records(self, records: Sequence[Record], as_of: Sequence[int], scores: Scores) -> None:
        """Takes the scores of these records over."""
        scorer = self._given.scorer
        facts = Facts.of_records(records, scorer.fields)
        segments = scorer.segmented.names(facts, np.arange(len(records)), np.asarray(as_of, np.int64))
        leads = [ReadLead(record, at, [], 0) for record, at in zip(records, as_of, strict=True)]
        self.put(leads, scores, segments)

    def put(self, leads: Sequence[ReadLead], scores: Scores, segments: Sequence[str | None]) -> None:
        """Takes the scores of these leads over, with the segment that each is in."""
        exploration = self._given.scorer.definition.exploration
        keys = [lead.record.lead_id for lead in leads]
        explored = drawn(exploration, zip(keys, scores.grade.tolist(), strict=True))
        self._recorder.write("scores", rows(self._given, leads, scores, explored, segments))

    def finish(self) -> None:
        """Delivers, and tells what could not be delivered now."""
        self._recorder.turn()
        self._recorder.stop()
        self.rows = self._there()
        left = self._recorder.backlog
        if left:
            say(f"{left:,} rows wait in {self._folder} for the ledger's database.")
            say("The service delivers them when it is back, or the next accord score --record.")
        if self.aside:
            say(f"{self.aside:,} rows were set aside in {self._folder}/aside: the ledger will not have them.")

    def _there(self) -> int:
        """How many of this run's scores the ledger has; what others left in the spool was delivered, too."""
        given = tables.scores.c
        ours = given.given_at == instant(self._given.at), given.request_id == self._given.request_id
        with suppress(AccordError), self._ledger.reading() as connection:
            return int(connection.execute(sa.select(sa.func.count()).where(*ours)).scalar_one())
        return 0

    def delivered(self, table: str, rows: int) -> None:
        """Rows are in the database."""

    def lost(self, rows: int) -> None:
        """Rows are nowhere."""
        say(f"{rows:,} scores could not be recorded: neither disk nor memory could keep them.")

    def set_aside(self, reason: str, rows: int) -> None:  # noqa: ARG002 - the file has the reason
        """Rows are in a file for a person."""
        self.aside += rows


def _log_beside_results() -> None:
    """What the ledger's own parts log is no result: it goes where notes go, and only if something is wrong."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def owners_of(history: History) -> list[str | None]:
    """Who works each lead of a history, in the order of its leads; ``None`` where nobody is named."""
    column = next((field.column for field in history.fields if field.actor and not field.of_account), None)
    if column is None or column not in history.leads:
        return [None] * len(history.leads)
    return [None if pd.isna(owner) else str(owner) for owner in history.leads[column]]


def of_history(
    facts: Facts, part: Ints, as_of: int, contact: frozenset[str], owners: Sequence[str | None]
) -> list[ReadLead]:
    """These leads of a history, with what is kept about a lead: source, owner, hand-off, contacts of these kinds.

    ``owners`` are those of all leads of the facts.
    """
    when = facts.activities.at
    steps = {step: facts.moment(step)[part].tolist() for step in (Milestone.HANDED_OFF, Milestone.ACCEPTED)}
    ours = [place for place, kind in enumerate(facts.kinds) if kind in contact]
    found = []
    for place, row in enumerate(part.tolist()):
        here = slice(facts.activities.first[row], facts.activities.first[row + 1])
        contacts = when[here][np.isin(facts.kind[here], ours)].tolist()
        record = Record(
            lead_id=facts.lead_ids[row],
            attributes={SOURCE: _word(facts, row)},
            activities=[(facts.kinds[ours[0]], instant, None, None) for instant in contacts],
            milestones=[(step, at[place]) for step, at in steps.items() if at[place] != NAT],
        )
        found.append(ReadLead(record, as_of, [], 0, owner=owners[row]))
    return found


def _word(facts: Facts, row: int) -> str | None:
    if SOURCE not in facts.word_names:
        return None
    column = facts.word_names.index(SOURCE)
    code = int(facts.codes[row, column])
    return str(facts.words[column][code - 1]) if code > 0 else None
