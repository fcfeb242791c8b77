"""The rulebooks that are published, and what they say of everybody now."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from healthcode.kit.db import metadata

INSTANT = sa.TIMESTAMP(timezone=True)
SCHEMA = "rulebook"
COLOURS = "'grey', 'green', 'orange', 'red'"

rulebooks = sa.Table(
    "rulebooks",
    metadata,
    sa.Column("rulebook", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False, comment="SHA-256 of what it says"),
    sa.Column("body", JSONB, nullable=False),
    sa.Column("findings_sql", sa.Text, nullable=False),
    sa.Column("standing_sql", sa.Text, nullable=False),
    sa.Column("compiler", sa.Text, nullable=False, comment="what made the statements"),
    sa.Column("binds_from", INSTANT, nullable=False, comment="-infinity for the first"),
    # Two rulebooks never bind from the same moment: which one binds at t is never a question.
    sa.UniqueConstraint("binds_from", name="rulebooks_bind"),
    sa.UniqueConstraint("name", "version", name="rulebooks_version"),
    schema=SCHEMA,
)

findings = sa.Table(
    "findings",
    metadata,
    sa.Column("person", sa.BigInteger, primary_key=True),
    sa.Column("rule", sa.Text, primary_key=True),
    sa.Column(
        "fact",
        sa.BigInteger,
        sa.ForeignKey("evidence.facts.fact", name="findings_fact"),
        primary_key=True,
    ),
    sa.Column("colour", sa.Text, nullable=False),
    sa.Column("opens", INSTANT, nullable=False),
    sa.Column("until", INSTANT, comment="NULL: never"),
    sa.Column(
        "rulebook",
        sa.Integer,
        sa.ForeignKey("rulebook.rulebooks.rulebook", name="findings_rulebook"),
        nullable=False,
    ),
    sa.CheckConstraint("colour IN ('green', 'orange', 'red')", name="findings_colour"),
    sa.CheckConstraint("until > opens", name="findings_window"),
    schema=SCHEMA,
    comment="every window of every person, as known now; only reassess writes here",
)

standings = sa.Table(
    "standings",
    metadata,
    sa.Column(
        "person",
        sa.BigInteger,
        sa.ForeignKey("people.persons.person", name="standings_person"),
        primary_key=True,
    ),
    sa.Column("colour", sa.Text, nullable=False),
    sa.Column("changes_at", INSTANT, comment="NULL: not before something new is known"),
    sa.Column("assessed_at", INSTANT, nullable=False),
    sa.Column(
        "rulebook",
        sa.Integer,
        sa.ForeignKey("rulebook.rulebooks.rulebook", name="standings_rulebook"),
        nullable=False,
    ),
    sa.CheckConstraint(f"colour IN ({COLOURS})", name="standings_colour"),
    sa.Index("standings_due", "changes_at"),
    schema=SCHEMA,
    comment="every person's colour now; only reassess writes here",
)

turned = sa.Table(
    "turned",
    metadata,
    sa.Column("bucket", sa.Text, primary_key=True, comment="account:NAME or source:NAME"),
    sa.Column("day", sa.Date, primary_key=True, comment="local"),
    sa.Column("people", sa.Integer, nullable=False),
    sa.CheckConstraint("people >= 0", name="turned_people"),
    schema=SCHEMA,
    comment="how many people each account and source turned orange or red on a day",
)

snapshots = sa.Table(
    "snapshots",
    metadata,
    sa.Column("snapshot", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("account", sa.Text, comment="who looked; NULL for the nightly comparison"),
    sa.Column("taken_at", INSTANT, nullable=False),
    sa.Column("known_at", INSTANT, nullable=False),
    sa.Column("people", sa.BigInteger, nullable=False),
    sa.Column("facts", sa.BigInteger, nullable=False),
    sa.Column("name", sa.Text, comment="kept under it; NULL: deleted after a day"),
    sa.Column("host", sa.Text, nullable=False, comment="the machine that holds the folder"),
    sa.Column("folder", sa.Text, nullable=False),
    sa.Column("deleted_at", INSTANT),
    schema=SCHEMA,
    comment="every look at everybody's evidence: who, when, and where the copy lies",
)
