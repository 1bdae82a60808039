"""Alembic's entry: runs the steps on the connection and inside the transaction that `migrate` hands over."""

from alembic import context

from mentoring_lifecycle.gateways.database import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
