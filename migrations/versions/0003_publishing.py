"""Publishing a rulebook: drafts, and the change of every standing in batches."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS: list[str] = []


def upgrade() -> None:
    """See above."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    for statement in STATEMENTS:
        connection.execute(statement)
