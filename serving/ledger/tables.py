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
