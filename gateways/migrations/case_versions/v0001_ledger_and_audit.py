"""What a case has sent, and the audit chains, which the database itself keeps from being changed."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    """Make the first tables."""
    _effects()
    _audit()
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)


def _effects() -> None:
    op.create_table(
        "mentoring_case_effects",
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
    op.create_index("mentoring_case_effects_relationship", "mentoring_case_effects", ["relationship"])
    op.create_index("mentoring_case_effects_state", "mentoring_case_effects", ["state"])


def _audit() -> None:
    op.create_table(
        "mentoring_case_audit",
        sa.Column("case_id", sa.String, primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("codes", sa.String, nullable=False),
        sa.Column("previous", sa.String, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
    )


_REFUSAL = "the audit chain of cases is append-only"

# REPLACE in SQLite removes a row without asking the trigger for DELETE, so a number that is taken is refused first.
_SQLITE = (
    f"""
    CREATE TRIGGER mentoring_case_audit_not_changed BEFORE UPDATE ON mentoring_case_audit
    BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END
    """,
    f"""
    CREATE TRIGGER mentoring_case_audit_not_removed BEFORE DELETE ON mentoring_case_audit
    BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END
    """,
    """
    CREATE TRIGGER mentoring_case_audit_not_replaced BEFORE INSERT ON mentoring_case_audit
    WHEN EXISTS (SELECT 1 FROM mentoring_case_audit WHERE case_id = NEW.case_id AND sequence = NEW.sequence)
    BEGIN SELECT RAISE(ABORT, 'the audit chain of cases is append-only'); END
    """,
)
_POSTGRESQL = (
    f"""
    CREATE FUNCTION mentoring_case_audit_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$
    """,
    """
    CREATE TRIGGER mentoring_case_audit_not_changed BEFORE UPDATE OR DELETE ON mentoring_case_audit
    FOR EACH ROW EXECUTE FUNCTION mentoring_case_audit_refuses()
    """,
    """
    CREATE TRIGGER mentoring_case_audit_not_emptied BEFORE TRUNCATE ON mentoring_case_audit
    FOR EACH STATEMENT EXECUTE FUNCTION mentoring_case_audit_refuses()
    """,
)
