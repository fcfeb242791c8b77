"""The command line. Each command opens the house, does one thing, and says what it did."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import OperationalError

from healthcode.app import demo as demo_city
from healthcode.app import replaying, showing
from healthcode.app.settings import Settings, read_settings
from healthcode.app.wiring import master_keys, open_house, run_jobs, shipped_rulebook
from healthcode.evidence import Level
from healthcode.evidence.actions import NAME as CLIENT_NAME
from healthcode.evidence.actions import SourceRegistration, designate, register, registered
from healthcode.evidence.feeds import fields
from healthcode.evidence.feeds.deciding import Outcome
from healthcode.evidence.feeds.importing import Importer, Report, write_rejects
from healthcode.evidence.feeds.reasons import Rejected
from healthcode.kit import keys
from healthcode.kit.clock import local_today
from healthcode.kit.db import Database, Transaction, in_words
from healthcode.kit.errors import BadInput, HouseError, NotReady, Refused
from healthcode.kit.secrets import new_master_key
from healthcode.kit.words import Language, Words
from healthcode.people import identify, persons_of
from healthcode.people.terms import is_document
from healthcode.rulebook import judge
from healthcode.rulebook.actions import Shipped
from healthcode.rulebook.reasons import explain

EXIT_CODES: dict[type[HouseError], int] = {BadInput: 2, Refused: 3, NotReady: 4}

cli = typer.Typer(
    help="Health Code 健康码: from evidence to a colour with reasons.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback with local values would print personal data
    add_completion=False,
)
source_cli = typer.Typer(help="Sources: who may write what.", no_args_is_help=True)
keys_cli = typer.Typer(help="Keys of the sealed fields.", no_args_is_help=True)
cli.add_typer(source_cli, name="source")
cli.add_typer(keys_cli, name="keys")

out = Console()
err = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")]


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


def main() -> None:
    """The entry point: errors in words, and an exit code for each sort of them."""
    try:
        cli()
    except HouseError as error:
        _leave(error)
    except OperationalError as error:
        _leave(in_words(error))


def _leave(error: HouseError) -> NoReturn:
    said = error.say(_language())
    err.print(said, style="red", highlight=False, markup=False, soft_wrap=True)
    sys.exit(next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind)))


def _language(settings: Settings | None = None) -> Language:
    try:
        chosen = (settings or read_settings()).language
    except HouseError:
        chosen = None
    if chosen is not None:
        return chosen
    # Read, not set: a locale that is named and not installed is no reason to fail.
    named = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, named), "").lower().startswith("zh") else "en"


@contextmanager
def _house() -> Iterator[tuple[Database, Settings]]:
    settings = read_settings()
    level = getattr(logging, settings.log_level.upper())
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    if level == logging.DEBUG:
        # INFO, not DEBUG: statements without values, and never the rows that come back
        logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)
    with open_house(settings) as database:
        yield database, settings


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


@cli.command()
def migrate() -> None:
    """Bring the database up to date and install the shipped rulebook."""
    with _house() as (database, _), database.transaction() as transaction:
        waiting = shipped_rulebook(transaction) is Shipped.WAITS
    out.print({"zh": "数据库已是最新。", "en": "The database is up to date."}[_language()])
    if waiting:
        said = {
            "zh": "随软件发布的规则手册与已公布的不同。已公布的继续有效；"
            "新的规则须由两人公布后才生效。",
            "en": "The shipped rulebook differs from the published one, which goes on binding; "
            "a new one binds once two people publish it.",
        }
        err.print(said[_language()], style="yellow")


@source_cli.command("add")
def source_add(
    source: Annotated[str, typer.Argument(help="The source's name, as rows write it.")],
    client: Annotated[str, typer.Option(help="Who sends its rows.")],
    source_class: Annotated[
        str, typer.Option("--class", help="self, gate, community, clinic, authority or region.")
    ],
    kind: Annotated[
        list[str], typer.Option(help="A kind it may write; repeat. `designation`: risk areas too.")
    ],
    division: Annotated[
        list[str], typer.Option(help="A division it may write about (12, 120101, all); repeat.")
    ],
) -> None:
    """Register a source for a client, or change what it may write."""
    with _house() as (database, _), database.transaction() as transaction:
        asked = SourceRegistration(client, source, source_class, tuple(kind), tuple(division))
        register(transaction, asked)
    said = {"zh": f"已登记：{client} / {source}", "en": f"Registered: {client} / {source}"}
    out.print(said[_language()], highlight=False)


@source_cli.command("list")
def source_list(*, as_json: AsJson = False) -> None:
    """Every source with what it may write."""
    with _house() as (database, _), database.transaction() as transaction:
        found = registered(transaction)
    if as_json:
        _print_json({"sources": [dataclasses.asdict(each) for each in found]})
    else:
        out.print(showing.sources(found, _language()))


@cli.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV or JSON Lines; its header says which feed.")],
    client: Annotated[str, typer.Option(help="Who sends it, as registered.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Import people, evidence or designations. The same file again records nothing new.

    Rows that were not taken are listed in FILE.rejects.csv with the reason.
    """
    with _house() as (database, settings), _progress(shown=not as_json) as progress:
        importer = Importer(database, client, settings.city, progress=progress)
        report = importer.run(file)
        language = _language(settings)
        target = file.with_name(f"{file.name}.rejects.csv")
        write_rejects(target, importer.rejects(file, language))
        run_jobs(database, wait=False)
    if as_json:
        _print_json(dataclasses.asdict(report))
    else:
        _say_report(report, target, language)


