"""The figures of a run say what was promised, and answers that differ are seen."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from bench.judging import compare, measure, report
from bench.running import Run, run, run_here
from bench.snapshots import Snapshot
from healthcode.app.city.making import make_city

PROMISED = {
    "people", "facts", "rules", "seconds", "people_per_second", "ratio_to_hand_sql",
    "ratio_to_row_engine", "ratio_to_row_engine_tuned", "peak_gb", "peak_gb_by_engine", "agree",
    "compared",
}  # fmt: skip


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """A made-up town."""
    folder = tmp_path_factory.mktemp("bench") / "town"
    make_city(500, 1, folder)
    return Snapshot.read(folder)


@pytest.fixture(scope="module")
def judged(
    city: Snapshot, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, object], dict[str, Path]]:
    """The figures of one round over the town, and the folders of the answers."""
    out = tmp_path_factory.mktemp("answers")
    folders = {
        name: out / name for name in ("duckdb", "hand_sql", "row_engine", "row_engine_tuned")
    }
    return measure(city, folders, out, 1, lambda _: None, run_here), folders


def test_the_figures_are_exactly_those_that_are_promised(
    judged: tuple[dict[str, object], dict[str, Path]], city: Snapshot
) -> None:
    figures, folders = judged
    assert set(figures) == PROMISED
    assert figures["agree"] is True
    assert (figures["people"], figures["facts"], figures["rules"]) == (500, city.facts, 18)
    for of_engines in ("seconds", "people_per_second", "peak_gb_by_engine"):
        found = figures[of_engines]
        assert isinstance(found, dict)
        assert set(found) == set(folders)
        assert all(each > 0 for each in found.values())
    assert figures["compared"] == {"hand_sql": 500, "row_engine": 500, "row_engine_tuned": 500}
    assert json.loads(json.dumps(figures)) == figures


def test_a_run_in_a_process_of_its_own_says_how_long_it_took_and_what_it_held(
    city: Snapshot, tmp_path: Path
) -> None:
    done = run("hand_sql", city.folder, city.people, tmp_path / "answers")
    assert 0 < done.seconds < 60
    assert 10**7 < done.peak < 10**10
    assert (tmp_path / "answers" / "standings.parquet").exists()


def test_the_ratios_are_of_seconds_and_of_people_a_second(city: Snapshot) -> None:
    runs = {
        "duckdb": [Run(4.0, 2_000_000_000), Run(3.0, 1_000_000_000)],
        "hand_sql": [Run(2.0, 1), Run(5.0, 1)],
        "row_engine": [Run(60.0, 1)],
        "row_engine_tuned": [Run(30.0, 1)],
    }
    figures = report(city, runs, agree=True)
    assert figures["seconds"] == {
        "duckdb": 3.0,
        "hand_sql": 2.0,
        "row_engine": 60.0,
        "row_engine_tuned": 30.0,
    }
    assert (figures["ratio_to_hand_sql"], figures["ratio_to_row_engine"]) == (1.5, 20.0)
    assert figures["ratio_to_row_engine_tuned"] == 10.0
    assert figures["peak_gb"] == 2.0


WRONG: dict[str, tuple[str, str]] = {
    "a colour": ("standings", "SELECT * REPLACE (if(person = {who}, 'red', colour) AS colour)"),
    "a change": (
        "standings",
        "SELECT * REPLACE (changes_at + to_microseconds((person = {who})::INT) AS changes_at)",
    ),
    "a person less": ("standings", "SELECT * WHERE person <> {who}"),
    "a finding less": ("findings", "SELECT * WHERE person <> {who}"),
    "a finding twice": (
        "findings",
        "SELECT * UNION ALL (FROM {source} WHERE person = {who} LIMIT 1)",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_one_answer_that_differs_is_seen(
    judged: tuple[dict[str, object], dict[str, Path]], city: Snapshot, tmp_path: Path, wrong: str
) -> None:
    _, folders = judged
    name, query = WRONG[wrong]
    altered = tmp_path / "altered"
    altered.mkdir()
    with duckdb.connect() as connection:
        for each in ("findings", "standings"):
            source = f"'{folders['hand_sql']}/{each}.parquet'"
            green = f"SELECT min(person) FROM {source} WHERE colour = 'green'"
            (who,) = connection.execute(green).fetchall()[0]
            said = query.format(who=who, source=source) if each == name else "SELECT *"
            connection.execute(f"COPY (FROM {source} {said}) TO '{altered}/{each}.parquet'")
    answers = {"duckdb": folders["duckdb"], "hand_sql": folders["hand_sql"]}
    assert compare(city, answers)
    assert not compare(city, answers | {"hand_sql": altered})
