"""Commands about evidence: sources, files, risk areas, declarations, clearances, approvals."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from healthcode.access import ensure_client
from healthcode.access.citizens import OtherConsent
from healthcode.access.terms import CONSENT
from healthcode.app import replaying, showing
from healthcode.app.commands import common
from healthcode.app.commands.common import AsJson, Person, acting, house, language, out, say
from healthcode.app.settings import read_settings
from healthcode.app.wiring import run_jobs
from healthcode.evidence import proposals
from healthcode.evidence.actions import SourceRegistration, clear, designate, register, registered
from healthcode.evidence.declarations import WAITS, Declaration, Symptom, Trip, declare
from healthcode.evidence.feeds.deciding import Outcome
from healthcode.evidence.feeds.importing import Importer, Report, write_rejects
from healthcode.evidence.terms import Level
from healthcode.kit.clock import local_today
from healthcode.kit.words import Language
from healthcode.rulebook import follow, judge
from healthcode.rulebook.explanations.reasons import explain

source_cli = typer.Typer(help="Sources: who may write what.", no_args_is_help=True)

OUTCOMES = {
    Outcome.RECORDED: ("已记录。", "Recorded."),
    Outcome.CORRECTED: ("已更正。", "Corrected."),
    Outcome.RETRACTED: ("已撤回。", "Taken back."),
    Outcome.UNCHANGED: (
        "先前已记录，没有新内容。",
        "This was recorded before: nothing new.",
    ),
    Outcome.PROPOSED: (
        "已超过当日人数上限，须由第二人批准后生效：healthcode approvals",
        "Over the day's limit: it counts once a second person approves, see healthcode approvals.",
    ),
}


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
    asked = SourceRegistration(client, source, source_class, tuple(kind), tuple(division))
    with acting("source add") as act, act.database.transaction() as transaction:
        register(transaction, asked)
        ensure_client(transaction, act.caller, client)
    say(f"已登记：{client} / {source}", f"Registered: {client} / {source}")


@source_cli.command("list")
def source_list(*, as_json: AsJson = False) -> None:
    """Every source with what it may write."""
    with house() as (database, _), database.transaction() as transaction:
        found = registered(transaction)
    if as_json:
        common.print_json({"sources": [dataclasses.asdict(each) for each in found]})
    else:
        out.print(showing.sources(found, language()))


def import_file(
    file: Annotated[Path, typer.Argument(help="CSV or JSON Lines; its header says which feed.")],
    client: Annotated[
        str | None, typer.Option(help="Who sends it, as registered (default: who is signed in).")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Import people, evidence or designations. The same file again records nothing new.

    Rows that were not taken are listed in FILE.rejects.csv with the reason.
    """
    with acting("import") as act, common.progress(shown=not as_json) as progress:
        importer = Importer(act.database, act.client(client), act.settings.city, progress=progress)
        report = importer.run(file)
        spoken = language(act.settings)
        target = file.with_name(f"{file.name}.rejects.csv")
        write_rejects(target, importer.rejects(file, spoken))
        run_jobs(act.database, wait=False)
    if as_json:
        common.print_json(dataclasses.asdict(report))
    else:
        _say_report(report, target, spoken)


def _say_report(report: Report, target: Path, spoken: Language) -> None:
    out.print(showing.report(report, spoken))
    notes = []
    if report.rejected:
        said = {
            "zh": f"未接收的行：{report.rejected}；原因见 {target}",
            "en": f"Rows not taken: {report.rejected}; the reasons are in {target}",
        }
        notes.append(said[spoken])
    if report.proposed:
        said = {
            "zh": f"超过当日人数上限、待第二人批准的行：{report.proposed}（healthcode approvals）",
            "en": f"Rows over the day's limit, waiting for a second person: {report.proposed} "
            "(healthcode approvals)",
        }
        notes.append(said[spoken])
    for note in notes:
        common.err.print(note, style="yellow", highlight=False, markup=False, soft_wrap=True)


def designate_area(
    level: Annotated[Level, typer.Argument(help="medium, high or exposure.")],
    started_at: Annotated[str, typer.Option("--from", help="2020-02-01, or with a time.")],
    ended_at: Annotated[str, typer.Option("--until", help="Empty: still open.")] = "",
    area: Annotated[str, typer.Option(help="A division code, as 420100.")] = "",
    place: Annotated[str, typer.Option(help="A place's name, instead of an area.")] = "",
    client: Annotated[
        str | None, typer.Option(help="Who designates (default: who is signed in).")
    ] = None,
) -> None:
    """Put a risk level on an area or a place for a time."""
    with acting("designate") as act:
        with act.database.transaction() as transaction:
            row = {
                "level": level.value,
                "area": area,
                "place": place,
                "started_at": started_at,
                "ended_at": ended_at,
            }
            outcome = designate(transaction, act.client(client), act.settings.city, row)
        run_jobs(act.database, wait=False)
    say(*OUTCOMES[outcome])


