"""What every command shares: the house it opens, on whose word it acts, and how it speaks."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from healthcode.access import Role, identify, makers
from healthcode.app.outside import bind_outside
from healthcode.app.settings import Settings, read_settings
from healthcode.app.wiring import log_as, open_house
from healthcode.evidence.actions import NAME as CLIENT_NAME
from healthcode.evidence.feeds import fields
from healthcode.evidence.feeds.reasons import Rejected
from healthcode.kit.clock import local_today
from healthcode.kit.db import Database, Transaction
from healthcode.kit.errors import BadInput, HouseError, Refused
from healthcode.kit.http import ANYONE, Caller
from healthcode.kit.words import Language, Words
from healthcode.people import identify as identify_person
from healthcode.people import persons_of, residences
from healthcode.people.terms import is_document
from healthcode.places import covers

out = Console()
err = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")]
Person = Annotated[str, typer.Argument(help="10:NUMBER, CLIENT/KEY, or - for standard input.")]

EVERYWHERE = "*"
SESSION = "session"
"""The file in the data folder that keeps who is signed in."""

COMMANDS: Mapping[str, tuple[Role, ...]] = {
    "account add": (Role.OPERATOR,),
    "account close": (Role.OPERATOR,),
    "account key": (Role.OPERATOR,),
    "account password": (Role.OPERATOR,),
    "source add": (Role.OPERATOR,),
    "place add": (Role.OPERATOR,),
    "place import": (Role.OPERATOR,),
    "place close": (Role.OPERATOR,),
    "keys rotate": (Role.OPERATOR,),
    "import": (Role.OPERATOR, Role.SOURCE),
    "designate": (Role.OPERATOR, Role.SOURCE, Role.EPIDEMIOLOGIST),
    "declare": (Role.COMMUNITY,),
    "clear": (Role.CLINIC, Role.COMMUNITY),
    "approve": (Role.APPROVER,),
    "rulebook propose": (Role.EPIDEMIOLOGIST,),
    "rulebook approve": (Role.APPROVER,),
    "rulebook publish": (Role.EPIDEMIOLOGIST, Role.APPROVER),
    "compare": (Role.EPIDEMIOLOGIST, Role.OPERATOR),
    "snapshot": (Role.EPIDEMIOLOGIST, Role.OPERATOR),
    "code issue": (Role.COMMUNITY, Role.OPERATOR),
}
"""Whose word each command that writes may be."""


class NotSignedIn(Refused):
    """A command that writes, on nobody's word."""

    words = Words(
        zh="此命令须以某个账号的名义执行。请先登录：healthcode login 账号名"
        "（初次使用：healthcode account found）。",
        en="This command is written down on somebody's word. Sign in first: healthcode login NAME "
        "(in a new house: healthcode account found).",
    )


class NotYourCommand(Refused):
    """An account whose role may not do this."""

    words = Words(
        zh="账号 {account} 的角色（{role}）不能执行此命令；可执行的角色：{roles}。",
        en="The account {account} ({role}) may not do this; roles that may: {roles}.",
    )


class OtherSidesClient(Refused):
    """An operator who writes as a client of the other founder's side."""

    words = Words(
        zh="单位 {client} 属于另一位创始人一方，请由其一方的管理员提交；"
        "否则超过上限的内容将没有人可以批准。",
        en="The client {client} belongs to the other founder's side: let an operator of that side "
        "send it, or nobody could approve what is over the limit.",
    )


class OtherClient(Refused):
    """A client that asks to write as another."""

    words = Words(
        zh="账号 {account} 只能以自己的名义提交数据。",
        en="The account {account} sends data in its own name only.",
    )


class OutsideScope(Refused):
    """Somebody who does not live where the account's word reaches."""

    words = Words(
        zh="此人不在账号 {account} 负责的区划之内，或居住地不明。",
        en="This person does not live in the division of the account {account}, or nobody has "
        "said where they live.",
    )


class NobodyKnown(BadInput):
    """Nobody is known under this document or key."""

    words = Words(
        zh="没有以此证件或编号登记的人。证件写作“10:号码”，单位自有编号写作“单位/编号”，"
        "从标准输入读取写作“-”。",
        en="Nobody is known under this document or key. Write a document as 10:NUMBER, a "
        "department's own key as CLIENT/KEY, or - to read either from standard input.",
    )


class BadTime(BadInput):
    """A time on the command line that is none."""

    words = Words(
        zh="{option} 的时间有误：请写作 2020-02-01 或 2020-02-01T08:30（上海时间）。",
        en="{option} is not a time: write 2020-02-01 or 2020-02-01T08:30 (Shanghai time).",
    )


