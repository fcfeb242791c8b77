"""Places' table: the places that have a gate, and the clinics that people are sent to."""

from __future__ import annotations

import sqlalchemy as sa

from healthcode.kit.db import metadata

registered = sa.Table(
    "registered",
    metadata,
    sa.Column("place", sa.BigInteger, sa.Identity(always=False), primary_key=True),
    sa.Column("public_id", sa.Text, nullable=False, unique=True, comment="random; gates carry it"),
    # The same file twice registers nothing twice.
    sa.Column("client_key", sa.Text, nullable=False, unique=True, comment="the owner's own key"),
    sa.Column("kind", sa.Text, nullable=False, comment="a PlaceKind"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("division", sa.Text, nullable=False, comment="kept code"),
    sa.Column("phone", sa.Text, nullable=False, server_default=""),
    sa.Column("community_name", sa.Text, nullable=False, server_default=""),
    sa.Column("community_phone", sa.Text, nullable=False, server_default=""),
    sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("closed_at", sa.TIMESTAMP(timezone=True)),
    # Home is never refused: whoever may not simply walk in is taken in by somebody with a phone.
    sa.CheckConstraint(
        "kind <> 'residential' OR (community_name <> '' AND community_phone <> '')",
        name="registered_home_has_a_community",
    ),
    sa.CheckConstraint("closed_at >= made_at", name="registered_closed_after_made"),
    # A clinic is looked for at every fever; there are few among a hundred thousand places.
    sa.Index(
        "registered_fever_clinics", "division", postgresql_where=sa.text("kind = 'fever_clinic'")
    ),
    schema="places",
)