def declare_for(
    person: Person,
    district: Annotated[str, typer.Option(help="Where the person is now, as 120101.")],
    consent: Annotated[
        str, typer.Option(help=f"The version the person agreed to, {CONSENT.version} at present.")
    ],
    symptom: Annotated[
        list[Symptom] | None, typer.Option(help="A symptom, from today; repeat.")
    ] = None,
    contact: Annotated[
        list[str] | None, typer.Option(help="A day of contact with somebody ill; repeat.")
    ] = None,
    trip: Annotated[
        list[str] | None, typer.Option(help="AREA:FROM:UNTIL, or AREA:FROM: ; repeat.")
    ] = None,
) -> None:
    """Write down a person's health declaration, as a community worker for somebody in front of you.

    It counts as the person's own word.
    """
    if consent != CONSENT.version:
        raise OtherConsent(version=CONSENT.version)
    with acting("declare") as act:
        with act.database.transaction() as transaction:
            today = local_today(transaction.now)
            said = Declaration(
                district,
                symptoms=tuple((each, today) for each in symptom or []),
                contacts=tuple(_day("--contact", each) for each in contact or []),
                trips=tuple(_trip(each) for each in trip or []),
            )
            whom = common.person(transaction, common.argument(person))
            common.within_scope(transaction, act.caller, whom)
            warnings = declare(transaction, whom, said, own=False)
        run_jobs(act.database, wait=False)
    for each in warnings:
        say(each.zh, each.en)
    if WAITS not in warnings:
        say("已申报。", "Declared.")


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise common.BadTime(option=option) from None


def _trip(text: str) -> Trip:
    parts = text.split(":")
    area, started, ended = [*parts, "", ""][:3]
    return Trip(area, _day("--trip", started), _day("--trip", ended) if ended else None)


def clear_person(
    person: Person,
    result: Annotated[str, typer.Argument(help="examined, observation_over, cleared, …")],
    at: Annotated[str, typer.Option(help="When (default: now).")] = "",
) -> None:
    """Record a clearance, as a clinic or a community; each rule names who may release it."""
    when = common.moment("--at", at)
    with acting("clear") as act:
        with act.database.transaction() as transaction:
            whom = common.person(transaction, common.argument(person))
            outcome = clear(
                transaction,
                act.caller,
                act.settings.city,
                whom,
                result,
                when or transaction.now,
            )
        run_jobs(act.database, wait=False)
    say(*OUTCOMES[outcome])


def approvals(*, as_json: AsJson = False) -> None:
    """What waits for a second person."""
    with house() as (database, _), database.transaction() as transaction:
        found = proposals.waiting(transaction)
    if as_json:
        rows = [dataclasses.asdict(each) for each in found]
        common.print_json(
            {"waiting": [row | {"proposed_at": row["proposed_at"].isoformat()} for row in rows]}
        )
    elif found:
        out.print(showing.waiting(found, language()))
    else:
        say("没有待批准的内容。", "Nothing waits.")


def approve(
    proposal: Annotated[list[int], typer.Argument(help="Numbers from `healthcode approvals`.")],
    *,
    refuse: Annotated[bool, typer.Option(help="Refuse instead.")] = False,
) -> None:
    """Approve what waits, as a second person, or refuse it."""
    with acting("approve") as act:
        recorded = rejected = 0
        for number in proposal:
            with act.database.transaction() as transaction:
                decided = proposals.decide(
                    transaction, number, act.settings.city, act.caller.scope, approve=not refuse
                )
            recorded += decided.recorded
            rejected += decided.rejected
        run_jobs(act.database, wait=False)
    if refuse:
        say("已退回。", "Refused.")
    else:
        say(
            f"已批准：生效 {recorded} 行，未接收 {rejected} 行。",
            f"Approved: {recorded} rows count now, {rejected} were not taken.",
        )


def standing(
    person: Person,
    at: Annotated[str, typer.Option(help="The colour at this time (default: now).")] = "",
    known_at: Annotated[
        str, typer.Option("--known-at", help="Judged by what was recorded by then (default: now).")
    ] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """A person's colour with its reasons; also any past one, by what was known at any time."""
    moments = [common.moment("--at", at), common.moment("--known-at", known_at)]
    name = common.argument(person)
    with house() as (database, _), database.transaction() as transaction:
        whom = common.person(transaction, name)
        if not at:
            follow(transaction, whom)
        judgement = judge(transaction, whom, *moments)
        reasons = explain(transaction, judgement)
    if as_json:
        common.print_json(showing.judgement_data(judgement, reasons))
    else:
        out.print(showing.judgement(judgement, reasons, language()))


def replay(
    folder: Annotated[Path, typer.Argument(help="people.csv, evidence.csv, designations.csv.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Judge a past outbreak day by day, with only what was recorded by then.

    In a scratch database of its own, of which nothing stays.
    """
    with common.progress(shown=not as_json) as progress:
        result = replaying.replay(folder, read_settings(), progress)
    if as_json:
        common.print_json(result.as_data())
    else:
        out.print(showing.replay(result, language()))
    for path, rejected in result.rejected.items():
        said = {"zh": f"{path}：未接收 {rejected} 行", "en": f"{path}: rows not taken: {rejected}"}
        common.err.print(
            said[language()], style="yellow", highlight=False, markup=False, soft_wrap=True
        )
