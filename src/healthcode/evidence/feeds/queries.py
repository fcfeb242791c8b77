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

FIRST_BLOCK = sa.text("SELECT min(batch) FROM evidence.staged_rows WHERE import = :import")

BLOCK = sa.text("SELECT said FROM evidence.staged_rows WHERE import = :import AND batch = :batch")

# One batch of a client at a time: row states are read, then written.
LOCK_CLIENT = sa.text("SELECT pg_advisory_xact_lock(20200301, hashtext(:client))")

# Facts go beside one another; a designation waits until all that are being written can be seen, and
# they wait for it. Otherwise two that cross would not see each other, and nobody were judged.
STATING = sa.text("""
    SELECT pg_advisory_xact_lock(20200301, hashtext(:client)),
           pg_advisory_xact_lock_shared(20200305)
""")
DESIGNATING = sa.text("""
    SELECT pg_advisory_xact_lock(20200301, hashtext(:client)), pg_advisory_xact_lock(20200305)
""")

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
    SELECT level, area, place, started_at, ended_at FROM evidence.designations
    WHERE designation = ANY(CAST(:designations AS bigint[]))
""")

PERSONS_OF_FACTS = sa.text("""
    SELECT fact, person FROM evidence.facts WHERE fact = ANY(CAST(:facts AS bigint[]))
""")

# With the numbers of what is new on it, as one text: thousands of rows are slow to fetch. The
# sequence is looked up once.
_NEW_RECORDING = """
    INSERT INTO evidence.recordings (client, account, stated_at)
    VALUES (:client, :account, :stated_at)
    RETURNING recording, (
        SELECT string_agg(nextval((
            SELECT CAST(pg_get_serial_sequence('evidence.{table}', '{key}') AS regclass)
            ))::text, ' ')
        FROM generate_series(1, :count)) AS made
"""
FACTS_RECORDING = sa.text(_NEW_RECORDING.format(table="facts", key="fact"))
DESIGNATIONS_RECORDING = sa.text(_NEW_RECORDING.format(table="designations", key="designation"))

_STATES = """
    unnest(CAST(:row_ids AS bytea[]), CAST(:contents AS bytea[]), CAST(:made AS bigint[]))
        AS s(row_id, content, made)
"""
CHANGE_STATES = sa.text(f"""
    UPDATE evidence.feed_rows w SET content = s.content, made = s.made FROM {_STATES}
    WHERE (w.client, w.what, w.row_id) = (:client, :what, s.row_id)
""")

BATCH_DONE = sa.text("""
    UPDATE evidence.imports SET next_batch = next_batch + 1,
        recorded = recorded + :recorded, corrected = corrected + :corrected,
        retracted = retracted + :retracted, unchanged = unchanged + :unchanged,
        proposed = proposed + :proposed
    WHERE import = :import
""")

FORGET_STAGED = sa.text("DELETE FROM evidence.staged_rows WHERE import = :import")

PROPOSE = sa.text("""
    INSERT INTO evidence.proposals (client, account, what, proposed_at)
    VALUES (:client, :account, :what, :now) RETURNING proposal
""")

_WAITING = """
    evidence.proposals p
    WHERE p.proposal = r.proposal AND p.client = :client AND p.what = :what
      AND r.row_id = ANY(CAST(:row_ids AS bytea[]))
"""
ANYTHING_WAITS = sa.text("""
    SELECT 1 FROM evidence.proposals
    WHERE client = :client AND what = :what AND decided_at IS NULL LIMIT 1
""")
WAIT = sa.text(f"SELECT r.row_id FROM evidence.proposed_rows r, {_WAITING}")
WITHDRAW = sa.text(f"DELETE FROM evidence.proposed_rows r USING {_WAITING}")

LOCK_PROPOSAL = sa.text("""
    SELECT client, account, what FROM evidence.proposals
    WHERE proposal = :proposal AND decided_at IS NULL FOR UPDATE
""")

PROPOSED_ROWS = sa.text("""
    SELECT "row", said FROM evidence.proposed_rows WHERE proposal = :proposal ORDER BY "row"
""")

FORGET_PROPOSED = sa.text("DELETE FROM evidence.proposed_rows WHERE proposal = :proposal")

DECIDE_PROPOSAL = sa.text("""
    UPDATE evidence.proposals
    SET decided_at = :now, decided_by = :account, approved = :approved
    WHERE proposal = :proposal
""")

WAITING = sa.text("""
    SELECT p.proposal, p.client, p.account, p.what, p.proposed_at, count(*) AS rows
    FROM evidence.proposals p JOIN evidence.proposed_rows r USING (proposal)
    WHERE p.decided_at IS NULL GROUP BY p.proposal ORDER BY p.proposal
""")
