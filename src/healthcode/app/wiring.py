"""Who hears what, who runs what, and how a process opens the house."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import healthcode
from healthcode.access import Verified
from healthcode.access import jobs as access_jobs
from healthcode.access.messages import SEND
from healthcode.app.settings import Settings
from healthcode.codes import actions as codes
from healthcode.codes import jobs as codes_jobs
from healthcode.codes.actions import NoIssuer
from healthcode.codes.signing import SigningKey, demo_key, trust
from healthcode.codes.tables import SIGNER
from healthcode.evidence import Designated, Proposed, Recorded, declarations
from healthcode.gates.terms import Policy, read_policy
from healthcode.kit import keys
from healthcode.kit.clock import Clock, SystemClock
from healthcode.kit.db import Database, Transaction, answering, engine_for
from healthcode.kit.embedded import embedded_server, ensure_database
from healthcode.kit.errors import NotReady
from healthcode.kit.events import Listeners
from healthcode.kit.files import write_once
from healthcode.kit.jobs import Job, Jobs
from healthcode.kit.migrations import migrate
from healthcode.kit.secrets import MasterKeys, new_master_key
from healthcode.kit.words import Words
from healthcode.rulebook import StandingChanged, publishing, weighing
from healthcode.rulebook import actions as rulebook
from healthcode.rulebook import jobs as rulebook_jobs

LISTENERS: Listeners = {
    Verified: [declarations.on_verified],
    Proposed: [weighing.on_proposed],
    Recorded: [rulebook.on_recorded],
    Designated: [rulebook.on_designated],
    StandingChanged: [codes.on_standing_changed],
}

JOBS: Mapping[str, Job] = {
    SEND: Job(access_jobs.send),
    access_jobs.FORGET: Job(access_jobs.forget, every="7 * * * *"),
    codes_jobs.FORGET: Job(codes_jobs.forget, every="17 * * * *"),
    rulebook.REASSESS: Job(rulebook_jobs.reassess),
    rulebook.COMPARE: Job(rulebook_jobs.compare, every="37 19 * * *"),  # 03:37 in Tianjin
    rulebook.FORGET_SNAPSHOTS: Job(rulebook_jobs.forget_snapshots, every="27 * * * *"),
    rulebook.REASSESS_DUE: Job(rulebook_jobs.reassess_due, every="* * * * *"),
    publishing.CHANGE: Job(rulebook_jobs.change_standings, every="* * * * *"),
}

SHIPPED_RULEBOOK = "tianjin-2020-spring.yaml"
SHIPPED_POLICY = "tianjin-2020-spring.yaml"
SIGNING_KEY = "signing.key"
DATABASE = "healthcode"


class NoMasterKeys(NotReady):
    """A real server, and no master keys."""

    words = Words(
        zh="使用 HEALTHCODE_DATABASE_URL 时须设置 HEALTHCODE_MASTER_KEYS。"
        "可新建一个并妥善保管：healthcode keys new",
        en="With HEALTHCODE_DATABASE_URL, HEALTHCODE_MASTER_KEYS must be set. Make one and keep "
        "it safe: healthcode keys new",
    )


def shipped(folder: str) -> Path:
    """A folder of data that ships with the house: beside the code, or in the checkout."""
    package = Path(healthcode.__file__).parent
    inside = package / "shipped" / folder
    return inside if inside.is_dir() else package.parents[1] / folder


def shipped_rulebook(transaction: Transaction) -> rulebook.Shipped:
    """Install the shipped rulebook where none is; what became of it."""
    text = (shipped("rulebooks") / SHIPPED_RULEBOOK).read_text("utf-8")
    return rulebook.install(transaction, text)


def shipped_policy() -> Policy:
    """What kinds of places ask for. Raises BadPolicy."""
    return read_policy((shipped("policies") / SHIPPED_POLICY).read_text("utf-8"))


def log_as(settings: Settings) -> None:
    """Where this process says what goes wrong, and how much."""
    level = getattr(logging, settings.log_level.upper())
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    # httpx tells of every address it calls, and ours may hold a key
    logging.getLogger("httpx").setLevel(logging.WARNING)
    if level == logging.DEBUG:
        # INFO, not DEBUG: statements without values, and never the rows that come back
        logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)


@contextmanager
def signing(settings: Settings) -> Iterator[tuple[str, SigningKey]]:
    """What the signer needs: its own way into the database, and its key. Raises NoIssuer.

    Only the embedded house has a key so far, a demo's.
    """
    if settings.database_url is not None:
        raise NoIssuer
    with embedded_server(settings.data_dir) as server:
        url = ensure_database(server, DATABASE)
        key = demo_key(settings.data_dir / SIGNING_KEY, settings.city)
        with (
            _opened(url, settings, master_keys(settings), SystemClock()) as database,
            database.transaction() as transaction,
        ):
            trust(transaction, key)
        own = sa.make_url(url).set(username=SIGNER)
        yield own.render_as_string(hide_password=False), key


@contextmanager
def open_house(settings: Settings, clock: Clock | None = None) -> Iterator[Database]:
    """The database of this process: reachable, migrated, with its keys and its rulebook.

    Raises NoDatabase, MigrationBusy, NoMasterKeys and the errors of the key ring.
    """
    if settings.database_url is not None:
        if settings.master_keys is None:
            raise NoMasterKeys
        url = settings.database_url.get_secret_value()
        with _opened(url, settings, master_keys(settings), clock or SystemClock()) as database:
            yield database
        return
    with embedded_server(settings.data_dir) as server:
        url = ensure_database(server, DATABASE)
        with _opened(url, settings, master_keys(settings), clock or SystemClock()) as database:
            yield database


@contextmanager
def _opened(url: str, settings: Settings, masters: MasterKeys, clock: Clock) -> Iterator[Database]:
    database = prepare(url, masters, clock, LISTENERS, pool_size=settings.pool_size)
    try:
        with database.transaction() as transaction:
            shipped_rulebook(transaction)
        yield database
    finally:
        database.engine.dispose()


def prepare(
    url: str, masters: MasterKeys, clock: Clock, listeners: Listeners, *, pool_size: int = 5
) -> Database:
    """A migrated database with its key ring. Raises NoDatabase and MigrationBusy."""
    engine = engine_for(url, pool_size=pool_size)
    with ExitStack() as undo:
        undo.callback(engine.dispose)
        migrate(answering(engine), shipped("migrations"))
        with engine.begin() as connection:
            ring = keys.load_ring(connection, masters)
        undo.pop_all()
    return Database(engine, clock, ring, Jobs(url, JOBS), listeners)


def run_jobs(database: Database, *, wait: bool) -> None:
    """Run the jobs that wait, each in a transaction of its own; with `wait`, until stopped."""

    def run(job: Job, arguments: dict[str, Any]) -> None:
        with database.transaction() as transaction:
            job.run(transaction, **arguments)

    database.jobs.work(run, wait=wait)


def master_keys(settings: Settings) -> MasterKeys:
    """The master keys of the settings, or those of the embedded server's own folder."""
    if settings.master_keys is not None:
        return MasterKeys.read(settings.master_keys.get_secret_value())
    path = settings.data_dir / "master.key"
    if not path.exists():
        write_once(path, new_master_key().encode())
    return MasterKeys.read(path.read_text())
