"""Every SELECT about accounts, and what must be one statement to be safe against another."""

from __future__ import annotations

import sqlalchemy as sa

IDENTIFY = sa.text("""
    SELECT a.account, a.name, a.role, a.scope, a.person
    FROM access.sessions s JOIN access.accounts a USING (account)
    WHERE s.token_hash = :session AND s.expires_at > :now AND a.closed_at IS NULL
    UNION ALL
    SELECT account, name, role, scope, person FROM access.accounts
    WHERE key_hash = :key AND closed_at IS NULL
""")

NAMED = sa.text("""
    SELECT account, role, scope, password_hash, closed_at IS NOT NULL AS closed
    FROM access.accounts WHERE name = :name
""")

# Held to the end: of two who close the last two operators, one waits and is refused.
OPERATORS = sa.text("""
    SELECT name FROM access.accounts
    WHERE role = 'operator' AND closed_at IS NULL ORDER BY account FOR NO KEY UPDATE
""")

ANYBODY_NAMED = sa.text("SELECT EXISTS (SELECT FROM access.accounts WHERE name IS NOT NULL)")

FOUND = sa.text("""
    INSERT INTO access.accounts (name, role, password_hash, founder, made_at)
    VALUES (:first, 'operator', :first_hash, 1, :now), (:second, 'operator', :second_hash, 2, :now)
    ON CONFLICT DO NOTHING RETURNING account
""")

OPEN = sa.text("""
    INSERT INTO access.accounts (name, role, scope, password_hash, key_hash, made_by, made_at)
    VALUES (:name, :role, :scope, :password_hash, :key_hash, :made_by, :now)
    ON CONFLICT (name) DO NOTHING RETURNING account
""")

LISTING = sa.text("""
    SELECT a.name, a.role, a.scope, m.name AS made_by, a.made_at, a.closed_at
    FROM access.accounts a LEFT JOIN access.accounts m ON m.account = a.made_by
    WHERE a.name IS NOT NULL ORDER BY a.account
""")

MAKERS = sa.text("""
    WITH RECURSIVE chain AS (
        SELECT name, made_by, 0 AS depth FROM access.accounts WHERE name = :name
        UNION ALL
        SELECT a.name, a.made_by, depth + 1
        FROM chain JOIN access.accounts a ON a.account = chain.made_by
    )
    SELECT name FROM chain ORDER BY depth
""")

MAKERS_OF_SOME = sa.text("""
    WITH RECURSIVE chain AS (
        SELECT name, made_by FROM access.accounts WHERE name = ANY(CAST(:names AS text[]))
        UNION
        SELECT a.name, a.made_by FROM chain JOIN access.accounts a ON a.account = chain.made_by
    )
    SELECT name FROM chain
""")

LOCK = sa.text("SELECT pg_advisory_xact_lock(:number)")

ATTEMPTS = sa.text("""
    SELECT at FROM access.attempts WHERE what = :what AND key_hash = :key
    ORDER BY at DESC LIMIT :most
""")

REPLACE_CODE = sa.text("""
    INSERT INTO access.codes (phone_hash, purpose, code_hash, expires_at)
    VALUES (:phone, :purpose, :code, :until)
    ON CONFLICT (phone_hash, purpose)
    DO UPDATE SET code_hash = :code, expires_at = :until, attempts = 0
""")

# Whoever tries a code at the same time waits here, and sees this attempt.
TRY_CODE = sa.text("""
    UPDATE access.codes SET attempts = least(attempts + 1, 1000)
    WHERE phone_hash = :phone AND purpose = :purpose
    RETURNING code_hash, attempts, expires_at
""")

OWNER_OF_PHONE = sa.text("""
    SELECT a.account, a.person, a.verified_at IS NOT NULL AS verified
    FROM access.phones p JOIN access.accounts a USING (account)
    WHERE p.phone_hash = :phone AND a.closed_at IS NULL
""")

# An account that came by this phone and was verified keeps nothing of it once it moved on.
ON_DEVICE = sa.text("""
    SELECT a.account
    FROM access.devices d JOIN access.accounts a USING (account)
    LEFT JOIN access.phones p ON p.account = a.account AND p.phone_hash = a.phone_hash
    WHERE d.device_hash = :device AND a.phone_hash = :phone AND a.closed_at IS NULL
      AND (a.verified_at IS NULL OR p.account IS NOT NULL)
""")

KNOWS_DEVICE = sa.text("""
    SELECT EXISTS (SELECT FROM access.devices WHERE device_hash = :device AND account = :account)
""")

GIVE_PHONE = sa.text("""
    INSERT INTO access.phones (phone_hash, account)
    SELECT phone_hash, account FROM access.accounts WHERE account = :account
    ON CONFLICT (phone_hash) DO UPDATE SET account = :account
""")

CITIZEN = sa.text("""
    SELECT account, person, verified_at IS NOT NULL AS verified, phone_sealed
    FROM access.accounts WHERE account = :account AND role = 'citizen' AND closed_at IS NULL
""")

# Declaring and registering at once: the second waits, and sees the first one's person.
CITIZEN_ALONE = sa.text(f"{CITIZEN.text} FOR NO KEY UPDATE")

AGREED = sa.text("""
    SELECT version FROM access.consents WHERE account = :account
    ORDER BY agreed_at DESC LIMIT 1
""")

AGREE = sa.text("""
    INSERT INTO access.consents (account, version, agreed_at)
    VALUES (:account, :version, :now) ON CONFLICT DO NOTHING
""")

# One worker sends a message; another that has the same job waits, and finds it sent.
MESSAGE = sa.text("""
    SELECT phone_sealed, text_sealed, until FROM access.messages
    WHERE message = :message AND text_sealed IS NOT NULL FOR UPDATE
""")

ERASE_MESSAGE = sa.text("""
    UPDATE access.messages SET phone_sealed = NULL, text_sealed = NULL, sent_at = :sent_at
    WHERE message = :message
""")

FORGET = (
    sa.text("DELETE FROM access.sessions WHERE expires_at <= :now"),
    sa.text("DELETE FROM access.codes WHERE expires_at <= :now"),
    sa.text("DELETE FROM access.attempts WHERE at <= :before"),
    sa.text("DELETE FROM access.messages WHERE until <= :now"),
    # Accounts that somebody signed in to on a strange phone and left without a word.
    sa.text("""
        DELETE FROM access.accounts a
        WHERE role = 'citizen' AND person IS NULL
          AND NOT EXISTS (SELECT FROM access.phones p WHERE p.account = a.account)
          AND NOT EXISTS (SELECT FROM access.sessions s WHERE s.account = a.account)
    """),
)
"""What is over, in order: an account is empty once its sessions are gone."""
