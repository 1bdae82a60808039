"""People's calendars and capacity, secret reply addresses, pairings and blocks."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    """Widen people; make the tables that sessions in the real world need."""
    _people()
    _reply_addresses()
    _pairings()
    _bookings()


def _people() -> None:
    for column in (
        sa.Column("country", sa.String, nullable=False, server_default=""),
        sa.Column("region", sa.String, nullable=False, server_default=""),
        sa.Column("rest_days", sa.String, nullable=False, server_default="5,6"),
        sa.Column("quiet_from", sa.Time, nullable=False, server_default="20:00:00.000000"),
        sa.Column("quiet_until", sa.Time, nullable=False, server_default="08:00:00.000000"),
        sa.Column("next_zone", sa.String, nullable=False, server_default=""),
        sa.Column("next_zone_from", sa.Date),
        sa.Column("other_email", sa.String, nullable=False, server_default=""),
        sa.Column("capacity", sa.Integer, nullable=False, server_default="0"),
        sa.Column("busy_url", sa.String, nullable=False, server_default=""),
    ):
        op.add_column("mentoring_people", column)


def _reply_addresses() -> None:
    op.create_table(
        "mentoring_reply_addresses",
        sa.Column("token", sa.String, primary_key=True),
        sa.Column("relationship", sa.String, nullable=False),
        sa.Column("person", sa.String, nullable=False),
        sa.UniqueConstraint("relationship", "person", name="mentoring_reply_addresses_once"),
    )


def _pairings() -> None:
    op.create_table(
        "mentoring_pairings",
        sa.Column("relationship", sa.String, primary_key=True),
        sa.Column("programme", sa.String, nullable=False),
        sa.Column("mentor", sa.String, nullable=False),
        sa.Column("mentee", sa.String, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
    )
    op.create_index("mentoring_pairings_mentor", "mentoring_pairings", ["mentor"])
    op.create_index("mentoring_pairings_mentee", "mentoring_pairings", ["mentee"])
    op.create_table(
        "mentoring_blocks",
        sa.Column("one", sa.String, primary_key=True),
        sa.Column("other", sa.String, primary_key=True),
        sa.Column("since", INSTANT, nullable=False),
    )


def _bookings() -> None:
    op.create_table(
        "mentoring_bookings",
        sa.Column("relationship", sa.String, primary_key=True),
        sa.Column("session", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("mentor", sa.String, nullable=False),
        sa.Column("mentee", sa.String, nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
    )
    op.create_index("mentoring_bookings_mentor", "mentoring_bookings", ["mentor"])
    op.create_index("mentoring_bookings_mentee", "mentoring_bookings", ["mentee"])
