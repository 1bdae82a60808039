"""People, effect ledger, journal and its summaries."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Frozen copies on purpose: a step keeps meaning the same when the tables of today have moved on.
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    """Make the first tables."""
    _people()
    _effects()
    _journal()


def _people() -> None:
    op.create_table(
        "mentoring_people",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("email", sa.String, nullable=False),
        sa.Column("locale", sa.String, nullable=False),
        sa.Column("zone", sa.String, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("manager", sa.String, nullable=False),
        sa.Column("works_from", sa.Time, nullable=False),
        sa.Column("works_until", sa.Time, nullable=False),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
    )


def _effects() -> None:
    op.create_table(
        "mentoring_effects",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("relationship", sa.String, nullable=False),
        sa.Column("purpose", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("remote_id", sa.String, nullable=False),
        sa.Column("token", sa.Integer, nullable=False),
        sa.Column("lease_until", INSTANT),
        sa.Column("was_unknown", sa.Boolean, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
    )
    op.create_index("mentoring_effects_relationship", "mentoring_effects", ["relationship"])
    op.create_index("mentoring_effects_state", "mentoring_effects", ["state"])


def _journal() -> None:
    op.create_table(
        "mentoring_relationships",
        sa.Column("relationship", sa.String, primary_key=True),
        sa.Column("programme", sa.String, nullable=False),
        sa.Column("phase", sa.String, nullable=False),
        sa.Column("standing", sa.String, nullable=False),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
    )
    op.create_table(
        "mentoring_journal",
        sa.Column("relationship", sa.String, sa.ForeignKey("mentoring_relationships.relationship"), primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("happened_at", INSTANT, nullable=False),
        sa.Column("body", sa.String, nullable=False),
    )
