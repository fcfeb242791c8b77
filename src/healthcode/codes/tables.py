"""Codes' tables: who may sign, what is to be signed, what was, and the live colour of each.

Web writes intents and slots; the signer, with a database role of its own, reads them and writes
results, and nothing else.
"""

from __future__ import annotations

import sqlalchemy as sa

from healthcode.kit.db import metadata

INSTANT = sa.TIMESTAMP(timezone=True)
SCHEMA = "codes"
SIGNER = "healthcode_signer"
LIST_SIZE = 2**20  # slots in a list, as its published form will have

issuers = sa.Table(
    "issuers",
    metadata,
    sa.Column("kid", sa.LargeBinary, primary_key=True, comment="four bytes"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("public_key", sa.LargeBinary, nullable=False, comment="SubjectPublicKeyInfo, DER"),
    sa.Column("made_at", INSTANT, nullable=False),
    schema=SCHEMA,
)

slots = sa.Table(
    "slots",
    metadata,
    # The primary key: no two live credentials share a slot.
    sa.Column("list", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("person", sa.BigInteger, nullable=False),
    sa.Column("value", sa.SmallInteger, nullable=False, comment="0 green, 1 revoked or grey, ..."),
    sa.Column("free_at", INSTANT, nullable=False, comment="past expiry and the oldest list"),
    sa.CheckConstraint("value BETWEEN 0 AND 3", name="slots_value"),
    sa.CheckConstraint(f'"index" BETWEEN 0 AND {LIST_SIZE - 1}', name="slots_index"),
    sa.Index("slots_of_person", "person"),
    sa.Index("slots_free", "free_at"),
    schema=SCHEMA,
    comment="the live colour of every credential that can still be shown",
)

intents = sa.Table(
    "intents",
    metadata,
    sa.Column("intent", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("public_id", sa.Text, nullable=False, unique=True, comment="random"),
    sa.Column("person", sa.BigInteger, nullable=False),
    sa.Column("account", sa.Text, nullable=False, comment="on whose word"),
    sa.Column("list", sa.Integer, nullable=False),
    sa.Column("index", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False, comment="masked, as a gate shows it"),
    sa.Column("document_kind", sa.Text, nullable=False),
    sa.Column("last_four", sa.Text, nullable=False),
    sa.Column("requested_at", INSTANT, nullable=False),
    # One slot, one credential: an intent never borrows another's.
    sa.ForeignKeyConstraint(
        ["list", "index"],
        ["codes.slots.list", "codes.slots.index"],
        name="intents_slot",
        ondelete="CASCADE",
    ),
    sa.UniqueConstraint("list", "index", name="intents_one_slot"),
    sa.Index("intents_of_person", "person", "requested_at"),
    schema=SCHEMA,
    comment="what web asks the signer for; written before anything is signed",
)

waiting = sa.Table(
    "waiting",
    metadata,
    sa.Column(
        "intent",
        sa.BigInteger,
        sa.ForeignKey("codes.intents.intent", name="waiting_intent", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    schema=SCHEMA,
    comment="intents without a result: a short list, however many were signed before",
)

results = sa.Table(
    "results",
    metadata,
    sa.Column(
        "intent",
        sa.BigInteger,
        sa.ForeignKey("codes.intents.intent", name="results_intent", ondelete="CASCADE"),
        primary_key=True,
        comment="the primary key: an intent is signed once",
    ),
    sa.Column("credential", sa.LargeBinary),
    sa.Column("refused", sa.Text, comment="why nothing was signed"),
    sa.Column("expires_at", INSTANT),
    sa.Column("signed_at", INSTANT, nullable=False),
    # Signed with its expiry, or refused with its reason.
    sa.CheckConstraint(
        "(credential IS NULL) = (refused IS NOT NULL)"
        " AND (credential IS NULL) = (expires_at IS NULL)",
        name="results_one",
    ),
    schema=SCHEMA,
    comment="only the signer writes here",
)

SIGNER_ROLE = f"""
DO $$
BEGIN
    -- whoever may not create roles can have it made before
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{SIGNER}') THEN
        CREATE ROLE {SIGNER} LOGIN;
    END IF;
EXCEPTION
    -- the role belongs to the whole server: another database of it made it just now
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$
"""
SIGNER_MAY = [
    f"GRANT USAGE ON SCHEMA codes, rulebook TO {SIGNER}",
    f"GRANT SELECT ON codes.intents, codes.slots, codes.issuers TO {SIGNER}",
    f"GRANT SELECT ON rulebook.standings, rulebook.findings TO {SIGNER}",
    f"GRANT SELECT, INSERT ON codes.results TO {SIGNER}",
    f"GRANT SELECT, DELETE ON codes.waiting TO {SIGNER}",
]


@sa.event.listens_for(metadata, "after_create")
def _let_the_signer_in(_metadata: sa.MetaData, connection: sa.Connection, **_: object) -> None:
    """What a table cannot say by itself, made with the tables."""
    for statement in (SIGNER_ROLE, *SIGNER_MAY):
        connection.exec_driver_sql(statement)
