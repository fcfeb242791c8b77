"""Publishing a rulebook: drafts, and the change of every standing in batches."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = [
    # Publishing an almost equal rulebook then writes only the findings that differ. What opened a
    # finding is told by its rule; which rulebook says so, by the standing.
    "ALTER TABLE rulebook.findings DROP COLUMN rulebook",
    """
    CREATE TABLE rulebook.drafts (
        draft INTEGER GENERATED ALWAYS AS IDENTITY,
        name TEXT NOT NULL,
        version TEXT NOT NULL,
        digest BYTEA NOT NULL,
        body JSONB NOT NULL,
        proposed_by TEXT NOT NULL,
        proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        decided_by TEXT,
        decided_at TIMESTAMP WITH TIME ZONE,
        approved BOOLEAN,
        rulebook INTEGER,
        PRIMARY KEY (draft),
        CONSTRAINT drafts_published_once UNIQUE (rulebook),
        CONSTRAINT drafts_decision CHECK (num_nonnulls(decided_by, decided_at, approved) IN (0, 3)),
        CONSTRAINT drafts_publishable CHECK (rulebook IS NULL OR approved IS TRUE),
        CONSTRAINT drafts_rulebook FOREIGN KEY(rulebook) REFERENCES rulebook.rulebooks (rulebook)
    )
    """,
    """
    CREATE UNIQUE INDEX drafts_version ON rulebook.drafts (name, version) WHERE approved IS DISTINCT FROM false
    """,
    """
    COMMENT ON TABLE rulebook.drafts IS 'proposed rulebooks; they bind nobody until they are approved and published'
    """,
    "COMMENT ON COLUMN rulebook.drafts.digest IS 'SHA-256 of what it says'",
    "COMMENT ON COLUMN rulebook.drafts.proposed_by IS 'on whose word'",
    "COMMENT ON COLUMN rulebook.drafts.decided_by IS 'the second person'",
    "COMMENT ON COLUMN rulebook.drafts.rulebook IS 'what it was published as'",
    """
    CREATE TABLE rulebook.publications (
        rulebook INTEGER NOT NULL,
        published_by TEXT NOT NULL,
        published_at TIMESTAMP WITH TIME ZONE NOT NULL,
        started_at TIMESTAMP WITH TIME ZONE,
        total BIGINT,
        done BIGINT DEFAULT '0' NOT NULL,
        cursor BIGINT DEFAULT '0' NOT NULL,
        finished_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (rulebook),
        CONSTRAINT publications_done CHECK (done <= total),
        CONSTRAINT publications_rulebook FOREIGN KEY(rulebook) REFERENCES rulebook.rulebooks (rulebook)
    )
    """,
    """
    COMMENT ON TABLE rulebook.publications IS 'the change of every standing to a rulebook, in batches'
    """,
    "COMMENT ON COLUMN rulebook.publications.published_by IS 'on whose word'",
    """
    COMMENT ON COLUMN rulebook.publications.started_at IS 'from here on nothing is written by an older one'
    """,
    """
    COMMENT ON COLUMN rulebook.publications.total IS 'persons to go through; NULL until counted'
    """,
    "COMMENT ON COLUMN rulebook.publications.cursor IS 'a person'",
    """
    COMMENT ON COLUMN rulebook.publications.finished_at IS 'also where a newer one took its place'
    """,
    """
CREATE FUNCTION rulebook.unchanging() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- the arguments are the columns that may change
    IF TG_OP = 'UPDATE' AND to_jsonb(OLD) - TG_ARGV = to_jsonb(NEW) - TG_ARGV THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'restrict_violation',
        MESSAGE = TG_OP || ' of ' || TG_TABLE_NAME || ' is refused: it never changes';
END
$$
    """,
    """
    CREATE TRIGGER unchanging BEFORE UPDATE OR DELETE ON rulebook.rulebooks FOR EACH ROW
        EXECUTE FUNCTION rulebook.unchanging('findings_sql', 'standing_sql', 'compiler')
    """,
    """
    CREATE TRIGGER kept BEFORE TRUNCATE ON rulebook.rulebooks FOR EACH STATEMENT
        EXECUTE FUNCTION rulebook.unchanging()
    """,
    """
    CREATE TRIGGER unchanging BEFORE UPDATE OR DELETE ON rulebook.drafts FOR EACH ROW
        EXECUTE FUNCTION rulebook.unchanging('decided_by', 'decided_at', 'approved', 'rulebook')
    """,
    """
    CREATE TRIGGER kept BEFORE TRUNCATE ON rulebook.drafts FOR EACH STATEMENT
        EXECUTE FUNCTION rulebook.unchanging()
    """,
]


def upgrade() -> None:
    """See above."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    for statement in STATEMENTS:
        connection.execute(statement)
