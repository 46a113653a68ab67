"""Runs the steps on the connection it is given; Alembic calls this file by its name."""

from alembic import context

from hanse.node.migrations import VERSION_TABLE
from hanse.node.tables import TABLES

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=TABLES,
    version_table=VERSION_TABLE,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
