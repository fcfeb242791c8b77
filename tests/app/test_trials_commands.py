"""Trying a draft before anybody agrees to it, by commands: what they say, draw and leave."""

from __future__ import annotations

import io
import json
import re
import secrets
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from rich.console import Console

from healthcode.access import Role, accounts
from healthcode.access.sessions import sign_in
from healthcode.app import charts, showing_trials
from healthcode.app.city.making import make_city
from healthcode.app.commands import trials as commands
from healthcode.app.settings import Settings
from healthcode.app.trying import opened, try_draft
from healthcode.app.wiring import SHIPPED_RULEBOOK, open_house, shipped
from healthcode.evidence import Kind, SourceClass
from healthcode.kit.db import Database
from healthcode.kit.embedded import drop_database, ensure_database
from healthcode.kit.http import Caller
from healthcode.kit.words import Language, Words
from healthcode.rulebook.actions import enact, read_rulebook, reassess
from healthcode.rulebook.everybody.trials import MOST_EXAMPLES, Example, Ground, Trial, Turn
from healthcode.rulebook.terms import Colour, Rulebook
from tests.app.conftest import Command, Said
from tests.conftest import NOON
from tests.evidence.feeding import look
from tests.rulebook.facts import Fact
from tests.rulebook.worlds import put

PEOPLE = 2000
SHIPPED = yaml.safe_load((shipped("rulebooks") / SHIPPED_RULEBOOK).read_text("utf-8"))
BINDING = SHIPPED | {
    "rules": [r for r in SHIPPED["rules"] if r["id"] in {"R3", "R5", "O1", "O2", "O5", "G"}]
}
"""Some rules of the shipped rulebook: a third of the work, and their examples hold."""
NEW_RULE = "O99"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The snapshot of a made-up city in which these rules bind."""
    folder = tmp_path_factory.mktemp("city") / "made"
    make_city(PEOPLE, 3, folder)
    manifest = folder / "snapshot.json"
    said = json.loads(manifest.read_text("utf-8")) | {"rulebook": BINDING}
    manifest.write_text(json.dumps(said, ensure_ascii=False), "utf-8")
    return folder


@pytest.fixture(scope="module")
def draft(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shorter declaration, a rule less, one more, and one of another colour."""
    rules = {rule["id"]: rule for rule in deepcopy(BINDING["rules"])}
    rules["G"]["window"]["until"] = "start + 7d"
    rules["O1"]["colour"] = "red"
    rules.pop("O5")
    when = {"kind": "stay", "outside": "12"}
    titles = {"title": {"zh": "到过外省", "en": "Stay in another province"}}
    rules[NEW_RULE] = rules["O2"] | titles | {"id": NEW_RULE, "when": when}
    return written(tmp_path_factory.mktemp("draft"), BINDING | {"rules": list(rules.values())})


def written(folder: Path, body: Any) -> Path:
    path = folder / "draft.yaml"
    changed = body | {"version": "2"}
    path.write_text(yaml.safe_dump(changed, allow_unicode=True, sort_keys=False), "utf-8")
    return path


@pytest.fixture
def tried(healthcode: Command, city: Path, draft: Path) -> Command:
    """`tried(...)`: the draft, tried on the city, in a house without a database."""

    def run(*arguments: object) -> Said:
        return healthcode("rulebook", "try", draft, "--snapshot", city, *arguments)

    return run


# ---------------------------------------------------------------- try


def test_a_trial_for_programs_has_this_shape_and_its_sums_agree(
    tried: Command, tmp_path: Path
) -> None:
    said = tried("--json", "--chart", tmp_path / "x.SVG").data
    assert (tmp_path / "x.SVG").read_text("utf-8").startswith("<?xml")
    assert list(said) == [
        "binding", "draft", "at", "known_at", "people", "changed", "rules", "matrix",
        "by_district", "by_rule", "under_rule", "examples",
    ]  # fmt: skip
    assert (said["binding"], said["draft"]) == ("tianjin-2020-spring 1", "tianjin-2020-spring 2")
    assert (said["at"], said["people"]) == ("2020-03-20T04:00:00+00:00", PEOPLE)
    assert said["rules"] == {
        "O1": ["colour"], "O5": ["removed"], "G": ["window"], NEW_RULE: ["new"],
    }  # fmt: skip
    for part in ("matrix", "by_district"):
        changed = [row["people"] for row in said[part] if row["before"] != row["after"]]
        assert (sum(row["people"] for row in said[part]), sum(changed)) == (PEOPLE, said["changed"])
    assert {tuple(row) for row in said["matrix"]} == {("before", "after", "people")}
    assert {tuple(row) for row in said["by_district"]} == {
        ("district", "before", "after", "people")
    }
    assert {tuple(row) for row in said["by_rule"]} == {("rule", "before", "after", "people")}
    assert {tuple(row) for row in said["under_rule"]} == {("rule", "before", "after")}
    assert 0 < len(said["examples"]) <= MOST_EXAMPLES
    for example in said["examples"]:
        assert list(example) == ["key", "district", "before", "after", "was", "would_be"]
        for ground in (*example["was"], *example["would_be"]):
            assert list(ground) == [
                "rule", "colour", "kind", "started_at", "ended_at", "source_class", "opens",
                "until",
            ]  # fmt: skip


