"""Where the wrapped data keys are stored, and how they are made, rotated and loaded."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from healthcode.kit.db import metadata
from healthcode.kit.secrets import KeyRing, MasterKeys, WrappedKey

data_keys = sa.Table(
    "data_keys",
    metadata,
    sa.Column("key_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("master_id", sa.Text, nullable=False, comment="the master key that wraps it"),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("purpose IN ('data', 'lookup')", name="data_keys_purpose"),
    # One look-up key: a second one would let one document become two persons.
    sa.Index(
        "data_keys_one_lookup",
        "purpose",
        unique=True,
        postgresql_where=sa.text("purpose = 'lookup'"),
    ),
    schema="kit",
)


def load_ring(connection: Connection, masters: MasterKeys) -> KeyRing:
    """The key ring as stored; makes the first keys where there are none.

    Raises MasterKeyMissing or WrapBroken where the settings' master keys do not open it.
    """
    keys = _stored(connection)
    if not keys:
        keys = [masters.new_data_key(1, "lookup"), masters.new_data_key(2, "data")]
        _store(connection, keys)
    return KeyRing(masters, keys)


def rotate(connection: Connection, masters: MasterKeys) -> int:
    """Add a data key, and wrap every key under the current master; the new key's id.

    Values sealed before stay readable. The look-up key stays: hashes depend on it. Raises
    MasterKeyMissing or WrapBroken.
    """
    stored = _stored(connection)
    KeyRing(masters, stored)  # every key opens, or nothing is changed
    keys = [masters.rewrap(key) for key in stored]
    fresh = masters.new_data_key(max(key.key_id for key in keys) + 1, "data")
    connection.execute(sa.delete(data_keys))
    _store(connection, [*keys, fresh])
    return fresh.key_id


def _stored(connection: Connection) -> list[WrappedKey]:
    connection.execute(sa.text("LOCK TABLE kit.data_keys IN SHARE ROW EXCLUSIVE MODE"))
    rows = connection.execute(sa.select(data_keys).order_by(data_keys.c.key_id))
    return [WrappedKey(**row._mapping) for row in rows]


def _store(connection: Connection, keys: list[WrappedKey]) -> None:
    connection.execute(
        sa.insert(data_keys),
        [
            {
                "key_id": key.key_id,
                "purpose": key.purpose,
                "master_id": key.master_id,
                "wrapped": key.wrapped,
            }
            for key in keys
        ],
    )
