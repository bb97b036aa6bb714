"""Alembic's environment: migrates over the connection that `server.migrate` gives it."""

from alembic import context

import models

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=models.Base.metadata,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
