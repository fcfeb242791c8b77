"""A faster import: files staged in sealed blocks, facts stamped where they stand."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS: list[str] = [
    # A row that the stamp changes is checked once, at the commit, and stays on its page.
    """
    ALTER TABLE evidence.facts ALTER CONSTRAINT facts_person DEFERRABLE INITIALLY DEFERRED
    """,
    """
    ALTER TABLE evidence.facts ALTER CONSTRAINT facts_with_person DEFERRABLE INITIALLY DEFERRED
    """,
    """
    ALTER TABLE evidence.facts ALTER CONSTRAINT facts_corrects DEFERRABLE INITIALLY DEFERRED
    """,
    """
    ALTER TABLE evidence.facts ALTER CONSTRAINT facts_recording DEFERRABLE INITIALLY DEFERRED
    """,
    """
    ALTER TABLE evidence.retractions ALTER CONSTRAINT retractions_recording DEFERRABLE INITIALLY DEFERRED
    """,
    """
    ALTER TABLE evidence.designations ALTER CONSTRAINT designations_recording DEFERRABLE INITIALLY DEFERRED
    """,
    """
    ALTER TABLE evidence.designation_retractions ALTER CONSTRAINT designation_retractions_recording DEFERRABLE INITIALLY DEFERRED
    """,
    "ALTER TABLE evidence.facts SET (fillfactor = 48)",
    # What was staged before is of another form: such a file is staged anew when it comes again, and
    # its rows that are recorded are unchanged.
    """
    DELETE FROM evidence.rejects WHERE import IN (
        SELECT import FROM evidence.imports WHERE finished_at IS NULL)
    """,
    """
    UPDATE evidence.imports SET rows = NULL, next_batch = batches WHERE finished_at IS NULL
    """,
    "DROP TABLE evidence.staged_rows",
    """
    CREATE TABLE evidence.staged_rows (
        import BIGINT NOT NULL,
        batch BIGINT NOT NULL,
        said TEXT NOT NULL,
        PRIMARY KEY (import, batch),
        CONSTRAINT staged_rows_import FOREIGN KEY(import) REFERENCES evidence.imports (import)
    )
    """,
    "ALTER TABLE evidence.staged_rows ALTER COLUMN said SET STORAGE EXTERNAL",
    """
    COMMENT ON TABLE evidence.staged_rows IS 'blocks of a file on its way in; gone once all of it is recorded'
    """,
    """
    COMMENT ON COLUMN evidence.staged_rows.said IS 'lines of the file, sealed whole, in hex'
    """,
    "COMMENT ON COLUMN evidence.proposed_rows.said IS 'JSON; numbers and names sealed'",
]


def upgrade() -> None:
    """See above."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    for statement in STATEMENTS:
        connection.execute(statement)
