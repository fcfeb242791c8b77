"""Every SELECT about registered places."""

from __future__ import annotations

import sqlalchemy as sa

_PLACE = """
    r.client_key, r.public_id, r.kind, r.name, r.division, r.phone, r.community_name,
    r.community_phone, r.closed_at
"""

# Readers go on; two who register at once do so one after the other, and counts are exact.
ALONE = sa.text("LOCK TABLE places.registered IN SHARE ROW EXCLUSIVE MODE")

PLACE = sa.text(f"SELECT {_PLACE} FROM places.registered r WHERE r.public_id = :public_id")

PLACES = sa.text(
    f'SELECT {_PLACE} FROM places.registered r ORDER BY r.division, r.name COLLATE "C", r.place'
)

OF_KEYS = sa.text(f"""
    SELECT {_PLACE} FROM places.registered r
    WHERE r.client_key = ANY(CAST(:keys AS text[]))
""")

NEAREST_FEVER_CLINIC = sa.text(f"""
    SELECT {_PLACE}
    FROM unnest(CAST(:around AS text[])) WITH ORDINALITY AS around(code, distance)
    JOIN places.registered r ON starts_with(r.division, around.code)
    WHERE r.kind = 'fever_clinic' AND r.closed_at IS NULL
    ORDER BY around.distance, r.name COLLATE "C", r.place LIMIT 1
""")

CHANGE = sa.text("""
    UPDATE places.registered SET
        kind = :kind, name = :name, division = :division, phone = :phone,
        community_name = :community_name, community_phone = :community_phone
    WHERE client_key = :key
""")
