"""Nobody writes a colour: it follows from the evidence, and red stays until it is over."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import pytest
import sqlalchemy as sa
import typer

from healthcode.app.cli import cli
from healthcode.app.wiring import SHIPPED_RULEBOOK, shipped
from healthcode.evidence import Kind, Recorded, SourceClass
from healthcode.evidence.actions import (
    BadRegistration,
    OtherClass,
    SourceRegistration,
    designate,
    register,
)
from healthcode.evidence.feeds.deciding import Desk
from healthcode.evidence.feeds.files import COLUMNS, FeedFile, UnknownColumns
from healthcode.evidence.feeds.reasons import REASONS, Rejected
from healthcode.evidence.feeds.recording import desk_of, submit
from healthcode.evidence.tables import facts, recordings
from healthcode.kit.db import Transaction
from healthcode.people import identify, persons_of
from healthcode.rulebook import Colour, judge
from healthcode.rulebook.actions import read_rulebook
from healthcode.rulebook.terms import Rule
from tests.promises.source import File, called, dotted, house

BOOK = read_rulebook((shipped("rulebooks") / SHIPPED_RULEBOOK).read_text("utf-8"))
RED = [rule for rule in BOOK.rules if rule.colour is Colour.RED]
COLOURS = {colour.value for colour in Colour}

CLIENT = "everybody"
WHO = "20:E1234567"
OPENS = "2020-02-12T10:00"  # the transaction's now is noon of the 20th
OPENERS: dict[str, dict[str, str]] = {
    "R1a": {"kind": "diagnosis", "result": "confirmed", "started_at": OPENS},
    "R1b": {"kind": "diagnosis", "result": "suspected", "started_at": OPENS},
    "R1c": {"kind": "diagnosis", "result": "asymptomatic", "started_at": OPENS},
    "R2": {"kind": "discharge", "started_at": OPENS},
    "R3": {"kind": "contact", "result": "close", "started_at": OPENS},
    "R4": {"kind": "arrival", "result": "abroad", "started_at": OPENS},
    "R5": {"kind": "stay", "area": "420100", "started_at": "2020-02-01", "ended_at": OPENS},
    "R6": {"kind": "order", "result": "quarantine_order", "started_at": OPENS},
}
LATER = "2020-02-19T10:00"
SOOTHING = [
    {"kind": "test", "result": "negative", "started_at": LATER},
    {"kind": "test", "result": "negative", "started_at": "2020-02-20T09:00"},
    {"kind": "declaration", "started_at": LATER},
    {"kind": "declaration", "started_at": "2020-01-10"},  # lapsed long ago
    {"kind": "temperature", "number": "36.4", "started_at": LATER},
]
"""What never lowers red, whoever says it."""

ENDING = [
    {"kind": end.when.kind.value, "result": result, "started_at": "2020-01-28", "ended_at": LATER}
    for rule in BOOK.rules
    for end in rule.early_ends
    for result in end.when.result or ("",)
    if end.when.kind is not Kind.ORDER  # which no file can write
]
"""What may end something, from a class that the rule names: never from another."""


@pytest.fixture
def desk(transaction: Transaction) -> Desk:
    """A client that may write everything, as a source of each class."""
    everything = tuple(kind.value for kind in Kind if kind is not Kind.ORDER)
    for each in SourceClass:
        more = ("designation",) if each is SourceClass.AUTHORITY else ()
        asked = SourceRegistration(CLIENT, f"a-{each}", each, everything + more, ("all",))
        register(transaction, asked)
    return desk_of(transaction, CLIENT, "12")


def tell(transaction: Transaction, desk: Desk, *rows: dict[str, str]) -> None:
    """Record these rows about the person one by one, and let it be known once."""
    quiet = replace(transaction, _listeners=dict(transaction._listeners) | {Recorded: []})
    for row in rows:
        submit(quiet, CLIENT, desk, "evidence", {"subject": WHO} | row)
    transaction.publish(Recorded((who(transaction),)))


def from_each(
    classes: Iterable[SourceClass], rows: list[dict[str, str]]
) -> Iterator[dict[str, str]]:
    return (row | {"source": f"a-{each}"} for each in sorted(classes) for row in rows)


def order(transaction: Transaction, row: dict[str, str]) -> None:
    """What two approvers will do once they can: no feed takes an order."""
    recording = transaction.run(
        sa.insert(recordings).values(client=CLIENT).returning(recordings.c.recording)
    ).scalar_one()
    started = datetime.fromisoformat(f"{row['started_at']}+08:00")
    said = {"kind": row["kind"], "result": row["result"], "started_at": started}
    source = {"source": "a-authority", "source_class": "authority", "recording": recording}
    person = who(transaction)
    transaction.run(sa.insert(facts).values(person=person, **said, **source))
    transaction.publish(Recorded((person,)))


def who(transaction: Transaction) -> int:
    subject = identify(transaction.keys, CLIENT, WHO, transaction.now.date())
    return persons_of(transaction, CLIENT, [subject])[subject]


def stored(transaction: Transaction) -> str:
    asked = sa.text("SELECT colour FROM rulebook.standings WHERE person = :person")
    return str(transaction.run(asked, {"person": who(transaction)}).scalar())


def windows(transaction: Transaction, rule: Rule) -> list[tuple[datetime, datetime | None]]:
    found = judge(transaction, who(transaction)).findings
    return [(each.opens, each.until) for each in found if each.rule == rule.id]


def become(transaction: Transaction, desk: Desk, rule: Rule) -> None:
    """Make the person red by this rule."""
    declared = {"kind": "declaration", "started_at": "2020-02-10", "source": "a-self"}
    tell(transaction, desk, declared)
    if rule.when.under is not None:
        row = {"level": rule.when.under.level.value, "area": "420000", "started_at": "2020-01-20"}
        designate(transaction, CLIENT, "12", row)
    if rule.when.kind is Kind.ORDER:
        order(transaction, OPENERS[rule.id])
    else:
        tell(transaction, desk, OPENERS[rule.id] | {"source": "a-authority"})


def test_every_red_rule_is_tried() -> None:
    assert {rule.id for rule in RED} == set(OPENERS)
    assert len(ENDING) > 5


@pytest.mark.parametrize("rule", RED, ids=lambda rule: rule.id)
def test_a_negative_test_or_a_declaration_never_lowers_red(
    transaction: Transaction, desk: Desk, rule: Rule
) -> None:
    become(transaction, desk, rule)
    before = windows(transaction, rule)
    assert judge(transaction, who(transaction)).standing.colour is Colour.RED
    tell(transaction, desk, *from_each(SourceClass, SOOTHING))
    assert stored(transaction) == "red"
    assert windows(transaction, rule) == before
    tomorrow = transaction.now + timedelta(days=1)
    assert judge(transaction, who(transaction), tomorrow).standing.colour is Colour.RED


@pytest.mark.parametrize("rule", RED, ids=lambda rule: rule.id)
def test_only_a_class_that_the_rule_names_ends_red_early(
    transaction: Transaction, desk: Desk, rule: Rule
) -> None:
    become(transaction, desk, rule)
    before = windows(transaction, rule)
    # A fact of the rule's own kind would open a window of its own.
    ending = [row for row in ENDING if row["kind"] != rule.when.kind]
    tell(transaction, desk, *from_each(set(SourceClass) - set(rule.released_by), ending))
    assert stored(transaction) == "red"
    assert windows(transaction, rule) == before


@pytest.mark.parametrize("name", ["R1a", "R1b", "R1c", "R3", "R4"])
def test_the_class_that_the_rule_names_does_end_it(
    transaction: Transaction, desk: Desk, name: str
) -> None:
    rule = BOOK.rule(name)
    become(transaction, desk, rule)
    before = windows(transaction, rule)
    tell(transaction, desk, *from_each(rule.released_by, ENDING))
    assert windows(transaction, rule)[0] != before[0]


@pytest.mark.parametrize("rule", RED, ids=lambda rule: rule.id)
def test_red_without_any_declaration_is_red(
    transaction: Transaction, desk: Desk, rule: Rule
) -> None:
    become(transaction, desk, rule)
    lapsed = transaction.now + timedelta(days=5)  # the declaration of the 10th is over by then
    judged = judge(transaction, who(transaction), lapsed)
    [green] = [each for each in judged.findings if each.colour is Colour.GREEN]
    assert green.until is not None
    assert green.until < lapsed
    assert judged.standing.colour is Colour.RED


def test_what_opened_a_red_window_is_not_taken_back_by_another_client(
    transaction: Transaction, desk: Desk
) -> None:
    become(transaction, desk, RED[0])
    register(transaction, SourceRegistration("other", "elsewhere", "authority", ("*",), ("all",)))
    row = {"subject": WHO, "source": "elsewhere", "action": "retract"} | OPENERS[RED[0].id]
    with pytest.raises(Rejected) as rejected:
        submit(transaction, "other", desk_of(transaction, "other", "12"), "evidence", row)
    assert rejected.value.reason == "nothing_to_retract"
    assert stored(transaction) == "red"


# ---------------------------------------------------------------- what may be written


NARROW = SourceRegistration("street", "wudadao", "community", ("observation",), ("120101",))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"kind": "clearance", "area": "120101"}, "kind_not_registered"),
        ({"kind": "observation", "area": "120102"}, "outside_divisions"),
        ({"kind": "observation", "area": "120000"}, "outside_divisions"),
        ({"kind": "observation"}, "residence_unknown"),
        ({"kind": "observation", "source": "a-authority"}, "source_not_registered"),
        ({"kind": "order", "area": "120101"}, "order_needs_two"),
        ({"kind": "red", "area": "120101"}, "kind_unknown"),
    ],
)  # fmt: skip
def test_a_source_writes_only_what_it_is_registered_for(
    transaction: Transaction, desk: Desk, row: dict[str, str], reason: str
) -> None:
    register(transaction, NARROW)
    asked = {"subject": WHO, "source": "wudadao", "started_at": LATER} | row
    with pytest.raises(Rejected) as rejected:
        submit(transaction, "street", desk_of(transaction, "street", "12"), "evidence", asked)
    assert rejected.value.reason == reason
    assert reason in REASONS


def test_a_source_writes_what_it_is_registered_for(transaction: Transaction) -> None:
    register(transaction, NARROW)
    row = {"subject": WHO, "kind": "observation", "area": "120101001000", "started_at": LATER}
    asked = row | {"source": "wudadao", "ended_at": "infinity"}
    submit(transaction, "street", desk_of(transaction, "street", "12"), "evidence", asked)
    assert stored(transaction) == "orange"


@pytest.mark.parametrize(
    "change",
    [
        {"source_class": "authority"},  # a source has one class, whoever asks
        {"client": "other", "source_class": "authority"},
    ],
)
def test_a_source_does_not_change_its_class(
    transaction: Transaction, change: dict[str, str]
) -> None:
    register(transaction, NARROW)
    asked = {"client": NARROW.client, "source": NARROW.source} | change
    with pytest.raises(OtherClass):
        register(transaction, SourceRegistration(**asked, kinds=("stay",), divisions=("all",)))


@pytest.mark.parametrize(
    ("source_class", "kinds"),
    [
        ("authority", ("order",)),
        ("community", ("designation",)),
        ("self", ("colour",)),
        ("police", ("stay",)),
        ("authority", ()),
    ],
)
def test_nobody_is_registered_for_what_no_source_may_write(
    transaction: Transaction, source_class: str, kinds: tuple[str, ...]
) -> None:
    with pytest.raises(BadRegistration):
        register(transaction, SourceRegistration("c", "s", source_class, kinds, ("all",)))


# ---------------------------------------------------------------- no way to say a colour


@pytest.mark.parametrize("what", COLUMNS)
@pytest.mark.parametrize("name", ["colour", "color", "standing", "finding"])
def test_no_feed_has_a_column_for_a_colour(what: str, name: str, tmp_path: Path) -> None:
    assert name not in COLUMNS[what]
    file = tmp_path / "feed.csv"
    file.write_text(",".join([*COLUMNS[what], name]) + "\n", "utf-8")
    with pytest.raises(UnknownColumns) as refused:
        FeedFile.open(file)
    assert str(len(COLUMNS[what]) + 1) in refused.value.say("zh")
    assert "Remove the others" in refused.value.say("en")


def test_a_line_of_json_with_a_colour_is_not_taken(tmp_path: Path) -> None:
    file = tmp_path / "feed.jsonl"
    file.write_text('{"subject": "a", "kind": "test", "source": "s", "started_at": "2020-02-20"}\n'
                    '{"subject": "a", "kind": "test", "source": "s", "started_at": "2020-02-20",'
                    ' "colour": "green"}\n', "utf-8")  # fmt: skip
    _, second = FeedFile.open(file).rows()
    assert second.fields == Rejected("", "unknown_column")


def commands(of: typer.Typer, path: str = "") -> Iterator[tuple[str, Any]]:
    for each in of.registered_commands:
        assert each.callback is not None
        yield f"{path} {each.name or each.callback.__name__}".strip(), each.callback
    for group in of.registered_groups:
        assert group.typer_instance is not None
        yield from commands(group.typer_instance, f"{path} {group.name}".strip())


def colour_parameters(of: typer.Typer) -> Iterator[str]:
    """Whatever a command takes that is a colour, or is called one."""
    for path, callback in commands(of):
        for name, annotation in inspect.get_annotations(callback, eval_str=True).items():
            kind, *more = get_args(annotation) if get_origin(annotation) else [annotation]
            called_so = {
                name,
                *(str(decl) for each in more for decl in (each.default, *(each.param_decls or ()))),
            }
            values = {each.value for each in kind} if isinstance(kind, type(Enum)) else set()
            if any(re.search("colou?r|standing", each) for each in called_so) or values & COLOURS:
                yield f"{path} {name}"


def test_no_command_takes_a_colour() -> None:
    assert list(colour_parameters(cli)) == []


def test_a_command_that_takes_a_colour_is_seen() -> None:
    bad = typer.Typer()

    @bad.command()
    def paint(person: str, colour: str = "green") -> None: ...

    @bad.command()
    def turn(person: str, to: Colour) -> None: ...

    @bad.command()
    def shade(person: str, to: Annotated[str, typer.Option("--color")]) -> None: ...

    assert list(colour_parameters(bad)) == ["paint colour", "turn to", "shade to"]
    assert {"import", "source add", "keys rotate"} <= {path for path, _ in commands(cli)}


KEPT = r"rulebook\.(findings|standings)"
WRITES = re.compile(
    rf"\b(INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO|TRUNCATE|ALTER\s+TABLE)\b[^;]*?{KEPT}"
    rf"|^\s*{KEPT}\s*\(",
    re.IGNORECASE,
)
WRITERS = {"reassess_by"}


def meant(file: File, call: ast.Call) -> set[str]:
    """The names that a call is given, as they were imported."""
    names = {dotted(each) for each in call.args}
    return {file.imports().get(name, name) for name in names}


def writes(file: File) -> Iterator[str]:
    """Where a file writes findings or standings."""
    for line, text in file.strings():
        if WRITES.search(text):
            yield f"{file.name}:{line}"
    for call in file.calls():
        verb = called(call).rpartition(".")[2]
        names = {name.rpartition(".")[2] for name in meant(file, call)}
        if verb in {"insert", "update", "delete", "copy_in"} and names & {"findings", "standings"}:
            yield f"{file.name}:{call.lineno}"


def test_only_the_rulebooks_own_statements_write_a_colour() -> None:
    found = {where.partition(":")[0] for file in house() for where in writes(file)}
    assert found == {"rulebook/functions.py"}


def test_only_reassess_runs_these_statements() -> None:
    for file in house():
        if file.name == "rulebook/functions.py":
            continue
        named = [
            (node.attr, node.lineno)
            for node in ast.walk(file.tree)
            if isinstance(node, ast.Attribute) and node.attr in WRITERS
        ]
        bodies = [
            range(node.lineno, (node.end_lineno or 0) + 1)
            for node in file.tree.body
            if isinstance(node, ast.FunctionDef) and node.name == "reassess"
        ]
        outside = [each for each in named if not any(each[1] in body for body in bodies)]
        assert not outside, f"{file.name}: {outside}"


@pytest.mark.parametrize(
    "text",
    [
        "RUN = 'UPDATE rulebook.standings SET colour = :colour'",
        "RUN = f'insert into  rulebook.findings (person) values ({x})'",
        "copy_in(connection, 'rulebook.standings (person, colour)', rows)",
        "from healthcode.rulebook.tables import standings as s\nsa.update(s).values(colour='red')",
        "from healthcode.rulebook import tables\ninsert(tables.findings).values(colour='red')",
    ],
)
def test_a_second_writer_is_seen(text: str) -> None:
    imported = "from healthcode.rulebook import tables\n"
    assert list(writes(File("care/actions.py", imported + text)))


def test_the_time_of_these_tests_is_noon_of_the_twentieth(transaction: Transaction) -> None:
    assert transaction.now == datetime(2020, 2, 20, 4, tzinfo=UTC)
