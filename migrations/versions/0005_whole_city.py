"""The whole city: snapshots, and designations found by index."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = [
    """
    CREATE TABLE rulebook.snapshots (
        snapshot BIGINT GENERATED ALWAYS AS IDENTITY,
        account TEXT NOT NULL,
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
    "COMMENT ON COLUMN rulebook.snapshots.account IS 'who looked'",
    "COMMENT ON COLUMN rulebook.snapshots.name IS 'kept under it; NULL: deleted after a day'",
    "COMMENT ON COLUMN rulebook.snapshots.host IS 'the machine that holds the folder'",
    """
    CREATE TABLE rulebook.comparisons (
        comparison BIGINT GENERATED ALWAYS AS IDENTITY,
        compared_at TIMESTAMP WITH TIME ZONE NOT NULL,
        rulebook INTEGER NOT NULL,
        people BIGINT NOT NULL,
        left_out BIGINT NOT NULL,
        differing BIGINT NOT NULL,
        PRIMARY KEY (comparison),
        CONSTRAINT comparisons_rulebook FOREIGN KEY(rulebook)
            REFERENCES rulebook.rulebooks (rulebook)
    )
    """,
    "COMMENT ON TABLE rulebook.comparisons IS 'stored standings beside what the evidence gives'",
    "COMMENT ON COLUMN rulebook.comparisons.left_out IS 'about to be judged anew'",
    "COMMENT ON COLUMN rulebook.comparisons.differing IS 'more than none is an alarm'",
    """
    CREATE TABLE rulebook.differences (
        comparison BIGINT NOT NULL,
        person BIGINT NOT NULL,
        stored TEXT NOT NULL,
        stored_next TIMESTAMP WITHOUT TIME ZONE,
        judged TEXT NOT NULL,
        judged_next TIMESTAMP WITHOUT TIME ZONE,
        PRIMARY KEY (comparison, person),
        CONSTRAINT differences_comparison FOREIGN KEY(comparison)
            REFERENCES rulebook.comparisons (comparison)
    )
    """,
    """
    COMMENT ON TABLE rulebook.differences
    IS 'the first thousand of a comparison, for whoever looks into it'
    """,
    "COMMENT ON COLUMN rulebook.differences.stored_next IS 'UTC'",
    "COMMENT ON COLUMN rulebook.differences.judged_next IS 'UTC'",
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