def test_a_trial_for_people_fits_a_narrow_terminal(
    tried: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = tried("--examples", "3")
    assert (said.code, "\x1b" in said.out) == (0, False)
    words = {"change colour", "all", "new", "left out", "changed: colour", "Hedong District"}
    assert {word for word in words if word not in said.out} == set()
    assert max(map(width, said.out.splitlines())) <= 80
    assert len(re.findall(r"^[0-9a-f]{8}  ", said.out, re.MULTILINE)) == 3


def test_a_trial_for_people_is_in_chinese_too(trial: Trial) -> None:
    said = printed(trial, 3, 80, "zh")
    words = {"变色", "合计", "新增", "已删除", "改动：colour", "河东区", "到过外省", "健康申报有效"}
    assert {word for word in words if word not in said} == set()
    assert max(map(width, said.splitlines())) <= 80


def width(line: str) -> int:
    """Columns of a terminal: Chinese takes two."""
    return sum(2 if "\u2e80" <= letter <= "\uffef" else 1 for letter in line.rstrip())


@pytest.fixture(scope="module")
def trial(city: Path, draft: Path) -> Trial:
    """The draft, tried on the city."""
    return try_draft(opened(city), read_rulebook(draft.read_text("utf-8")))


def printed(trial: Trial, examples: int = 0, columns: int = 160, language: Language = "en") -> str:
    console = Console(width=columns, file=io.StringIO())
    with console.capture() as seen:
        console.print(showing_trials.shown(trial, language, examples, columns))
    return seen.get()


def test_a_wide_terminal_has_a_column_for_each_change(trial: Trial) -> None:
    changes = {pair for pair, people in trial.matrix().items() if people and pair[0] != pair[1]}
    assert len(changes) > len({after for _before, after in changes})
    for columns, heads in [(160, len(changes)), (65, len({after for _before, after in changes}))]:
        table = printed(trial, columns=columns).split("by district")[1].split("──")[0]
        assert table.count("→") == heads


def test_examples_are_of_different_rules_before_one_comes_again(trial: Trial) -> None:
    kinds = {
        (each.before, each.after, *(g[0].rule if g else "" for g in (each.was, each.would_be)))
        for each in trial.examples
    }
    said = printed(trial, len(kinds)).split("Examples, ")[1]
    shown = re.findall(r"^[0-9a-f]{8}  .*?  \S (\w+) → \S (\w+)", said, re.MULTILINE)
    assert Counter(shown) == Counter(each[:2] for each in kinds)


def test_an_example_names_each_of_its_rules_once_as_its_own_rulebook_has_it(trial: Trial) -> None:
    since = trial.at - timedelta(days=3)

    def ground(rule: str, colour: Colour, days: int | None) -> Ground:
        until = None if days is None else trial.at + timedelta(days=days)
        return Ground(rule, colour, Kind.STAY, since, None, SourceClass.SELF, since, until)

    declared = [ground("G", Colour.GREEN, days) for days in (1, 5, 3)]
    later = replace(ground("O2", Colour.ORANGE, None), opens=trial.at, ended_at=since)
    example = Example("0123abcd", "120101", Colour.GREEN, Colour.ORANGE, tuple(declared), (later,))
    made = replace(trial, examples=(example,), draft=renamed(trial.draft, "O2", "As drafted"))
    said = printed(made, 1).split("Examples, ")[1].splitlines()[1:]
    assert [line.strip() for line in said if line.strip()] == [
        "0123abcd  Heping District  ● green → ◆ orange",
        "before  ● green G Valid declaration, until 2020-03-25 12:00",
        "stay 2020-03-17 12:00 – going on, declared in person (and 2 more)",
        "draft   ◆ orange O2 As drafted, from 2020-03-20 12:00 no end",
        "stay 2020-03-17 12:00, declared in person",
    ]


def renamed(rulebook: Rulebook, rule: str, title: str) -> Rulebook:
    words = Words(zh="字", en=title)
    rules = (r.model_copy(update={"title": words}) if r.id == rule else r for r in rulebook.rules)
    return rulebook.model_copy(update={"rules": tuple(rules)})


def test_where_the_draft_says_the_same_nobody_changes_and_it_says_so(
    healthcode: Command, city: Path, tmp_path: Path
) -> None:
    same = written(tmp_path, BINDING)
    said = healthcode("rulebook", "try", same, "--snapshot", city).out
    assert "of whom 0 (0.00%) change colour" in said
    assert "very same" in said
    assert "by district" not in said
    assert "Examples" not in said


def test_a_rulebook_that_asks_for_no_declaration_any_more_says_what_becomes_of_grey(
    healthcode: Command, city: Path, tmp_path: Path
) -> None:
    rules = [rule for rule in BINDING["rules"] if rule["colour"] != "green"]
    free = written(tmp_path, BINDING | {"rules": rules, "undeclared": "green"})
    said = healthcode("rulebook", "try", free, "--snapshot", city, "--examples", "1").out
    assert "Without a valid declaration: ◷ grey → ● green" in said
    assert "(whether a declaration is needed)" in said
    assert "no valid declaration" in said
    assert "no rule is active" in said


def test_a_draft_is_tried_beside_another_and_at_another_time(tried: Command, draft: Path) -> None:
    said = tried("--json", "--against", draft, "--at", "2020-03-01").data
    assert (said["binding"], said["at"]) == ("tianjin-2020-spring 2", "2020-02-29T16:00:00+00:00")
    assert (said["changed"], said["rules"]) == (0, {})


def test_few_among_many_are_never_shown_as_none() -> None:
    assert showing_trials.share(1, 14_000_000) == "<0.01%"
    assert showing_trials.share(0, 14_000_000) == "0.00%"
    assert showing_trials.share(0, 0) == "–"
    assert showing_trials.share(2, 3) == "66.67%"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--snapshot", "nowhere"], "nowhere is not a snapshot"),
        (["--at", "tomorrow"], "--at is not a time"),
        (["--against", "nowhere.yaml"], "nowhere.yaml cannot be read"),
        (["--chart", "x.gif"], "A chart ends in .svg or .png"),
        (["--chart", "nowhere/x.svg"], "cannot be written"),
    ],
)
def test_what_a_trial_cannot_do_is_told_in_words(
    tried: Command, arguments: list[str], words: str
) -> None:
    said = tried(*arguments)
    assert (said.code, said.out) == (2, "")
    assert words in said.err


