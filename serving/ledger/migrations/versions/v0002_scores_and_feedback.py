"""Scores given, feedback, deliveries, keys, objections, erasures, checks, and where each lead stands."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

from serving.ledger import append_only
from serving.ledger.tables import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_HASH = sa.String(64)
_REAL = sa.Float(53)

_ERASABLE = {"scores": ("id",), "feedback": ("id",), "deliveries": ("caller", "idempotency_key"), "checks": ("id",)}
_FOR_GOOD = {
    "keys": "id",
    "revocations": "key_id",
    "pepper": "id",
    "objections": "lead_hash",
    "erasures": "lead_hash",
}


def upgrade() -> None:
    """Makes the tables and guards them; ``standings`` is derived and stays open."""
    _given()
    _reported()
    _let_in()
    _told()
    _standings()
    op.create_table(
        "erasing", sa.Column("why", sa.Text, nullable=False), sa.PrimaryKeyConstraint("why", name="erasing_key")
    )
    append_only.prepare_erasable()
    for table, key in _ERASABLE.items():
        append_only.guard_erasable(table, *key)
    for table, own in _FOR_GOOD.items():
        append_only.guard(table, own)


def downgrade() -> None:
    """Drops the tables with all they hold."""
    for table in (*_ERASABLE, *_FOR_GOOD):
        append_only.release(table)
    for table in ("revocations", *_ERASABLE, *(name for name in _FOR_GOOD if name != "revocations")):
        op.drop_table(table)
    append_only.forget_erasable()
    op.drop_table("erasing")
    op.drop_table("standings")


def _given() -> None:
    op.create_table(
        "scores",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("lead_id", sa.Text, nullable=False),
        sa.Column("given_at", Instant, nullable=False),
        sa.Column("as_of", Instant, nullable=False),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("grade", sa.Text, nullable=False),
        sa.Column("p_accept", _REAL),
        sa.Column("p_close", _REAL, nullable=False),
        sa.Column("enough_information", sa.Boolean, nullable=False),
        sa.Column("explored", sa.Boolean),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.Column("features", sa.LargeBinary, nullable=False),
        sa.Column("catalog", _HASH, nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("stored_version", sa.Text, nullable=False),
        sa.Column("definition_version", _HASH, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="scores_key"),
    )
    op.create_index("scores_by_lead_id", "scores", ["lead_id", "given_at"])
    op.create_index("scores_by_given_at", "scores", ["given_at"])


def _reported() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", _HASH, nullable=False),
        sa.Column("lead_id", sa.Text, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("occurred_at", Instant, nullable=False),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("actor", sa.Text),
        sa.Column("amount", _REAL),
        sa.Column("reason", sa.Text),
        sa.Column("comment", sa.Text),
        sa.Column("corrects", _HASH),
        sa.Column("definition_version", _HASH),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="feedback_key"),
        sa.CheckConstraint(
            "outcome IN ('accepted', 'rejected', 'won', 'lost', 'no_decision')", name=op.f("feedback_outcome_known")
        ),
    )
    op.create_index("feedback_by_lead_id", "feedback", ["lead_id"])
    op.create_index("feedback_by_received_at", "feedback", ["received_at"])
    op.create_table(
        "deliveries",
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("idempotency_key", sa.String(255), nullable=False),
        sa.Column("digest", _HASH, nullable=False),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("reply", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("caller", "idempotency_key", name="deliveries_key"),
    )
    op.create_index("deliveries_by_received_at", "deliveries", ["received_at"])


def _let_in() -> None:
    op.create_table(
        "keys",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("digest", _HASH, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant),
        sa.PrimaryKeyConstraint("id", name="keys_key"),
        sa.CheckConstraint("role IN ('marketing', 'sales', 'data', 'admin')", name=op.f("keys_role_known")),
    )
    op.create_table(
        "revocations",
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("revoked_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="revocations_key"),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name="revocations_of_keys"),
    )
    pepper = op.create_table(
        "pepper",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("secret", _HASH, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pepper_key"),
    )
    op.bulk_insert(pepper, [{"id": 1, "secret": secrets.token_hex(32)}])


def _told() -> None:
    for table, at in (("objections", "recorded_at"), ("erasures", "erased_at")):
        op.create_table(
            table,
            sa.Column("lead_hash", _HASH, nullable=False),
            sa.Column(at, Instant, nullable=False),
            sa.Column("caller", sa.Text, nullable=False),
            sa.PrimaryKeyConstraint("lead_hash", name=f"{table}_key"),
        )
    op.create_table(
        "checks",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("checked_at", Instant, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="checks_key"),
    )
    op.create_index("checks_by_checked_at", "checks", ["checked_at"])


def _standings() -> None:
    op.create_table(
        "standings",
        sa.Column("lead_id", sa.Text, nullable=False),
        sa.Column("score_id", sa.String(32)),
        sa.Column("given_at", Instant),
        sa.Column("as_of", Instant),
        sa.Column("score", sa.Integer),
        sa.Column("grade", sa.Text),
        sa.Column("p_accept", _REAL),
        sa.Column("p_close", _REAL),
        sa.Column("explored", sa.Boolean),
        sa.Column("name", sa.Text),
        sa.Column("owner", sa.Text),
        sa.Column("segment", sa.Text),
        sa.Column("handed_off_at", Instant),
        sa.Column("contacted_at", Instant),
        sa.Column("due_at", Instant),
        sa.Column("outcome", sa.String(16)),
        sa.Column("outcome_at", Instant),
        sa.PrimaryKeyConstraint("lead_id", name="standings_key"),
    )
    rank = ["outcome", "grade", "p_close", "lead_id"]
    op.create_index("standings_by_rank", "standings", rank)
    for named in ("owner", "segment"):
        op.create_index(f"standings_by_{named}", "standings", [named, *rank])
    drawn = sa.text("explored")
    op.create_index("standings_by_lot", "standings", rank, sqlite_where=drawn, postgresql_where=drawn)
