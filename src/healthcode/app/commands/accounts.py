"""Commands about accounts: founding, opening, signing in."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from healthcode.access import accounts, identify
from healthcode.access.sessions import change_password, sign_in, sign_out
from healthcode.access.terms import Opened, Role
from healthcode.app import showing
from healthcode.app.commands import common
from healthcode.app.commands.common import AsJson, acting, house, language, out, say
from healthcode.kit.clock import local_text
from healthcode.kit.errors import BadInput
from healthcode.kit.words import Words
from healthcode.places import place


class NoSuchPlace(BadInput):
    """A gate at no registered place."""

    words = Words(
        zh="查验账号须属于一个已登记的场所：--scope 填场所编号（healthcode place list）。",
        en="A gate's account belongs to a registered place: --scope is the place's id, see "
        "healthcode place list.",
    )


account_cli = typer.Typer(help="Accounts of staff and departments.", no_args_is_help=True)

TERMINAL = "terminal"
"""The origin of whoever signs in here, where the web counts an address."""


@account_cli.command("found")
def account_found(
    first: Annotated[str, typer.Argument(help="The first founder's account.")],
    second: Annotated[str, typer.Argument(help="The second's. Two people, each with their own.")],
) -> None:
    """Begin a house with two operators. What one's side proposes, the other's approves."""
    with house() as (database, _), database.transaction() as transaction:
        given = accounts.found(transaction, first, second)
    for name, password in zip((first, second), given, strict=True):
        _say_secret(Opened(name, password))


@account_cli.command("add")
def account_add(
    name: str,
    role: Annotated[Role, typer.Option(help="What the account may do.")],
    scope: Annotated[
        str, typer.Option(help="A division, as 120101 or all; a place's id for a gate.")
    ] = "",
) -> None:
    """Open an account; its password, or a department's key, is shown this once."""
    bound = "*" if scope == "all" else scope
    with acting("account add") as act, act.database.transaction() as transaction:
        if role is Role.GATE and place(transaction, scope) is None:
            raise NoSuchPlace
        _say_secret(accounts.open_account(transaction, act.caller, name, role, bound))


@account_cli.command("key")
def account_key(name: str) -> None:
    """A new key for a department; the old one is dead."""
    with acting("account key") as act, act.database.transaction() as transaction:
        _say_secret(accounts.new_key(transaction, act.caller, name))


@account_cli.command("password")
def account_password(
    name: Annotated[str | None, typer.Argument(help="Whose; without it, your own.")] = None,
) -> None:
    """A new first password for somebody who lost theirs, or a new one of your own."""
    if name is not None:
        with acting("account password") as act, act.database.transaction() as transaction:
            _say_secret(accounts.new_password(transaction, act.caller, name))
        return
    with house() as (database, settings), database.transaction() as transaction:
        caller = identify(transaction, common.session_token(settings))
        change_password(transaction, caller, _asked("old password"), _asked("new password"))
    say("密码已更改，请重新登录。", "The password is changed; please sign in again.")


@account_cli.command("close")
def account_close(name: str) -> None:
    """Close an account for good. Its name stays in what it did."""
    with acting("account close") as act, act.database.transaction() as transaction:
        accounts.close_account(transaction, act.caller, name)
    say(f"已关闭：{name}", f"Closed: {name}")


@account_cli.command("list")
def account_list(*, as_json: AsJson = False) -> None:
    """Every account of staff and departments, and who made it."""
    with house() as (database, _), database.transaction() as transaction:
        found = accounts.list_accounts(transaction)
    if as_json:
        rows = [
            each._asdict()
            | {
                "made_at": each.made_at.isoformat(),
                "closed_at": each.closed_at.isoformat() if each.closed_at else None,
            }
            for each in found
        ]
        common.print_json({"accounts": rows})
    else:
        out.print(showing.accounts(found, language()))


def login(name: str) -> None:
    """Sign in for the commands of this terminal; the password is asked for, or read from stdin."""
    password = _asked("password")
    with house() as (database, settings):
        with database.transaction() as transaction:
            session = sign_in(transaction, name, password, TERMINAL)
        common.keep_session(settings, session.token)
    until = local_text(session.expires_at)
    say(f"已登录：{name}，至 {until}", f"Signed in as {name} until {until}.")


def logout() -> None:
    """Sign out of the commands of this terminal."""
    with house() as (database, settings):
        if token := common.session_token(settings):
            with database.transaction() as transaction:
                sign_out(transaction, token)
        (settings.data_dir / common.SESSION).unlink(missing_ok=True)
    say("已退出。", "Signed out.")


def _asked(what: str) -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True, err=True))
    return common.first_line()


def _say_secret(opened: Opened) -> None:
    """On standard output, once: the name, and the password or key beside it."""
    sys.stdout.write(f"{opened.name} {opened.secret}\n")