def test_a_rulebook_that_is_not_there_or_a_folder_that_is_no_snapshot_is_told_in_words(
    healthcode: Command, draft: Path, tmp_path: Path
) -> None:
    assert "cannot be read" in healthcode("rulebook", "try", "nowhere.yaml").err
    (tmp_path / "snapshot.json").write_text('{"format": 7}', "utf-8")
    said = healthcode("rulebook", "try", draft, "--snapshot", tmp_path)
    assert (said.code, "format 7" in said.err) == (2, True)


def test_no_more_examples_are_asked_for_than_a_trial_has(tried: Command) -> None:
    assert tried("--examples", MOST_EXAMPLES, "--chart", "none").err.startswith("A chart ends")
    assert "--examples" in tried("--examples", MOST_EXAMPLES + 1).err


# ---------------------------------------------------------------- charts


def test_a_chart_is_a_picture_and_its_words_can_be_searched(trial: Trial, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # characters that no font of this machine has, too
        charts.draw(trial, tmp_path / "x.svg", "zh")
        charts.draw(trial, tmp_path / "x.png", "zh")
    drawn = (tmp_path / "x.svg").read_text("utf-8")
    for word in ("草案 tianjin-2020-spring 2", "绿码", "河东区", "变色人数和占比"):
        assert re.search(rf"<text[^>]*>[^<]*{word}", drawn), word
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_a_chart_of_nobody_of_one_and_of_many_districts_is_drawn(
    trial: Trial, tmp_path: Path
) -> None:
    many = [Turn(f"{110000 + n}", Colour.GREEN, Colour.RED, n) for n in range(1, 31)]
    for name, turns, words in [
        ("nobody", (Turn("", Colour.RED, Colour.RED, 5),), "Nobody's colour changes"),
        ("one", (many[0],), "1 (100.00%)"),
        ("many", tuple(many), "10 others"),
    ]:
        target = tmp_path / f"{name}.svg"
        odd = trial.draft.model_copy(update={"name": "a_$x^2$_" + "w" * 32})
        charts.draw(replace(trial, turns=turns, draft=odd), target, "en")
        drawn = target.read_text("utf-8")
        assert words in drawn
        assert "a_$x^2$_w" in drawn


# ---------------------------------------------------------------- check


def test_a_rulebook_without_faults_passes_with_its_notes(
    healthcode: Command, tmp_path: Path
) -> None:
    said = healthcode("rulebook", "check", written(tmp_path, BINDING))
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Note: rules.R5.early_ends.1\n")
    assert said.out.endswith("Nothing is wrong: 6 rules, and all 23 examples hold.\n")


def test_faults_are_listed_and_the_command_fails(
    healthcode: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    body = deepcopy(BINDING)
    rules = {rule["id"]: rule for rule in body["rules"]}
    rules["O2"]["window"] = {"from": "start + 14d", "until": "start + 3d"}
    rules["G"]["examples"][0]["colours"]["2020-03-01T18:00"] = "red"
    bad = written(tmp_path, body)
    monkeypatch.setenv("HEALTHCODE_LANGUAGE", "zh")
    said = healthcode("rulebook", "check", bad)
    assert (said.code, f"{bad} 中的问题（见上）：4" in said.err) == (2, True)
    for line in (
        "rules.O2",
        "  窗口（from: start + 14d, until: start + 3d）总是在开始之前就已结束",
        'rules.G.examples "A declaration is good for 14 local days, and grey follows"',
        "  2020-03-01T18:00 应为 red，结果为 green。",
        "提示：rules.R5.early_ends.1",
    ):
        assert f"\n{line}" in f"\n{said.out}"
    found = healthcode("rulebook", "check", bad, "--json")
    assert (found.code, list(found.data)) == (2, ["rules", "examples", "faults", "notes"])
    assert (found.data["rules"], found.data["examples"]) == (6, 23)
    assert [list(each) for each in found.data["faults"]] == [["where", "zh", "en"]] * 4
    assert [each["where"] for each in found.data["notes"]] == ["rules.R5.early_ends.1"]


def test_all_that_does_not_fit_the_language_is_listed_and_other_files_are_refused(
    healthcode: Command, tmp_path: Path
) -> None:
    body = deepcopy(BINDING)
    body["rules"][2]["colour"] = "blue"
    body["rules"][3]["wen"] = {}
    said = healthcode("rulebook", "check", written(tmp_path, body), "--json")
    places = [each["where"] for each in said.data["faults"]]
    assert (said.code, places) == (2, ["rules.O1.colour", "rules.O2.wen"])
    for content, words in [
        (b"\xff\xfe", "no UTF-8"),
        (b"rules: [", "YAML"),
        (b"name: x\nname: y", "'name' is there twice"),
    ]:
        (tmp_path / "bad.yaml").write_bytes(content)
        said = healthcode("rulebook", "check", tmp_path / "bad.yaml")
        assert (said.code, said.out, words in said.err) == (2, "", True)


# ---------------------------------------------------------------- in a house


@pytest.fixture(scope="module")
def url(server: str) -> Iterator[str]:
    name = f"trials_{secrets.token_hex(6)}"
    yield ensure_database(server, name)
    drop_database(server, name)


@pytest.fixture(scope="module")
def database(url: str, masters: str) -> Iterator[Database]:
    """Three people under these rules: two declared, and nobody knows anything of the third."""
    settings = Settings.model_validate({"database_url": url, "master_keys": masters})
    with open_house(settings) as made:
        with made.transaction() as transaction:
            few = Rulebook.model_validate(BINDING | {"version": "1.1"})
            enact(transaction, few, binds_from=transaction.now)
            declared = [
                Fact(person, person, "declaration", transaction.now, source="self",
                     source_class="self", recorded_at=NOON)
                for person in (1, 2)
            ]  # fmt: skip
            put(transaction, [1, 2, 3], declared)
            reassess(transaction, [1, 2, 3])
        yield made


@pytest.fixture(scope="module")
def session(database: Database) -> str:
    """A session of an epidemiologist."""
    with database.transaction() as transaction:
        accounts.found(transaction, "first", "second")
        maker = Caller("first", Role.OPERATOR)
        opened_one = accounts.open_account(transaction, maker, "epi", Role.EPIDEMIOLOGIST, "*")
        return sign_in(transaction, "epi", opened_one.secret, "t").token


@pytest.fixture
def inside(
    healthcode: Command,
    monkeypatch: pytest.MonkeyPatch,
    session: str,
    url: str,
    masters: str,
    tmp_path: Path,
) -> Command:
    """`inside(...)`: a command on an epidemiologist's word, with temporary files of its own."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("HEALTHCODE_DATABASE_URL", url)
    monkeypatch.setenv("HEALTHCODE_MASTER_KEYS", masters)
    monkeypatch.setenv("HEALTHCODE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HEALTHCODE_SESSION", session)
    return healthcode


NOTED = "SELECT account, people, facts, name, folder FROM rulebook.snapshots ORDER BY snapshot"


def test_without_a_snapshot_one_is_taken_noted_and_gone_afterwards(
    inside: Command, draft: Path, database: Database, tmp_path: Path
) -> None:
    before = len(look(database, NOTED))
    said = inside("rulebook", "try", draft, "--json")
    assert (said.code, said.data["people"]) == (0, 3)
    [(account, people, facts, name, folder)] = look(database, NOTED)[before:]
    assert (account, people, facts, name) == ("epi", 3, 2, None)
    assert not Path(folder).exists()
    assert list((tmp_path / "temporary").iterdir()) == []


def test_without_a_snapshot_and_on_nobodys_word_nothing_is_looked_at(
    inside: Command, monkeypatch: pytest.MonkeyPatch, draft: Path, database: Database
) -> None:
    monkeypatch.setenv("HEALTHCODE_SESSION", "nobody")
    before = look(database, NOTED)
    said = inside("rulebook", "try", draft)
    assert (said.code, said.out) == (3, "")
    assert "Sign in first" in said.err
    assert look(database, NOTED) == before


def test_a_snapshot_is_taken_kept_by_name_and_tried_on(
    inside: Command, draft: Path, database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "spring"
    taken = inside("snapshot", folder, "--keep", "spring", "--json").data
    assert list(taken) == [
        "folder", "name", "taken_at", "known_at", "people", "facts", "designations",
    ]  # fmt: skip
    assert (taken["folder"], taken["name"], taken["people"]) == (str(folder), "spring", 3)
    assert look(database, NOTED)[-1] == ("epi", 3, 2, "spring", str(folder))
    assert json.loads((folder / "snapshot.json").read_text("utf-8"))["name"] == "spring"
    said = inside("rulebook", "try", draft, "--snapshot", folder, "--json").data
    assert {(row["before"], row["after"]): row["people"] for row in said["matrix"]} == {
        ("green", "green"): 2, ("grey", "grey"): 1,
    }  # fmt: skip


def test_a_snapshot_without_a_name_says_how_long_it_stays(
    inside: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = inside("snapshot", tmp_path / "a")
    assert (said.code, said.out) == (
        0, f"Written to {tmp_path / 'a'}: 3 people, 2 facts.\nIt is deleted after 24 hours.\n",
    )  # fmt: skip
    monkeypatch.setenv("HEALTHCODE_LANGUAGE", "zh")
    assert "24 小时后删除。" in inside("snapshot", tmp_path / "b").out


def test_a_folder_that_holds_something_is_left_as_it_is(inside: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    said = inside("snapshot", tmp_path)
    assert (said.code, "exists and is not empty" in said.err) == (2, True)
    assert not (tmp_path / "people.parquet").exists()


def test_the_comparison_says_nothing_is_wrong_and_alarms_when_something_is(
    inside: Command, database: Database
) -> None:
    said = inside("compare")
    assert said.code == 0
    assert "0 about to be judged anew left out: 0 differ." in said.out
    with database.transaction() as transaction:
        transaction.run(sa.text("UPDATE rulebook.standings SET colour = 'red' WHERE person = 2"))
    try:
        found = inside("compare", "--json")
        assert (found.code, found.data["differing"]) == (4, 1)
        assert list(found.data) == ["compared_at", "people", "left_out", "differing"]
        assert "rulebook.differences" in found.err
    finally:
        with database.transaction() as transaction:
            reassess(transaction, [2])


def test_what_takes_its_time_is_named_in_words() -> None:
    assert set(commands.DOING) == {"facts", "judge"}
