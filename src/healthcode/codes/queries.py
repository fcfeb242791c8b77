"""Every SELECT about codes."""

from __future__ import annotations

import sqlalchemy as sa

ISSUERS = sa.text("SELECT kid, name, public_key FROM codes.issuers")

SLOT = sa.text("""
    SELECT value FROM codes.slots WHERE list = :list AND "index" = :index
""")

TAKE_SLOT = sa.text("""
    INSERT INTO codes.slots (list, "index", person, value, free_at)
    VALUES (:list, :index, :person, :value, :free_at)
    ON CONFLICT DO NOTHING RETURNING list
""")

# Whoever changes the standing waits for us, or we for them: the slot never misses a change. So
# does a second request of the same person: their count is exact.
STANDING_HELD = sa.text("""
    SELECT colour FROM rulebook.standings WHERE person = :person FOR NO KEY UPDATE
""")

TURN_SLOTS = sa.text("""
    UPDATE codes.slots s SET value = turned.value
    FROM unnest(CAST(:persons AS bigint[]), CAST(:values AS smallint[])) AS turned(person, value)
    WHERE s.person = turned.person AND s.value <> turned.value
""")

ASKED_SINCE = sa.text("""
    SELECT count(*) FROM codes.intents WHERE person = :person AND requested_at > :since
""")

CREDENTIAL = sa.text("""
    SELECT i.requested_at, r.credential, r.refused, r.expires_at, r.signed_at
    FROM codes.intents i LEFT JOIN codes.results r USING (intent)
    WHERE i.public_id = :public_id AND i.person = :person
""")

TELL_SIGNER = sa.text("SELECT pg_notify('codes_intents', '')")

FORGET_SLOTS = sa.text("DELETE FROM codes.slots WHERE free_at <= :now")

# The signer's own. One signs at a time: of two, the second finds nothing left to do.
ONE_SIGNER = sa.text("SELECT pg_advisory_xact_lock(20200304)")

NEXT_INTENT = sa.text("""
    SELECT i.intent, i.list, i."index" AS slot, i.name, i.document_kind, i.last_four,
           s.value, s.free_at, t.colour, t.changes_at,
           (SELECT max(f.until) FROM rulebook.findings f
            WHERE f.person = i.person AND f.colour = 'green' AND f.opens <= :now
              AND f.until > :now) AS declared_until
    FROM codes.waiting w JOIN codes.intents i USING (intent)
    JOIN codes.slots s USING (list, "index", person)
    LEFT JOIN rulebook.standings t ON t.person = i.person
    ORDER BY w.intent LIMIT 1
""")
