"""The whole city: snapshots, and designations found by index."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS: list[str] = [
    "DROP INDEX evidence.facts_in_area",
    """
    CREATE INDEX facts_in_area ON evidence.facts (kind, area COLLATE "C", coalesce(ended_at, started_at)) WHERE area <> ''
    """,
    "DROP INDEX evidence.facts_at_place",
    """
    CREATE INDEX facts_at_place ON evidence.facts (kind, place, coalesce(ended_at, started_at)) WHERE place <> ''
    """,
]


def upgrade() -> None:
    """See above."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    for statement in STATEMENTS:
        connection.execute(statement)
