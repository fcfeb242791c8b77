"""Access's tables: accounts, their sessions, and how citizens come in by phone.

Tokens, keys, codes, phones and devices are kept as keyed hashes; a password as argon2id. Nothing
in these tables lets whoever reads them sign in.
"""

from __future__ import annotations

import sqlalchemy as sa

from healthcode.access.terms import NAME, Role
from healthcode.kit.db import metadata

INSTANT = sa.TIMESTAMP(timezone=True)
SCHEMA = "access"
_ROLES = ", ".join(f"'{role}'" for role in Role)


def _account(table: str, *, key: bool = False) -> sa.Column[int]:
    # What belongs to an account goes with it.
    owner = sa.ForeignKey("access.accounts.account", name=f"{table}_account", ondelete="CASCADE")
    return sa.Column("account", sa.BigInteger, owner, primary_key=key, nullable=False)


accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("account", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("name", sa.Text, unique=True, comment="NULL: a citizen"),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False, server_default=""),
    sa.Column(
        "person",
        sa.BigInteger,
        sa.ForeignKey("people.persons.person", name="accounts_person"),
        comment="before verified_at a provisional one, who is nobody's document's owner",
    ),
    sa.Column("verified_at", INSTANT, comment="when the real-name check was passed"),
    sa.Column("phone_hash", sa.LargeBinary, comment="the phone a citizen came by"),
    sa.Column("phone_sealed", sa.LargeBinary, comment="sealed for access.accounts.phone"),
    sa.Column("password_hash", sa.Text, comment="argon2id"),
    sa.Column("key_hash", sa.LargeBinary, unique=True, comment="keyed hash of a client's key"),
    sa.Column(
        "made_by",
        sa.BigInteger,
        sa.ForeignKey("access.accounts.account", name="accounts_made_by"),
    ),
    sa.Column("founder", sa.SmallInteger, unique=True, comment="1 or 2"),
    sa.Column("made_at", INSTANT, nullable=False),
    sa.Column("closed_at", INSTANT),
    sa.CheckConstraint(f"role IN ({_ROLES})", name="accounts_role"),
    # Whoever acts for the house is named in what they do; a citizen is named nowhere.
    sa.CheckConstraint(
        f"CASE WHEN role = 'citizen' THEN name IS NULL ELSE name ~ '^{NAME.pattern}$' END",
        name="accounts_name",
    ),
    # Who may approve whose proposals follows from the makers: only the two founders have none.
    sa.CheckConstraint(
        "(made_by IS NULL) = (role = 'citizen' OR founder IS NOT NULL)", name="accounts_maker"
    ),
    sa.CheckConstraint(
        "founder IS NULL OR (founder IN (1, 2) AND role = 'operator')", name="accounts_founder"
    ),
    # A maker is older: chains of makers come to an end.
    sa.CheckConstraint("made_by < account", name="accounts_maker_first"),
    sa.CheckConstraint("person IS NULL OR role = 'citizen'", name="accounts_person_of_citizen"),
    sa.CheckConstraint(
        "verified_at IS NULL OR person IS NOT NULL", name="accounts_verified_is_somebody"
    ),
    sa.CheckConstraint(
        "(role = 'citizen') = (phone_hash IS NOT NULL)"
        " AND (phone_hash IS NULL) = (phone_sealed IS NULL)",
        name="accounts_phone_of_citizen",
    ),
    # A password is for a human's hands, a key for a department's machine.
    sa.CheckConstraint(
        "password_hash IS NULL OR role NOT IN ('citizen', 'source')", name="accounts_password"
    ),
    sa.CheckConstraint("key_hash IS NULL OR role = 'source'", name="accounts_key"),
    sa.Index("accounts_of_person", "person", postgresql_where=sa.text("person IS NOT NULL")),
    schema=SCHEMA,
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True, comment="keyed hash"),
    _account("sessions"),
    sa.Column("made_at", INSTANT, nullable=False),
    sa.Column("expires_at", INSTANT, nullable=False),
    sa.Index("sessions_of_account", "account"),
    sa.Index("sessions_expiring", "expires_at"),
    schema=SCHEMA,
)

phones = sa.Table(
    "phones",
    metadata,
    sa.Column("phone_hash", sa.LargeBinary, primary_key=True, comment="keyed hash"),
    _account("phones"),
    sa.Index("phones_of_account", "account"),
    schema=SCHEMA,
    comment="whose a phone is now; numbers are recycled, and then it moves to another account",
)

devices = sa.Table(
    "devices",
    metadata,
    sa.Column("device_hash", sa.LargeBinary, primary_key=True, comment="keyed hash"),
    _account("devices"),
    sa.Column("made_at", INSTANT, nullable=False),
    sa.Index("devices_of_account", "account"),
    schema=SCHEMA,
    comment="where an account has signed in before; elsewhere its document is asked for",
)

codes = sa.Table(
    "codes",
    metadata,
    # A newer code replaces an older one: a phone has one code for a purpose.
    sa.Column("phone_hash", sa.LargeBinary, primary_key=True, comment="keyed hash"),
    sa.Column("purpose", sa.Text, primary_key=True),
    sa.Column("code_hash", sa.LargeBinary, nullable=False, comment="keyed hash"),
    sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("expires_at", INSTANT, nullable=False),
    schema=SCHEMA,
    comment="one-time codes; a used one is gone",
)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("attempt", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("key_hash", sa.LargeBinary, nullable=False, comment="keyed hash of whose it is"),
    sa.Column("at", INSTANT, nullable=False),
    sa.Index("attempts_of", "what", "key_hash", "at"),
    schema=SCHEMA,
    comment="what is counted against the limits, for a day",
)

consents = sa.Table(
    "consents",
    metadata,
    _account("consents", key=True),
    sa.Column("version", sa.Text, primary_key=True),
    sa.Column("agreed_at", INSTANT, nullable=False),
    schema=SCHEMA,
)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("message", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("phone_sealed", sa.LargeBinary, comment="sealed for access.messages.phone"),
    sa.Column("text_sealed", sa.LargeBinary, comment="sealed for access.messages.text"),
    sa.Column("made_at", INSTANT, nullable=False),
    sa.Column("until", INSTANT, nullable=False, comment="later it is of no use, and not sent"),
    sa.Column("sent_at", INSTANT),
    # What was sent is no longer anybody's business.
    sa.CheckConstraint(
        "(phone_sealed IS NULL) = (text_sealed IS NULL)"
        " AND (sent_at IS NULL OR text_sealed IS NULL)",
        name="messages_sent_is_erased",
    ),
    schema=SCHEMA,
)
