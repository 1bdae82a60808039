"""What operators did, for good."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
TABLE = "mentoring_operator_acts"
REFUSAL = "the audit of operators is added to and never changed"


def upgrade() -> None:
    """Make the table, and let nobody change or remove a row of it."""
    op.create_table(
        TABLE,
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("act_id", sa.String, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("person", sa.String, nullable=False),
        sa.Column("act", sa.String, nullable=False),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("why", sa.String, nullable=False),
        sa.Column("result", sa.String, nullable=False),
    )
    op.create_index("mentoring_operator_acts_act", TABLE, ["act_id"])
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {TABLE}_no_{change.lower()} BEFORE {change} ON {TABLE} "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql "
        f"AS $$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {TABLE}_no_change BEFORE UPDATE OR DELETE ON {TABLE} "
        f"FOR EACH ROW EXECUTE FUNCTION {TABLE}_refuse()"
    )
