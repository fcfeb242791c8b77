"""The rulebooks that are published, how they come to be, and what they say of everybody now.

What a published rulebook says, and since when it binds, never changes: a trigger sees to it.
"""

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

drafts = sa.Table(
    "drafts",
    metadata,
    sa.Column("draft", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False, comment="SHA-256 of what it says"),
    sa.Column("body", JSONB, nullable=False),
    sa.Column("proposed_by", sa.Text, nullable=False, comment="on whose word"),
    sa.Column("proposed_at", INSTANT, nullable=False),
    sa.Column("decided_by", sa.Text, comment="the second person"),
    sa.Column("decided_at", INSTANT),
    sa.Column("approved", sa.Boolean),
    sa.Column(
        "rulebook",
        sa.Integer,
        sa.ForeignKey("rulebook.rulebooks.rulebook", name="drafts_rulebook"),
        comment="what it was published as",
    ),
    sa.UniqueConstraint("rulebook", name="drafts_published_once"),
    # A decision has its time, its person and its answer, or none of them.
    sa.CheckConstraint(
        "num_nonnulls(decided_by, decided_at, approved) IN (0, 3)", name="drafts_decision"
    ),
    sa.CheckConstraint("rulebook IS NULL OR approved IS TRUE", name="drafts_publishable"),
    # Of two that call themselves the same, nobody could say which one was approved.
    sa.Index(
        "drafts_version",
        "name",
        "version",
        unique=True,
        postgresql_where=sa.text("approved IS DISTINCT FROM false"),
    ),
    schema=SCHEMA,
    comment="proposed rulebooks; they bind nobody until they are approved and published",
)

publications = sa.Table(
    "publications",
    metadata,
    sa.Column(
        "rulebook",
        sa.Integer,
        sa.ForeignKey("rulebook.rulebooks.rulebook", name="publications_rulebook"),
        primary_key=True,
    ),
    sa.Column("published_by", sa.Text, nullable=False, comment="on whose word"),
    sa.Column("published_at", INSTANT, nullable=False),
    sa.Column("started_at", INSTANT, comment="from here on nothing is written by an older one"),
    sa.Column("total", sa.BigInteger, comment="persons to go through; NULL until counted"),
    sa.Column("done", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("cursor", sa.BigInteger, nullable=False, server_default="0", comment="a person"),
    sa.Column("finished_at", INSTANT, comment="also where a newer one took its place"),
    sa.CheckConstraint("done <= total", name="publications_done"),
    schema=SCHEMA,
    comment="the change of every standing to a rulebook, in batches",
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
    sa.Column("account", sa.Text, nullable=False, comment="who looked"),
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

comparisons = sa.Table(
    "comparisons",
    metadata,
    sa.Column("comparison", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("compared_at", INSTANT, nullable=False),
    sa.Column(
        "rulebook",
        sa.Integer,
        sa.ForeignKey("rulebook.rulebooks.rulebook", name="comparisons_rulebook"),
        nullable=False,
    ),
    sa.Column("people", sa.BigInteger, nullable=False),
    sa.Column("left_out", sa.BigInteger, nullable=False, comment="about to be judged anew"),
    sa.Column("differing", sa.BigInteger, nullable=False, comment="more than none is an alarm"),
    schema=SCHEMA,
    comment="stored standings beside what the evidence gives",
)

differences = sa.Table(
    "differences",
    metadata,
    sa.Column(
        "comparison",
        sa.BigInteger,
        sa.ForeignKey("rulebook.comparisons.comparison", name="differences_comparison"),
        primary_key=True,
    ),
    sa.Column("person", sa.BigInteger, primary_key=True),
    sa.Column("stored", sa.Text, nullable=False),
    sa.Column("stored_next", sa.TIMESTAMP, comment="UTC"),
    sa.Column("judged", sa.Text, nullable=False),
    sa.Column("judged_next", sa.TIMESTAMP, comment="UTC"),
    schema=SCHEMA,
    comment="the first thousand of a comparison, for whoever looks into it",
)

UNCHANGING = """
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
"""

MAY_CHANGE = {
    "rulebooks": "'findings_sql', 'standing_sql', 'compiler'",
    # what is approved and published is what was proposed
    "drafts": "'decided_by', 'decided_at', 'approved', 'rulebook'",
}


@sa.event.listens_for(metadata, "after_create")
def _create_unchanging(_metadata: sa.MetaData, connection: sa.Connection, **_: object) -> None:
    """What a table cannot say by itself, made with the tables."""
    connection.exec_driver_sql(UNCHANGING)
    for table, columns in MAY_CHANGE.items():
        connection.exec_driver_sql(
            f"CREATE TRIGGER unchanging BEFORE UPDATE OR DELETE ON rulebook.{table} "
            f"FOR EACH ROW EXECUTE FUNCTION rulebook.unchanging({columns})"
        )
        connection.exec_driver_sql(
            f"CREATE TRIGGER kept BEFORE TRUNCATE ON rulebook.{table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION rulebook.unchanging()"
        )
