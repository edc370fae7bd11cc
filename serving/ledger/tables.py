"""The ledger's tables. A change to them is a migration of its own in ``serving/ledger/migrations/versions``."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from models.sheet import ROLES


class Instant(sa.TypeDecorator[datetime]):
    """A time with a zone, kept to the microsecond and given back in UTC by every database.

    SQLite knows no zones: UTC is kept without one. PostgreSQL gives the zone of the session.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """To UTC. Raises `ValueError` for a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time in the ledger needs its zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """In UTC, with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = sa.MetaData(
    naming_convention={
        "ix": "%(table_name)s_by_%(column_0_name)s",
        "uq": "%(table_name)s_once_%(column_0_name)s",
        "ck": "%(table_name)s_%(constraint_name)s",
        "fk": "%(table_name)s_of_%(referred_table_name)s",
        "pk": "%(table_name)s_key",
    }
)

HASH = sa.String(64)
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite counts up in INTEGER only

sheets = sa.Table(
    "sheets",
    metadata,
    sa.Column("hash", HASH, primary_key=True),
    sa.Column("definition_name", sa.Text, nullable=False),
    sa.Column("definition_version", HASH, nullable=False, index=True),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)
"""Each sheet that somebody was asked to sign, once: ``document`` is `Sheet.to_json`."""

signatures = sa.Table(
    "signatures",
    metadata,
    sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("sheet_hash", HASH, sa.ForeignKey("sheets.hash"), nullable=False, index=True),
    sa.Column("definition_version", HASH, nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("signed_at", Instant, nullable=False),
    sa.CheckConstraint(f"role IN ({', '.join(repr(role) for role in ROLES)})", name="role_known"),
    sa.CheckConstraint("length(trim(name)) > 0", name="name_given"),
)
"""Who signed which sheet, in the order of ``id``."""

ROLES_OF_KEYS = ("marketing", "sales", "data", "admin")
OUTCOMES = ("accepted", "rejected", "won", "lost", "no_decision")


def _among(values: tuple[str, ...]) -> str:
    return ", ".join(repr(value) for value in values)


scores = sa.Table(
    "scores",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("lead_id", sa.Text, nullable=False),
    sa.Column("given_at", Instant, nullable=False, index=True),
    sa.Column("as_of", Instant, nullable=False),
    sa.Column("score", sa.Integer, nullable=False),
    sa.Column("grade", sa.Text, nullable=False),
    sa.Column("p_accept", sa.Float(53)),
    sa.Column("p_close", sa.Float(53), nullable=False),
    sa.Column("enough_information", sa.Boolean, nullable=False),
    sa.Column("explored", sa.Boolean),
    sa.Column("reasons", sa.Text, nullable=False),
    sa.Column("features", sa.LargeBinary, nullable=False),
    sa.Column("catalog", HASH, nullable=False),
    sa.Column("model_version", sa.Text, nullable=False),
    sa.Column("stored_version", sa.Text, nullable=False),
    sa.Column("definition_version", HASH, nullable=False),
    sa.Column("about", sa.Text, nullable=False),
    sa.Column("caller", sa.Text, nullable=False),
    sa.Column("request_id", sa.Text, nullable=False),
    sa.Index("scores_by_lead_id", "lead_id", "given_at"),
)
"""Every score given.

``id``: 32 hexadecimal digits that begin with the time, made by the service, so that a row delivered twice is there
once. ``explored``: drawn by lot to be worked all the same; null where the grade takes no part. ``reasons``: JSON, as in
the reply. ``features``: the features it was given on, 64-bit floats, least byte first, NaN where not known, in the
order of the catalog whose hash is ``catalog``. ``model_version`` is the registry's, ``stored_version`` that of the
service's store. ``about``: JSON, see `serving.about`. ``caller``: the id of the key, or ``local``.
"""

feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("id", HASH, primary_key=True),
    sa.Column("lead_id", sa.Text, nullable=False, index=True),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("occurred_at", Instant, nullable=False),
    sa.Column("received_at", Instant, nullable=False, index=True),
    sa.Column("actor", sa.Text),
    sa.Column("amount", sa.Float(53)),
    sa.Column("reason", sa.Text),
    sa.Column("comment", sa.Text),
    sa.Column("corrects", HASH),
    sa.Column("definition_version", HASH),
    sa.Column("caller", sa.Text, nullable=False),
    sa.Column("request_id", sa.Text, nullable=False),
    sa.CheckConstraint(f"outcome IN ({_among(OUTCOMES)})", name="outcome_known"),
)
"""What was reported of leads. ``id`` is a hash of what was said, so that the same report is there once.

``corrects`` names the report that this one replaces. What stands of them is worked out (`crm.reports`), never stored.
"""

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("caller", sa.Text, primary_key=True),
    sa.Column("idempotency_key", sa.String(255), primary_key=True),
    sa.Column("digest", HASH, nullable=False),
    sa.Column("received_at", Instant, nullable=False, index=True),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("reply", sa.Text, nullable=False),
)
"""Requests with an ``Idempotency-Key`` and what was answered, so that one sent again is answered the same."""

