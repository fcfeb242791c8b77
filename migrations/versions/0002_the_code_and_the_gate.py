"""TEMPORARY while the rooms are being built: everything declared that is not there yet."""

import sqlalchemy as sa
from alembic import op

from healthcode.codes.tables import SIGNER_MAY, SIGNER_ROLE
from healthcode.kit.db import metadata

revision = "0002"
down_revision = "0001"
NEW = ("access", "codes", "gates", "places")


def upgrade() -> None:
    """Create the declared tables of the new rooms."""
    connection = op.get_bind()
    for schema in ("access", "codes", "places"):
        connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
    inspector = sa.inspect(connection)
    there = {s: set(inspector.get_table_names(s)) for s in ("evidence", "rulebook", "kit", "people", *NEW)}
    for table in metadata.sorted_tables:
        if table.name not in there[table.schema]:
            table.create(connection)
    op.execute("ALTER TABLE evidence.recordings ADD COLUMN account text")
    op.execute("COMMENT ON COLUMN evidence.recordings.account IS 'on whose word; NULL for the clock''s own jobs'")
    op.execute("ALTER TABLE evidence.imports ADD COLUMN proposed bigint NOT NULL DEFAULT 0")
    for statement in [SIGNER_ROLE, *SIGNER_MAY]:
        op.execute(statement)
