"""Sheets and signatures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from serving.ledger import append_only
from serving.ledger.tables import Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Makes both tables and guards them."""
    op.create_table(
        "sheets",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("definition_name", sa.Text, nullable=False),
        sa.Column("definition_version", sa.String(64), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="sheets_key"),
    )
    op.create_index("sheets_by_definition_version", "sheets", ["definition_version"])
    op.create_table(
        "signatures",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("sheet_hash", sa.String(64), nullable=False),
        sa.Column("definition_version", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("signed_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="signatures_key"),
        sa.ForeignKeyConstraint(["sheet_hash"], ["sheets.hash"], name="signatures_of_sheets"),
        sa.CheckConstraint("role IN ('marketing', 'sales')", name=op.f("signatures_role_known")),
        sa.CheckConstraint("length(trim(name)) > 0", name=op.f("signatures_name_given")),
    )
    op.create_index("signatures_by_sheet_hash", "signatures", ["sheet_hash"])
    append_only.prepare()
    append_only.guard("sheets", "hash")
    append_only.guard("signatures", "id")


def downgrade() -> None:
    """Drops both tables with all they hold."""
    for table in ("signatures", "sheets"):
        append_only.release(table)
        op.drop_table(table)
    append_only.forget()
