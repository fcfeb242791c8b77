"""Rules of the house that no library checks. Each check is shown a bad snippet too."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.promises.source import PACKAGE, ROOT, File, called, dotted, house, rooms

Check = Callable[[File], Iterator[str]]
"""What is wrong with a file, a line for each."""

LONGEST_FILE = 400
LONGEST_FUNCTION = 80  # a numbered procedure; 40 otherwise, which a reader judges
LARGEST_ROOM = 2500
LARGEST_DOOR = 10

COMMITS = {
    "kit/db.py": "one request or job is one transaction",
    "kit/migrations.py": "the schema itself, before there is a house to do it",
}
SELECTS = {
    "kit": "has no rooms' furniture: keys, migrations and the queue stand below it",
    "rulebook": "its statements are made by publishing a rulebook",
    "insight": "asks what nobody asked before",
}
PREDICATES = {"tables.py": "the predicate of a partial index is part of the table"}
CLOCK = "kit/clock.py"
ASKS_THE_TIME = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
}


def only_the_database_commits(file: File) -> Iterator[str]:
    for call in file.calls():
        if called(call).endswith((".commit", ".autocommit")) and file.name not in COMMITS:
            yield f"{file.name}:{call.lineno} commits"


def only_queries_select(file: File) -> Iterator[str]:
    last = file.name.rpartition("/")[2]
    if last == "queries.py" or file.room in SELECTS:
        return
    for call in file.calls():
        name = file.imports().get(called(call), called(call)).rpartition(".")[2]
        if name == "select" or (name == "text" and last not in PREDICATES):
            yield f"{file.name}:{call.lineno} {called(call)}("


def only_the_clock_asks_the_time(file: File) -> Iterator[str]:
    if file.name == CLOCK:
        return
    for call in file.calls():
        written = called(call)
        first, dot, rest = written.partition(".")
        if file.imports().get(first, first) + dot + rest in ASKS_THE_TIME:
            yield f"{file.name}:{call.lineno} {written}()"


def no_error_is_caught_unnamed(file: File) -> Iterator[str]:
    """Whoever says something and raises the same again has caught nothing."""
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        names = {dotted(kind) if kind is not None else "" for kind in kinds}
        goes_on = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
        if names & {"", "Exception"} or ("BaseException" in names and not goes_on):
            yield f"{file.name}:{node.lineno} catches everything"


def a_todo_names_an_issue(file: File) -> Iterator[str]:
    for number, line in enumerate(file.text.splitlines(), start=1):
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line) and not re.search(r"TODO.*#\d+", line):
            yield f"{file.name}:{number} a TODO names an issue: TODO(#12)"


def a_front_door_is_small_and_says_what_it_lets_through(file: File) -> Iterator[str]:
    if not re.fullmatch(r"[a-z]+/__init__\.py", file.name):
        return
    imported = set(file.imports())
    declared: set[str] = set()
    for node in file.tree.body:
        if isinstance(node, ast.Assign) and dotted(node.targets[0]) == "__all__":
            declared = set(ast.literal_eval(node.value))
    if imported != declared:
        yield f"{file.name} imports and __all__ differ: {sorted(imported ^ declared)}"
    if len(declared) > LARGEST_DOOR:
        yield f"{file.name} has {len(declared)} names"


def nothing_is_too_long(file: File) -> Iterator[str]:
    if file.lines > LONGEST_FILE:
        yield f"{file.name} has {file.lines} lines"
    for node in ast.walk(file.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield f"{file.name}:{node.lineno} {node.name} has {length} lines"


def nothing_prints(file: File) -> Iterator[str]:
    for call in file.calls():
        if called(call) in {"print", "pprint", "pprint.pprint"}:
            yield f"{file.name}:{call.lineno} prints"


def a_module_says_what_it_is_for(file: File) -> Iterator[str]:
    if not ast.get_docstring(file.tree):
        yield f"{file.name} has no docstring"


CHECKS: dict[Check, dict[str, str]] = {
    only_the_database_commits: {
        "evidence/actions.py": "def f(t):\n    t.connection.commit()",
        "app/cli.py": "def f():\n    engine().raw().commit()",
    },
    only_queries_select: {
        "evidence/actions.py": "import sqlalchemy as sa\nsa.text('SELECT 1')",
        "people/actions.py": "from sqlalchemy import select\nselect(1)",
        "people/tables.py": "import sqlalchemy as sa\nsa.select(1)",
        "app/cli.py": "from sqlalchemy import text as t\nt('SELECT 1')",
    },
    only_the_clock_asks_the_time: {
        "evidence/actions.py": "from datetime import datetime\ndatetime.now()",
        "kit/jobs.py": "import time\ntime.time()",
        "kit/db.py": "import datetime\ndatetime.datetime.utcnow()",
        "app/demo.py": "from datetime import date as d\nd.today()",
        "app/cli.py": "from time import time_ns\ntime_ns()",
    },
    no_error_is_caught_unnamed: {
        "app/cli.py": "try:\n    f()\nexcept Exception:\n    g()",
        "kit/db.py": "try:\n    f()\nexcept (ValueError, BaseException):\n    g()",
        "kit/keys.py": "try:\n    f()\nexcept:\n    pass",
    },
    a_todo_names_an_issue: {"app/cli.py": "# TODO: later", "app/demo.py": "# FIXME soon"},
    a_front_door_is_small_and_says_what_it_lets_through: {
        "people/__init__.py": "from healthcode.people.actions import ensure\n__all__ = []",
        "places/__init__.py": f"from x import {', '.join(names := list('abcdefghijk'))}\n"
        f"__all__ = {names}",
    },
    nothing_is_too_long: {
        "app/cli.py": "x = 1\n" * (LONGEST_FILE + 1),
        "app/demo.py": "def f():\n" + "    x = 1\n" * LONGEST_FUNCTION,
    },
    nothing_prints: {"evidence/feeds/files.py": "print('a name')"},
    a_module_says_what_it_is_for: {"app/cli.py": "x = 1"},
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_house_keeps_the_rule(check: Check) -> None:
    assert [wrong for file in house() for wrong in check(file)] == []


@pytest.mark.parametrize(
    ("check", "name", "text"),
    [(check, name, text) for check, bad in CHECKS.items() for name, text in bad.items()],
    ids=lambda value: getattr(value, "__name__", str(value)[:30]),
)
def test_the_rule_sees_a_bad_snippet(check: Check, name: str, text: str) -> None:
    assert list(check(File(name, text)))


def test_the_rules_let_good_snippets_pass() -> None:
    good = [
        File("kit/clock.py", '"""Time."""\nfrom datetime import datetime\ndatetime.now()'),
        File("people/queries.py", '"""Selects."""\nimport sqlalchemy as sa\nsa.text("SELECT 1")'),
        File("people/tables.py", '"""Tables."""\nimport sqlalchemy as sa\nsa.text("area <> 1")'),
        File("app/cli.py", '"""A door."""\n# TODO(#12): later\nconsole.print("x")'),
        File("app/demo.py", '"""A city."""\ntry:\n    f()\nexcept ValueError:\n    g()'),
        File("kit/x.py", '"""X."""\ntry:\n    f()\nexcept BaseException:\n    g()\n    raise'),
        File("people/__init__.py", '"""Who."""\nfrom x import a\n__all__ = ["a"]'),
    ]
    assert [wrong for check in CHECKS for file in good for wrong in check(file)] == []


def test_what_the_rules_except_is_there() -> None:
    names = {file.name for file in house()}
    assert set(COMMITS) | {CLOCK} <= names
    assert set(SELECTS) - rooms() <= {"insight"}  # a room that is not built yet


def wing(file: File) -> str:
    """The room, or the folder of it that is read by itself: `evidence/feeds`."""
    return "/".join(file.name.split("/")[:-1][:2]) or file.room


def test_a_room_or_a_wing_of_it_is_small_enough_to_be_known_whole() -> None:
    sizes: Counter[str] = Counter()
    for file in house():
        sizes[wing(file)] += file.lines
    assert rooms() - {"__init__"} <= set(sizes)
    assert {name: size for name, size in sizes.items() if size > LARGEST_ROOM} == {}


def contracts() -> list[dict[str, object]]:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    found: list[dict[str, object]] = tomllib.loads(text)["tool"]["importlinter"]["contracts"]
    return found


def named_modules(contract: dict[str, object]) -> set[str]:
    """Every module of ours that a contract names for certain: not those in parentheses."""
    keys = ("containers", "source_modules", "forbidden_modules", "protected_modules", "ancestors")
    named: set[str] = set()
    for key in (*keys, "allowed_importers"):
        named |= set(contract.get(key, ()))
    if contract["type"] == "layers" and contract.get("exhaustive"):
        for container in contract["containers"]:
            for layer in contract["layers"]:
                parts = [part.strip() for part in layer.split("|")]
                named |= {f"{container}.{part}" for part in parts if not part.startswith("(")}
    return {name for name in named if name.startswith("healthcode")}


def exists(module: str) -> bool:
    """Whether there is such a module; `*` stands for some name, `**` for one or more."""
    parts = ["**/*" if part == "**" else part for part in module.split(".")[1:]]
    pattern = "/".join(parts)
    found = (PACKAGE.glob(f"{pattern}{end}") for end in (".py", "/__init__.py"))
    return not parts or any(path for paths in found for path in paths)


def planned() -> set[str]:
    """Rooms that are not built yet: in parentheses, in the one order of rooms."""
    [order] = [each for each in contracts() if each.get("containers") == ["healthcode"]]
    return set(re.findall(r"\((\w+)\)", " ".join(order["layers"])))


def test_every_module_that_an_import_contract_names_is_there() -> None:
    named = {module for contract in contracts() for module in named_modules(contract)}
    assert len(named) > 10
    missing = {module for module in named if not exists(module)}
    assert {module for module in missing if module.split(".")[1] not in planned()} == set()


def test_a_room_that_is_built_is_not_called_planned() -> None:
    assert planned() & rooms() == set()
    assert "gates" in planned() | rooms()


def test_a_contract_over_a_module_that_is_not_there_is_seen() -> None:
    bad = {"type": "forbidden", "source_modules": ["healthcode.nobody", "healthcode.people.**"]}
    assert {name for name in named_modules(bad) if not exists(name)} == {"healthcode.nobody"}
    layers = {"type": "layers", "containers": ["healthcode"], "layers": ["app", "(x) | y"]}
    assert named_modules(layers | {"exhaustive": True}) == {
        "healthcode", "healthcode.app", "healthcode.y",
    }  # fmt: skip


def test_every_room_but_the_top_and_the_bottom_is_entered_by_its_front_door() -> None:
    doors = {
        str(module)
        for contract in contracts()
        if contract["type"] == "protected"
        for module in contract["protected_modules"]
    }
    assert doors == {f"healthcode.{room}.*" for room in rooms() - {"app", "kit"}}


def test_no_contract_ignores_an_import() -> None:
    assert [contract["name"] for contract in contracts() if contract.get("ignore_imports")] == []


def test_every_advisory_lock_has_a_number_of_its_own() -> None:
    """Two meanings of one number would wait for each other, and nobody would see why."""
    number = re.compile(r"pg_advisory_xact_lock(?:_shared)?\((\d+)")
    used: dict[str, set[str]] = {}
    for file in house():
        for found in number.findall(file.text):
            used.setdefault(found, set()).add(file.name)
    assert len(used) >= 5
    assert {n: files for n, files in used.items() if len(files) > 1} == {}
