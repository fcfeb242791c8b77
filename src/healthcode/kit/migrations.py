"""Migrations, applied at start: one process at a time, and never waiting for ever."""

from __future__ import annotations

from pathlib import Path

import alembic.command
import alembic.config
import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from healthcode.kit.db import DatabaseBusy, in_words
from healthcode.kit.errors import NotReady
from healthcode.kit.words import Words

MIGRATING = 20200302  # the advisory lock of whoever migrates
LOCK_TIMEOUT = "60s"  # a migration that cannot get its locks must not stop the city behind it


class MigrationBusy(NotReady):
    """Another process migrates, or holds what the migration needs."""

    words = Words(
        zh="数据库升级在{timeout}内未能取得锁：可能有另一个进程正在升级，或有长时间的事务。请稍后重试。",
        en="The migration could not get its locks within {timeout}: another process may be "
        "migrating, or a long transaction is open. Try again later.",
    )


class MigrationForbidden(NotReady):
    """The database's owner lacks a right that the migration needs."""

    words = Words(
        zh="数据库升级缺少权限，未作任何改动：{what}。请由数据库管理员先行创建所需的角色，"
        "见 docs/howto/run-on-a-server.md。",
        en="The migration lacks a right and changed nothing: {what}. Have the roles it needs made "
        "by whoever runs the server, see docs/howto/run-on-a-server.md.",
    )


def migrate(engine: Engine, folder: Path) -> None:
    """Bring the schema up to date; does nothing where it is.

    Raises MigrationBusy or MigrationForbidden.
    """
    config = alembic.config.Config()
    config.set_main_option("script_location", str(folder))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            connection.execute(sa.text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
            connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({MIGRATING})"))
            alembic.command.upgrade(config, "head")
        except (sa.exc.ProgrammingError, psycopg.ProgrammingError) as error:
            cause = error.orig if isinstance(error, sa.exc.ProgrammingError) else error
            if isinstance(cause, psycopg.errors.InsufficientPrivilege):
                raise MigrationForbidden(what=cause.diag.message_primary) from error
            raise
        except (sa.exc.OperationalError, psycopg.OperationalError) as error:
            if isinstance(in_words(error), DatabaseBusy):
                raise MigrationBusy(timeout=LOCK_TIMEOUT) from error
            raise
