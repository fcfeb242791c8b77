"""The command line. Each command opens the house, does one thing, and says what it did."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import NoReturn

import typer
from sqlalchemy.exc import OperationalError

from healthcode.app.commands import (
    accounts,
    city,
    codes,
    explaining,
    records,
    rulebooks,
    running,
    trials,
)
from healthcode.app.commands.common import err, language
from healthcode.kit.db import in_words
from healthcode.kit.errors import BadInput, HouseError, NotReady, Refused

EXIT_CODES: dict[type[HouseError], int] = {BadInput: 2, Refused: 3, NotReady: 4}

cli = typer.Typer(
    help="Health Code 健康码: from evidence to a colour with reasons.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback with local values would print personal data
    add_completion=False,
)
COMMANDS: dict[str, Callable[..., None]] = {
    "demo": running.demo,
    "serve": running.serve,
    "work": running.work,
    "sign": running.sign,
    "migrate": running.migrate,
    "login": accounts.login,
    "logout": accounts.logout,
    "import": records.import_file,
    "designate": records.designate_area,
    "declare": records.declare_for,
    "clear": records.clear_person,
    "approvals": records.approvals,
    "approve": records.approve,
    "standing": records.standing,
    "explain": explaining.explain_person,
    "check": codes.check_code,
    "replay": records.replay,
    "snapshot": trials.snapshot,
    "compare": trials.compare,
}
for name, command in COMMANDS.items():
    cli.command(name)(command)
cli.add_typer(accounts.account_cli, name="account")
cli.add_typer(records.source_cli, name="source")
rulebooks.rulebook_cli.command("check")(trials.check)
rulebooks.rulebook_cli.command("try")(trials.try_)
cli.add_typer(rulebooks.rulebook_cli, name="rulebook")
cli.add_typer(codes.place_cli, name="place")
cli.add_typer(codes.code_cli, name="code")
cli.add_typer(running.keys_cli, name="keys")
cli.add_typer(city.city_cli, name="city")


def run() -> None:
    """The command `healthcode`."""
    gc.freeze()  # what is loaded stays to the end: looking through it there takes a third as long
    main()


def main() -> None:
    """One command: errors in words, and an exit code for each sort of them."""
    try:
        cli()
    except HouseError as error:
        _leave(error)
    except OperationalError as error:
        _leave(in_words(error))


def _leave(error: HouseError) -> NoReturn:
    said = error.say(language())
    err.print(said, style="red", highlight=False, markup=False, soft_wrap=True)
    sys.exit(next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind)))


if __name__ == "__main__":
    run()
