"""Commands that run the house: processes, the schema, keys, and the demo."""

from __future__ import annotations

import sys

import typer
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from healthcode.app import signer
from healthcode.app.commands import common
from healthcode.app.commands import demo as demonstration
from healthcode.app.commands.common import AsJson, acting, house, language, say
from healthcode.app.commands.listening import check_free
from healthcode.app.settings import read_settings
from healthcode.app.wiring import (
    log_as,
    master_keys,
    run_jobs,
    shipped_rulebook,
    signing,
)
from healthcode.kit import keys
from healthcode.kit.secrets import new_master_key
from healthcode.rulebook.actions import Shipped

keys_cli = typer.Typer(help="Keys of the sealed fields.", no_args_is_help=True)


def migrate() -> None:
    """Bring the database up to date and install the shipped rulebook."""
    with house() as (database, _), database.transaction() as transaction:
        waiting = shipped_rulebook(transaction) is Shipped.WAITS
    say("数据库已是最新。", "The database is up to date.")
    if waiting:
        said = {
            "zh": "随软件发布的规则手册与已公布的不同。已公布的继续有效；"
            "新的规则须由两人公布后才生效。",
            "en": "The shipped rulebook differs from the published one, which goes on binding; "
            "a new one binds once two people publish it.",
        }
        common.err.print(said[language()], style="yellow")


def serve() -> None:
    """Answer over HTTP, at HEALTHCODE_LISTEN, until stopped."""
    settings = read_settings()
    log_as(settings)
    with house():
        pass  # what is wrong is said here, in words, before a server starts
    check_free(settings.listen)
    host, _, port = settings.listen.rpartition(":")
    Granian(
        "healthcode.app.web:make",
        factory=True,
        interface=Interfaces.ASGI,
        address=host.strip("[]"),
        port=int(port),
        websockets=False,
        log_access=False,  # addresses of people are nobody's business
        log_level=LogLevels.warning,
    ).serve()


def work() -> None:
    """Run jobs and the clock until stopped."""
    with house() as (database, _):
        run_jobs(database, wait=True)


def sign() -> None:
    """Sign the codes that are asked for, until stopped: the only process with a signing key."""
    settings = read_settings()
    log_as(settings)
    with signing(settings) as (url, key):
        signer.run(url, key)


def demo(*, as_json: AsJson = False) -> None:
    """A small made-up city with its web, worker and signer, until Ctrl-C; one person's way."""
    demonstration.run(as_json=as_json, spoken=language())


@keys_cli.command("new")
def keys_new() -> None:
    """Print a new master key for HEALTHCODE_MASTER_KEYS; put it before the older ones."""
    sys.stdout.write(new_master_key() + "\n")


@keys_cli.command("rotate")
def keys_rotate() -> None:
    """Add a data key and wrap all under the current master key; old values stay readable."""
    with acting("keys rotate") as act, act.database.transaction() as transaction:
        made = keys.rotate(transaction.connection, master_keys(act.settings))
    say(f"新数据密钥：{made}", f"New data key: {made}")
