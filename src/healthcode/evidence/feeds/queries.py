"""The statements of an import."""

from __future__ import annotations

import sqlalchemy as sa

# Finding the same file again, or making it known; either way the row is ours until the commit.
KNOW_FILE = sa.text("""
    INSERT INTO evidence.imports (client, digest, what) VALUES (:client, :digest, :what)
    ON CONFLICT (client, digest) DO NOTHING
""")
WAIT_AS_USUAL = sa.text("SET LOCAL lock_timeout TO DEFAULT")
LOCK_FILE = sa.text("""
    SELECT * FROM evidence.imports WHERE client = :client AND digest = :digest FOR UPDATE
""")


def wait_at_most(timeout: str) -> sa.TextClause:
    """Wait so long for locks in this transaction: `10min`."""
    return sa.text(f"SET LOCAL lock_timeout = '{timeout}'")


REJECTED_ROWS = sa.text('SELECT "row" FROM evidence.rejects WHERE import = :import')

REJECTS = sa.text("""
    SELECT "row", line, "column", reason FROM evidence.rejects
    WHERE import = :import ORDER BY "row"
""")

BATCH = sa.text("""
    SELECT "row", line, said FROM evidence.staged_rows
    WHERE import = :import AND batch = :batch ORDER BY "row"
""")

# One batch of a client at a time: row states are read, then written.
LOCK_CLIENT = sa.text("SELECT pg_advisory_xact_lock(20200301, hashtext(:client))")

FACT_STATES = sa.text("""
    SELECT w.row_id, w.content, w.made, f.source, f.source_class, f.kind
    FROM evidence.feed_rows w LEFT JOIN evidence.facts f ON f.fact = w.made
    WHERE w.client = :client AND w.what = 'evidence'
      AND w.row_id = ANY(CAST(:row_ids AS bytea[]))
""")

DESIGNATION_STATES = sa.text("""
    SELECT w.row_id, w.content, w.made, d.source, NULL AS source_class, NULL AS kind
    FROM evidence.feed_rows w LEFT JOIN evidence.designations d ON d.designation = w.made
    WHERE w.client = :client AND w.what = 'designations'
      AND w.row_id = ANY(CAST(:row_ids AS bytea[]))
""")

DESIGNATED = sa.text("""
    SELECT area, place FROM evidence.designations
    WHERE designation = ANY(CAST(:designations AS bigint[]))
""")

PERSONS_OF_FACTS = sa.text("""
    SELECT DISTINCT person FROM evidence.facts WHERE fact = ANY(CAST(:facts AS bigint[]))
""")

NEW_FACT_IDS = sa.text("""
    SELECT nextval(pg_get_serial_sequence('evidence.facts', 'fact'))
    FROM generate_series(1, :count)
""")

NEW_DESIGNATION_IDS = sa.text("""
    SELECT nextval(pg_get_serial_sequence('evidence.designations', 'designation'))
    FROM generate_series(1, :count)
""")

NEW_RECORDING = sa.text("""
    INSERT INTO evidence.recordings (client, stated_at) VALUES (:client, :stated_at)
    RETURNING recording
""")

SAVE_STATES = sa.text("""
    INSERT INTO evidence.feed_rows (client, what, row_id, content, made)
    SELECT :client, :what, * FROM unnest(
        CAST(:row_ids AS bytea[]), CAST(:contents AS bytea[]), CAST(:made AS bigint[]))
    ON CONFLICT (client, what, row_id)
        DO UPDATE SET content = EXCLUDED.content, made = EXCLUDED.made
""")

BATCH_DONE = sa.text("""
    UPDATE evidence.imports SET next_batch = next_batch + 1,
        recorded = recorded + :recorded, corrected = corrected + :corrected,
        retracted = retracted + :retracted, unchanged = unchanged + :unchanged
    WHERE import = :import
""")

FORGET_BATCH = sa.text("""
    DELETE FROM evidence.staged_rows WHERE import = :import AND batch = :batch
""")
