"""Evidence's tables. Facts and designations are only ever added.

`recorded_at` follows the order of commits: the trigger `stamp` gives it at the very end of the
transaction, under one advisory lock that is held until the commit. So what a reader could not
yet see at k has a later `recorded_at` than k, and a committed row is never without one.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA

from healthcode.kit.db import metadata

INSTANT = sa.TIMESTAMP(timezone=True)
NUMBER = sa.Numeric(9, 3)
SCHEMA = "evidence"
SELF = "self"  # the source of what people say of themselves, and its client


def _key(to: str, name: str) -> sa.ForeignKey:
    """A key of a row that the stamp changes, checked at the commit.

    At once, PostgreSQL would check it when the row is added and again when the same transaction
    changes it; deferred, it checks only the row that stays.
    """
    return sa.ForeignKey(to, name=name, deferrable=True, initially="DEFERRED")


def _person(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(
        name,
        sa.BigInteger,
        _key("people.persons.person", f"facts_{name}"),
        nullable=nullable,
    )


def _recording(table: str) -> tuple[sa.Column[int], sa.Column[datetime]]:
    return (
        sa.Column(
            "recording",
            sa.BigInteger,
            _key("evidence.recordings.recording", f"{table}_recording"),
            nullable=False,
        ),
        sa.Column("recorded_at", INSTANT, comment="NULL only inside the transaction that adds it"),
    )


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


sources = sa.Table(
    "sources",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("source_class", sa.Text, nullable=False),
    sa.CheckConstraint(
        "source_class IN ('self', 'gate', 'community', 'clinic', 'authority', 'region')",
        name="sources_class",
    ),
    schema=SCHEMA,
    comment="a source speaks with the voice of one class, whoever sends its rows",
)

registrations = sa.Table(
    "registrations",
    metadata,
    sa.Column("client", sa.Text, primary_key=True),
    sa.Column(
        "source",
        sa.Text,
        sa.ForeignKey("evidence.sources.source", name="registrations_source"),
        primary_key=True,
    ),
    sa.Column("kinds", ARRAY(sa.Text), nullable=False, comment="'*': whatever the rows name"),
    sa.Column("divisions", ARRAY(sa.Text), nullable=False, comment="kept codes; '*': anywhere"),
    schema=SCHEMA,
    comment="what a client may write; a file cannot claim more",
)

recordings = sa.Table(
    "recordings",
    metadata,
    sa.Column("recording", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("stated_at", INSTANT, comment="the time to believe, where a clock was set"),
    sa.Column("recorded_at", INSTANT, comment="set by the trigger stamp"),
    sa.Column("account", sa.Text, comment="on whose word; NULL for the clock's own jobs"),
    sa.Index("recordings_recorded_at", "recorded_at"),
    schema=SCHEMA,
    comment="one row for each transaction that recorded something",
)

facts = sa.Table(
    "facts",
    metadata,
    sa.Column("fact", sa.BigInteger, sa.Identity(always=False), primary_key=True),
    _person("person"),
    sa.Column("kind", sa.Text, nullable=False),
    _words("result"),
    sa.Column("number", NUMBER),
    _words("area"),
    _words("place"),
    _person("with_person", nullable=True),
    sa.Column("started_at", INSTANT, nullable=False),
    sa.Column("ended_at", INSTANT, comment="NULL: a moment; infinity: still going on"),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("source_class", sa.Text, nullable=False, comment="the source's, when recorded"),
    sa.Column("corrects", sa.BigInteger, _key("evidence.facts.fact", "facts_corrects")),
    *_recording("facts"),
    sa.CheckConstraint("ended_at >= started_at", name="facts_span"),
    sa.CheckConstraint("isfinite(started_at)", name="facts_started"),
    sa.Index("facts_of_person", "person", "kind"),
    sa.Index("facts_of_recording", "recording"),
    # Whom a designation reaches. By the end, since most designations are about the last days;
    # by bytes, so that whatever begins with a code is a range.
    sa.Index(
        "facts_in_area",
        "kind",
        sa.text('area COLLATE "C"'),
        sa.text("coalesce(ended_at, started_at)"),
        postgresql_where=sa.text("area <> ''"),
    ),
    sa.Index(
        "facts_at_place",
        "kind",
        "place",
        sa.text("coalesce(ended_at, started_at)"),
        postgresql_where=sa.text("place <> ''"),
    ),
    schema=SCHEMA,
    # The stamped row finds room beside the one it replaces, and no index is written again.
    postgresql_with={"fillfactor": 48},
)

retractions = sa.Table(
    "retractions",
    metadata,
    sa.Column(
        "fact",
        sa.BigInteger,
        sa.ForeignKey("evidence.facts.fact", name="retractions_fact"),
        primary_key=True,
        comment="the primary key: a fact is retracted once",
    ),
    sa.Column("source", sa.Text, nullable=False),
    *_recording("retractions"),
    sa.Index("retractions_of_recording", "recording"),
    schema=SCHEMA,
)

designations = sa.Table(
    "designations",
    metadata,
    sa.Column("designation", sa.BigInteger, sa.Identity(always=False), primary_key=True),
    sa.Column("level", sa.Text, nullable=False),
    _words("area"),
    _words("place"),
    sa.Column("started_at", INSTANT, nullable=False),
    sa.Column("ended_at", INSTANT, comment="NULL: still open"),
    sa.Column("source", sa.Text, nullable=False),
    *_recording("designations"),
    sa.CheckConstraint("area <> '' OR place <> ''", name="designations_where"),
    sa.CheckConstraint("ended_at >= started_at", name="designations_span"),
    sa.Index("designations_of_recording", "recording"),
    schema=SCHEMA,
)

designation_retractions = sa.Table(
    "designation_retractions",
    metadata,
    sa.Column(
        "designation",
        sa.BigInteger,
        sa.ForeignKey("evidence.designations.designation", name="designation_retractions_of"),
        primary_key=True,
    ),
    sa.Column("source", sa.Text, nullable=False),
    *_recording("designation_retractions"),
    sa.Index("designation_retractions_of_recording", "recording"),
    schema=SCHEMA,
)

feed_rows = sa.Table(
    "feed_rows",
    metadata,
    sa.Column("client", sa.Text, primary_key=True),
    sa.Column("what", sa.Text, primary_key=True, comment="evidence or designations"),
    sa.Column("row_id", BYTEA, primary_key=True, comment="keyed hash of the client's row id"),
    sa.Column("content", BYTEA, nullable=False, comment="keyed hash of what the row said"),
    sa.Column("made", sa.BigInteger, comment="the fact or designation; NULL once retracted"),
    schema=SCHEMA,
    comment="the latest state of every row that a client has sent; one row, one state",
)

imports = sa.Table(
    "imports",
    metadata,
    sa.Column("import", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("digest", BYTEA, nullable=False, comment="SHA-256 of the file"),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("rows", sa.BigInteger, comment="NULL until staged"),
    sa.Column("batches", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("next_batch", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("recorded", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("corrected", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("retracted", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("unchanged", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("finished_at", INSTANT),
    sa.Column("proposed", sa.BigInteger, nullable=False, server_default="0"),
    sa.UniqueConstraint("client", "digest", name="imports_once"),
    schema=SCHEMA,
    comment="a file is known by its digest: finished, it is nothing new; else it goes on",
)

rejects = sa.Table(
    "rejects",
    metadata,
    sa.Column(
        "import",
        sa.BigInteger,
        sa.ForeignKey("evidence.imports.import", name="rejects_import"),
        primary_key=True,
    ),
    sa.Column("row", sa.BigInteger, primary_key=True, comment="data rows, the first is 1"),
    sa.Column("line", sa.BigInteger, nullable=False, comment="lines of the file, from 1"),
    sa.Column("column", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, comment="a key of evidence.feeds.reasons"),
    schema=SCHEMA,
)


staged_rows = sa.Table(
    "staged_rows",
    metadata,
    sa.Column(
        "import",
        sa.BigInteger,
        sa.ForeignKey("evidence.imports.import", name="staged_rows_import"),
        primary_key=True,
    ),
    sa.Column("batch", sa.BigInteger, primary_key=True),
    sa.Column("said", sa.Text, nullable=False, comment="lines of the file, sealed whole, in hex"),
    schema=SCHEMA,
    comment="blocks of a file on its way in; gone once all of it is recorded",
)

proposals = sa.Table(
    "proposals",
    metadata,
    sa.Column("proposal", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("account", sa.Text, comment="on whose word"),
    sa.Column("what", sa.Text, nullable=False, comment="evidence or designations"),
    sa.Column("proposed_at", INSTANT, nullable=False),
    sa.Column("decided_at", INSTANT),
    sa.Column("decided_by", sa.Text, comment="the second person"),
    sa.Column("approved", sa.Boolean),
    # A decision has its time, its person and its answer, or none of them.
    sa.CheckConstraint(
        "num_nonnulls(decided_at, decided_by, approved) IN (0, 3)", name="proposals_decision"
    ),
    schema=SCHEMA,
    comment="changes over the limit, known at no k until a second person approves",
)

proposed_rows = sa.Table(
    "proposed_rows",
    metadata,
    sa.Column(
        "proposal",
        sa.BigInteger,
        sa.ForeignKey("evidence.proposals.proposal", name="proposed_rows_proposal"),
        primary_key=True,
    ),
    sa.Column("row", sa.BigInteger, primary_key=True),
    sa.Column("row_id", BYTEA, nullable=False, comment="as in feed_rows"),
    sa.Column("said", sa.Text, nullable=False, comment="JSON; numbers and names sealed"),
    sa.Index("proposed_rows_of", "row_id"),
    schema=SCHEMA,
    comment="gone once decided",
)

STAMP = """
CREATE FUNCTION evidence.stamp() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz;
BEGIN
    -- one stamp at a time, until the commit: the order of stamps is the order of commits
    PERFORM pg_advisory_xact_lock(20200229);
    SELECT greatest(coalesce(NEW.stated_at, clock_timestamp()),
                    max(recorded_at) + interval '1 microsecond')
        INTO moment FROM evidence.recordings;
    UPDATE evidence.recordings SET recorded_at = moment WHERE recording = NEW.recording;
    UPDATE evidence.facts SET recorded_at = moment
        WHERE recording = NEW.recording AND recorded_at IS NULL;
    UPDATE evidence.retractions SET recorded_at = moment
        WHERE recording = NEW.recording AND recorded_at IS NULL;
    UPDATE evidence.designations SET recorded_at = moment
        WHERE recording = NEW.recording AND recorded_at IS NULL;
    UPDATE evidence.designation_retractions SET recorded_at = moment
        WHERE recording = NEW.recording AND recorded_at IS NULL;
    RETURN NULL;
END
$$
"""

STAMP_AT_COMMIT = """
CREATE CONSTRAINT TRIGGER stamp AFTER INSERT ON evidence.recordings
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION evidence.stamp()
"""


# Sealed text does not grow smaller, and trying takes longer than all else that staging does.
STAGED_AS_IT_IS = "ALTER TABLE evidence.staged_rows ALTER COLUMN said SET STORAGE EXTERNAL"


@sa.event.listens_for(metadata, "after_create")
def _create_stamp(_metadata: sa.MetaData, connection: sa.Connection, **_: object) -> None:
    """What a table cannot say by itself, made with the tables."""
    for statement in (STAMP, STAMP_AT_COMMIT, STAGED_AS_IT_IS):
        connection.exec_driver_sql(statement)
