"""Alembic's environment: runs on the connection that `healthcode.kit.migrations` hands over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], target_metadata=None)
context.run_migrations()
