"""The whole city: snapshots, and designations found by index."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = [
    """
    CREATE TABLE rulebook.snapshots (
        snapshot BIGINT GENERATED ALWAYS AS IDENTITY,
        account TEXT,
        taken_at TIMESTAMP WITH TIME ZONE NOT NULL,
        known_at TIMESTAMP WITH TIME ZONE NOT NULL,
        people BIGINT NOT NULL,
        facts BIGINT NOT NULL,
        name TEXT,
        host TEXT NOT NULL,
        folder TEXT NOT NULL,
        deleted_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (snapshot)
    )
    """,
    """
    COMMENT ON TABLE rulebook.snapshots
    IS 'every look at everybody''s evidence: who, when, and where the copy lies'
    """,
    """
    COMMENT ON COLUMN rulebook.snapshots.account IS 'who looked; NULL for the nightly comparison'
    """,
    "COMMENT ON COLUMN rulebook.snapshots.name IS 'kept under it; NULL: deleted after a day'",
    "COMMENT ON COLUMN rulebook.snapshots.host IS 'the machine that holds the folder'",
]


def upgrade() -> None:
    """See above."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    for statement in STATEMENTS:
        connection.execute(statement)
