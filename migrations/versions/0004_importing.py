"""A faster import."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS: list[str] = []


def upgrade() -> None:
    """See above."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    for statement in STATEMENTS:
        connection.execute(statement)
