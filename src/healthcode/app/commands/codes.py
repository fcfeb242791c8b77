"""Commands about codes and gates: issue one, check one, register places."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from healthcode.access import shown_of
from healthcode.app import showing
from healthcode.app.commands import common
from healthcode.app.commands.common import AsJson, Person, acting, house, language, out, say
from healthcode.app.wiring import shipped_policy
from healthcode.codes import actions, picture
from healthcode.codes.api import REFUSED, TITLE
from healthcode.codes.terms import Shown
from healthcode.gates import check
from healthcode.kit.db import Database
from healthcode.kit.errors import BadInput, NotReady
from healthcode.kit.words import Language, Words
from healthcode.places import PlaceKind
from healthcode.places.actions import close_place, places_registered, register_place
from healthcode.places.importing import import_places
from healthcode.places.terms import PlaceRegistration

code_cli = typer.Typer(help="Codes.", no_args_is_help=True)
place_cli = typer.Typer(help="Registered places.", no_args_is_help=True)

PATIENCE = 10.0  # seconds; the signer answers within one
LOOK_AGAIN = 0.1  # seconds between two looks at the result, which another process writes


class NoPapers(BadInput):
    """Somebody without a name and a document on record."""

    words = Words(
        zh="此人没有登记姓名和证件，因此不能生成健康码。",
        en="No name and document are on record for this person, so there is no code.",
    )


class SignerSilent(NotReady):
    """The signer does not answer."""

    words = Words(
        zh="签发进程没有应答。请确认 healthcode sign（或 healthcode demo）正在运行，然后再试。",
        en="The signer does not answer. Check that healthcode sign (or healthcode demo) is "
        "running, and try again.",
    )


class NotIssued(BadInput):
    """The signer refused."""

    words = Words(zh="未生成健康码：{reason}", en="No code was made: {reason}")

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__()

    def say(self, language: Language) -> str:
        """The signer's reason."""
        reason = REFUSED[self.why].in_language(language)
        return self.words.in_language(language).format(reason=reason)


@code_cli.command("issue")
def code_issue(
    person: Person,
    svg: Annotated[Path | None, typer.Option(help="Also draw the QR into this file.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """A code for somebody whose document you saw. The signer has to be running."""
    with acting("code issue") as act:
        with act.database.transaction() as transaction:
            whom = common.person(transaction, common.argument(person))
            common.within_scope(transaction, act.caller, whom)
            papers = shown_of(transaction, whom)
            if papers is None:
                raise NoPapers
            account = act.caller.account or ""
            asked = actions.request(transaction, whom, account, Shown(*papers))
        text, expires_at = _wait_for(act.database, whom, asked)
        if svg is not None:
            svg.write_text(picture.svg(text, TITLE.in_language(language())), "utf-8")
    if as_json:
        common.print_json({"code": text, "expires_at": expires_at.isoformat()})
        return
    if sys.stdout.isatty():
        sys.stdout.write(picture.terminal(text))
    sys.stdout.write(text + "\n")


def _wait_for(database: Database, person: int, asked: str) -> tuple[str, datetime]:
    for _ in range(int(PATIENCE / LOOK_AGAIN)):
        with database.transaction() as transaction:
            found = actions.credential(transaction, person, asked)
        if found is not None and found.text is not None and found.expires_at is not None:
            return found.text, found.expires_at
        if found is not None and found.refused is not None:
            raise NotIssued(found.refused)
        time.sleep(LOOK_AGAIN)
    raise SignerSilent


def check_code(
    code: Annotated[str, typer.Argument(help="The code's text, or - for standard input.")],
    place: Annotated[PlaceKind, typer.Option(help="The kind of place.")],
    temperature: Annotated[
        float | None, typer.Option(help="Degrees Celsius; without it: not measured.")
    ] = None,
    *,
    document_seen: Annotated[bool, typer.Option(help="For a card: its document was seen.")] = False,
    as_json: AsJson = False,
) -> None:
    """What a gate of this kind of place decides."""
    text = common.argument(code)
    with house() as (database, _), database.transaction() as transaction:
        answer = check(
            transaction,
            shipped_policy(),
            text,
            kind=place,
            temperature=temperature,
            document_seen=document_seen,
        )
    if as_json:
        common.print_json(answer.model_dump(mode="json"))
    else:
        out.print(showing.answer(answer, language()))


@place_cli.command("add")
def place_add(
    key: Annotated[str, typer.Argument(help="What its owner calls it; the same key changes it.")],
    kind: Annotated[PlaceKind, typer.Option(help="The kind of place.")],
    name: Annotated[str, typer.Option(help="Its name, as people see it.")],
    division: Annotated[str, typer.Option(help="Where it lies, as 120101001.")],
    phone: Annotated[str, typer.Option(help="Its phone.")] = "",
    community_name: Annotated[str, typer.Option(help="Who takes people in; homes need it.")] = "",
    community_phone: Annotated[str, typer.Option(help="The community's phone.")] = "",
) -> None:
    """Register a place, or change one; prints the id that a gate's account is opened for."""
    asked = PlaceRegistration(key, kind, name, division, phone, community_name, community_phone)
    with acting("place add") as act, act.database.transaction() as transaction:
        made = register_place(transaction, asked)
    sys.stdout.write(f"{made.public_id}\n")


@place_cli.command("import")
def place_import(
    file: Annotated[Path, typer.Argument(help="CSV: key, kind, name, division, phone, …")],
) -> None:
    """Register the places of a file; the same file again changes nothing."""
    with acting("place import") as act, act.database.transaction() as transaction:
        report = import_places(transaction, file)
    say(
        f"新登记 {report.new}，更改 {report.changed}，未变 {report.unchanged}，"
        f"未接收 {len(report.rejects)}",
        f"new {report.new}, changed {report.changed}, unchanged {report.unchanged}, "
        f"not taken {len(report.rejects)}",
    )
    for bad in report.rejects:
        line = f"{file}:{bad.line} {bad.column} {bad.words.in_language(language())}"
        common.err.print(line, style="yellow", highlight=False, markup=False, soft_wrap=True)


@place_cli.command("list")
def place_list(*, as_json: AsJson = False) -> None:
    """Every registered place, with the id that a gate's account is opened for."""
    with house() as (database, _), database.transaction() as transaction:
        found = [each for each in places_registered(transaction) if each.closed_at is None]
    if as_json:
        rows = [
            {
                "id": each.public_id,
                "key": each.key,
                "kind": each.kind,
                "name": each.name,
                "division": each.division,
            }
            for each in found
        ]
        common.print_json({"places": rows})
    else:
        out.print(showing.places(found, language()))


@place_cli.command("close")
def place_close(place: Annotated[str, typer.Argument(help="Its id.")]) -> None:
    """Close a place: its gates check no more codes."""
    with acting("place close") as act, act.database.transaction() as transaction:
        closed = close_place(transaction, place)
    if closed:
        say("已停用。", "Closed.")
    else:
        say("没有这个场所，或已停用。", "There is no such place, or it is closed already.")