keys = sa.Table(
    "keys",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("digest", HASH, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant),
    sa.CheckConstraint(f"role IN ({_among(ROLES_OF_KEYS)})", name="role_known"),
)
"""Keys of callers; of the secret only its hash."""

revocations = sa.Table(
    "revocations",
    metadata,
    sa.Column("key_id", sa.String(16), sa.ForeignKey("keys.id"), primary_key=True),
    sa.Column("revoked_at", Instant, nullable=False),
)
"""Keys that open nothing any more."""

pepper = sa.Table(
    "pepper",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("secret", HASH, nullable=False),
)
"""One row, made with the table: the key of the hashes under which leads that must not be known by name are kept."""

objections = sa.Table(
    "objections",
    metadata,
    sa.Column("lead_hash", HASH, primary_key=True),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.Column("caller", sa.Text, nullable=False),
)
"""Leads that are never to be profiled again."""

erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("lead_hash", HASH, primary_key=True),
    sa.Column("erased_at", Instant, nullable=False),
    sa.Column("caller", sa.Text, nullable=False),
)
"""Leads that were erased: neither scored nor learned from any more."""

checks = sa.Table(
    "checks",
    metadata,
    sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("checked_at", Instant, nullable=False, index=True),
    sa.Column("document", sa.Text, nullable=False),
)
"""What each ``accord check`` found, as JSON."""

erasing = sa.Table("erasing", metadata, sa.Column("why", sa.Text, primary_key=True))
"""Holds a row only within a transaction that erases: the triggers let go of rows while they see one."""

standings = sa.Table(
    "standings",
    metadata,
    sa.Column("lead_id", sa.Text, primary_key=True),
    sa.Column("score_id", sa.String(32)),
    sa.Column("given_at", Instant),
    sa.Column("as_of", Instant),
    sa.Column("score", sa.Integer),
    sa.Column("grade", sa.Text),
    sa.Column("p_accept", sa.Float(53)),
    sa.Column("p_close", sa.Float(53)),
    sa.Column("explored", sa.Boolean),
    sa.Column("name", sa.Text),
    sa.Column("owner", sa.Text),
    sa.Column("segment", sa.Text),
    sa.Column("handed_off_at", Instant),
    sa.Column("contacted_at", Instant),
    sa.Column("due_at", Instant),
    sa.Column("outcome", sa.String(16)),
    sa.Column("outcome_at", Instant),
    sa.Index("standings_by_rank", "outcome", "grade", "p_close", "lead_id"),
    sa.Index("standings_by_owner", "owner", "outcome", "grade", "p_close", "lead_id"),
    sa.Index("standings_by_segment", "segment", "outcome", "grade", "p_close", "lead_id"),
    sa.Index(
        "standings_by_lot",
        "outcome",
        "grade",
        "p_close",
        "lead_id",
        sqlite_where=sa.text("explored"),
        postgresql_where=sa.text("explored"),
    ),
)
"""Where each lead stands: the latest of its scores and the outcome that stands.

Derived from ``scores`` and ``feedback`` so that the shortlist need not read them; it may be made anew from them at any
time, and is not appended only. Columns of the score are null for a lead with feedback alone.
"""

MADE_BY_ITSELF = frozenset({pepper.name, erasing.name, standings.name})
"""Tables whose rows nobody wrote: a migration may take them away."""
