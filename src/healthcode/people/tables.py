"""People's tables: who there is, their documents, and the keys that departments know them by."""

from __future__ import annotations

import sqlalchemy as sa

from healthcode.kit.db import metadata

persons = sa.Table(
    "persons",
    metadata,
    sa.Column("person", sa.BigInteger, sa.Identity(always=False), primary_key=True),
    sa.Column("sex", sa.SmallInteger, comment="GB/T 2261.1: 0 unknown, 1 male, 2 female, 9 unsaid"),
    sa.Column("age", sa.SmallInteger, comment="years, as last stated"),
    sa.Column("residence", sa.Text, nullable=False, server_default="", comment="kept code"),
    sa.Column("name_sealed", sa.LargeBinary, comment="sealed for people.persons.name"),
    sa.Column("stated_at", sa.TIMESTAMP(timezone=True), comment="when the row was last stated"),
    sa.Column(
        "name_checked",
        sa.Boolean,
        nullable=False,
        server_default="false",
        comment="by the registry: no department states it anew",
    ),
    sa.CheckConstraint("sex IN (0, 1, 2, 9)", name="persons_sex"),
    sa.CheckConstraint("age BETWEEN 0 AND 150", name="persons_age"),
    schema="people",
)

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("number_hash", sa.LargeBinary, primary_key=True, comment="keyed hash"),
    # Deferred: documents are claimed first (the key above decides a race), persons made after.
    sa.Column(
        "person",
        sa.BigInteger,
        sa.ForeignKey(
            "people.persons.person",
            name="documents_person",
            deferrable=True,
            initially="DEFERRED",
        ),
        nullable=False,
    ),
    sa.Column("number_sealed", sa.LargeBinary, nullable=False),
    sa.Index("documents_of_person", "person"),
    schema="people",
    comment="the primary key is the promise that one document is never two persons",
)

keys = sa.Table(
    "keys",
    metadata,
    sa.Column("client", sa.Text, primary_key=True),
    sa.Column("key_hash", sa.LargeBinary, primary_key=True, comment="keyed hash"),
    sa.Column(
        "person",
        sa.BigInteger,
        sa.ForeignKey(
            "people.persons.person", name="keys_person", deferrable=True, initially="DEFERRED"
        ),
        nullable=False,
    ),
    sa.Index("keys_of_person", "person"),
    schema="people",
    comment="a department's own subject keys; they mean nothing to any other department",
)
