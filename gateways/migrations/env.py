"""Alembic's entry: runs the steps on the connection and inside the transaction that `migrate` hands over."""

from alembic import context

schema = context.config.attributes["schema"]
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.tables,
    version_table=schema.version_table,
)
with context.begin_transaction():
    context.run_migrations()