@dataclass(frozen=True)
class Acting:
    """A house in which everything is written on one account's word."""

    database: Database
    settings: Settings
    caller: Caller

    def client(self, asked: str | None) -> str:
        """The client to write as: an operator names one, anybody else is their own.

        Raises OtherSidesClient or OtherClient.
        """
        account = self.caller.account or ""
        if self.caller.role == Role.OPERATOR and asked is not None:
            with self.database.transaction() as transaction:
                sides = {makers(transaction, name)[-1] for name in (account, asked)}
                if len(sides) > 1 and makers(transaction, asked) != (asked,):
                    raise OtherSidesClient(client=asked)
            return asked
        if asked not in {None, account}:
            raise OtherClient(account=account)
        return account


def within_scope(transaction: Transaction, caller: Caller, whom: int) -> None:
    """A community writes about its own residents. Raises OutsideScope."""
    home = residences(transaction, [whom]).get(whom, "")
    bound = caller.role == Role.COMMUNITY and caller.scope != EVERYWHERE
    if bound and not covers(caller.scope, home):
        raise OutsideScope(account=caller.account)


@contextmanager
def house() -> Iterator[tuple[Database, Settings]]:
    """The database of this command, and the settings."""
    settings = read_settings()
    log_as(settings)
    bind_outside(settings)  # a command runs the jobs that wait, and a text message may be one
    with open_house(settings) as database:
        yield database, settings


@contextmanager
def acting(command: str) -> Iterator[Acting]:
    """The house, on the word of whoever is signed in. Raises NotSignedIn or NotYourCommand."""
    with house() as (database, settings):
        token = session_token(settings)
        with database.transaction() as transaction:
            caller = identify(transaction, token)
        if caller.role == ANYONE or caller.account is None:
            raise NotSignedIn
        roles = COMMANDS[command]
        if caller.role not in roles:
            raise NotYourCommand(
                account=caller.account, role=caller.role, roles=", ".join(sorted(roles))
            )
        yield Acting(database.acting_as(caller.account), settings, caller)


def session_token(settings: Settings) -> str | None:
    """The token of the setting, or the one that `healthcode login` kept."""
    if settings.session is not None:
        return settings.session.get_secret_value()
    path = settings.data_dir / SESSION
    return path.read_text().strip() if path.is_file() else None


def keep_session(settings: Settings, token: str) -> Path:
    """Keep who is signed in, for this user's eyes only; where."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = settings.data_dir / SESSION
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(token)
    return path


def language(settings: Settings | None = None) -> Language:
    """The language to speak: as set, else as the terminal's locale says."""
    try:
        chosen = (settings or read_settings()).language
    except HouseError:
        chosen = None
    if chosen is not None:
        return chosen
    # Read, not set: a locale that is named and not installed is no reason to fail.
    named = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, named), "").lower().startswith("zh") else "en"


def say(zh: str, en: str) -> None:
    """A sentence to whoever ran the command."""
    said = {"zh": zh, "en": en}[language()]
    out.print(said, highlight=False, markup=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """The one object of a command with --json."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def first_line() -> str:
    """Standard input's first line; bytes that are no UTF-8 are nobody's name."""
    return sys.stdin.buffer.readline().decode("utf-8", "replace").strip()


def argument(text: str) -> str:
    """An argument, or standard input's first line for `-`."""
    return first_line() if text == "-" else text.strip()


def person(transaction: Transaction, name: str) -> int:
    """The person of a document or of a client's key. Raises NobodyKnown or BadDocument."""
    client, _, key = name.partition("/")
    own = bool(key) and not is_document(name)
    if not is_document(name) and not (own and CLIENT_NAME.fullmatch(client)):
        raise NobodyKnown  # before it reaches the database, whose log may keep what it is asked
    subject = identify_person(
        transaction.keys, client, key if own else name, local_today(transaction.now), own_keys=own
    )
    found = persons_of(transaction, client, [subject]).get(subject)
    if found is None:
        raise NobodyKnown
    return found


def moment(option: str, text: str) -> datetime | None:
    """A time as people write it. Raises BadTime."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(fields.instant(option, text))
    except Rejected:
        raise BadTime(option=option) from None


@contextmanager
def progress(*, shown: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each thing that takes its time."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not shown) as bar:
        tasks: dict[str, Any] = {}

        def report(doing: str, done: int, of: int) -> None:
            if doing not in tasks:
                tasks[doing] = bar.add_task(doing, total=of or None)
            bar.update(tasks[doing], completed=done, total=of or None)

        yield report
