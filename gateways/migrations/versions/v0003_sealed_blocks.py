"""Who said that two are never paired again: several may, each with a seal of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    """A wider primary key needs a new table in SQLite; what was said so far was said without a seal."""
    op.rename_table("mentoring_blocks", "mentoring_blocks_before")
    op.create_table(
        "mentoring_blocks",
        sa.Column("one", sa.String, nullable=False),
        sa.Column("other", sa.String, nullable=False),
        sa.Column("seal", sa.String, nullable=False, server_default=""),
        sa.Column("since", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("one", "other", "seal", name="mentoring_blocks_once"),
    )
    op.execute("INSERT INTO mentoring_blocks (one, other, since) SELECT one, other, since FROM mentoring_blocks_before")
    op.drop_table("mentoring_blocks_before")