def _say_report(report: Report, target: Path, language: Language) -> None:
    out.print(showing.report(report, language))
    if report.rejected:
        said = {
            "zh": f"未接收的行：{report.rejected}；原因见 {target}",
            "en": f"Rows not taken: {report.rejected}; the reasons are in {target}",
        }
        err.print(said[language], style="yellow", highlight=False, markup=False, soft_wrap=True)


@contextmanager
def _progress(*, shown: bool) -> Iterator[Callable[[str, int, int], None]]:
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


@cli.command("designate")
def designate_area(
    level: Annotated[Level, typer.Argument(help="medium, high or exposure.")],
    client: Annotated[str, typer.Option(help="Who designates, as registered.")],
    started_at: Annotated[str, typer.Option("--from", help="2020-02-01, or with a time.")],
    ended_at: Annotated[str, typer.Option("--until", help="Empty: still open.")] = "",
    area: Annotated[str, typer.Option(help="A division code, as 420100.")] = "",
    place: Annotated[str, typer.Option(help="A place's name, instead of an area.")] = "",
) -> None:
    """Put a risk level on an area or a place for a time."""
    with _house() as (database, settings):
        with database.transaction() as transaction:
            row = {
                "level": level.value,
                "area": area,
                "place": place,
                "started_at": started_at,
                "ended_at": ended_at,
            }
            outcome = designate(transaction, client, settings.city, row)
        run_jobs(database, wait=False)
    said = {"zh": "先前已记录，没有新内容。", "en": "This was recorded before: nothing new."}
    if outcome is not Outcome.UNCHANGED:
        said = {"zh": "已记录。", "en": "Recorded."}
    out.print(said[_language()])


@cli.command()
def standing(
    person: Annotated[str, typer.Argument(help="10:NUMBER, CLIENT/KEY, or - for standard input.")],
    at: Annotated[str, typer.Option(help="The colour at this time (default: now).")] = "",
    known_at: Annotated[
        str, typer.Option("--known-at", help="Judged by what was recorded by then (default: now).")
    ] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """A person's colour with its reasons; also any past one, by what was known at any time."""
    moments = [_moment("--at", at), _moment("--known-at", known_at)]
    name = (_first_line() if person == "-" else person).strip()
    with _house() as (database, _), database.transaction() as transaction:
        judgement = judge(transaction, _person(transaction, name), *moments)
        reasons = explain(transaction, judgement)
    if as_json:
        _print_json(showing.judgement_data(judgement, reasons))
    else:
        out.print(showing.judgement(judgement, reasons, _language()))


def _first_line() -> str:
    """Standard input's first line; bytes that are no UTF-8 are nobody's name."""
    return sys.stdin.buffer.readline().decode("utf-8", "replace")


def _person(transaction: Transaction, name: str) -> int:
    client, _, key = name.partition("/")
    own = bool(key) and not is_document(name)
    if not is_document(name) and not (own and CLIENT_NAME.fullmatch(client)):
        raise NobodyKnown  # before it reaches the database, whose log may keep what it is asked
    subject = identify(
        transaction.keys, client, key if own else name, local_today(transaction.now), own_keys=own
    )
    found = persons_of(transaction, client, [subject]).get(subject)
    if found is None:
        raise NobodyKnown
    return found


def _moment(option: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(fields.instant(option, text))
    except Rejected:
        raise BadTime(option=option) from None


@cli.command()
def replay(
    folder: Annotated[Path, typer.Argument(help="people.csv, evidence.csv, designations.csv.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Judge a past outbreak day by day, with only what was recorded by then.

    In a scratch database of its own, of which nothing stays.
    """
    with _progress(shown=not as_json) as progress:
        result = replaying.replay(folder, read_settings(), progress)
    if as_json:
        _print_json(result.as_data())
    else:
        out.print(showing.replay(result, _language()))
    for path, rejected in result.rejected.items():
        said = {"zh": f"{path}：未接收 {rejected} 行", "en": f"{path}: rows not taken: {rejected}"}
        err.print(said[_language()], style="yellow", highlight=False, markup=False, soft_wrap=True)


@cli.command()
def work() -> None:
    """Run jobs and the clock until stopped."""
    with _house() as (database, _):
        run_jobs(database, wait=True)


@cli.command()
def demo(*, as_json: AsJson = False) -> None:
    """A small made-up city, judged and explained; it stays up until Ctrl-C."""
    settings = demo_city.settings()
    with open_house(settings) as database:
        shown = demo_city.show(database, settings, lambda: run_jobs(database, wait=False))
        if as_json:
            _print_json(shown.as_data())
            return
        out.print(*shown.as_tables(_language(settings)), sep="\n")
        demo_city.stay(out, _language(settings), lambda: run_jobs(database, wait=True))


@keys_cli.command("new")
def keys_new() -> None:
    """Print a new master key for HEALTHCODE_MASTER_KEYS; put it before the older ones."""
    sys.stdout.write(new_master_key() + "\n")


@keys_cli.command("rotate")
def keys_rotate() -> None:
    """Add a data key and wrap all under the current master key; old values stay readable."""
    settings = read_settings()
    with open_house(settings) as database, database.transaction() as transaction:
        made = keys.rotate(transaction.connection, master_keys(settings))
    out.print({"zh": f"新数据密钥：{made}", "en": f"New data key: {made}"}[_language()])
