"""A made-up city's feed files are taken whole, and say what its snapshot says."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from healthcode.app.city.feeding import registrations
from healthcode.app.city.making import make_city
from healthcode.app.city.parameters import SOURCES
from healthcode.evidence.actions import register, register_for_replay
from healthcode.evidence.feeds.importing import Importer
from healthcode.evidence.feeds.reading import REPLAY
from healthcode.kit.db import Database
from healthcode.people.terms import Document, DocumentKind

ROOT = Path(__file__).parents[2]
FILES = ("people.csv", "designations.csv", "evidence.csv")
SHANGHAI = timezone(timedelta(hours=8))


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("feeds") / "made"
    make_city(2000, 1, folder, feeds=True)
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_page_says_how_to_register_the_sources() -> None:
    page = (ROOT / "docs" / "reference" / "city.md").read_text("utf-8")
    found = re.findall(r'^add (\w+) +(\w+) +"([a-z ]+)"$', page, re.MULTILINE)
    assert found == [
        (each.source, each.source_class, " ".join(each.kinds)) for each in registrations("city")
    ]


def test_a_feed_takes_every_row(fresh: Database, feeds: Path) -> None:
    with fresh.transaction() as transaction:
        for each in registrations("city"):
            register(transaction, each)
    for name in FILES:
        report = Importer(fresh, "city", "12").run(feeds / name)
        assert (report.rejected, report.corrected, report.unchanged) == (0, 0, 0)
        assert report.rows == len(rows(feeds / name))
        assert report.recorded + report.retracted + report.proposed == report.rows


def test_a_replay_knows_everything_since_when_the_snapshot_does(
    fresh: Database, tmp_path: Path
) -> None:
    make_city(400, 9, tmp_path / "feeds", feeds=True)
    make_city(400, 9, tmp_path / "snapshot")
    with fresh.transaction() as transaction:
        for source in (REPLAY, *SOURCES):
            register_for_replay(transaction, source)
    for name in FILES:
        report = Importer(fresh, REPLAY, "12", replay=True).run(tmp_path / "feeds" / name)
        assert report.rejected == 0
    statement = sa.text(
        "SELECT kind, result, f.source, area, place, started_at, f.recorded_at, r.recorded_at"
        " FROM evidence.facts f LEFT JOIN evidence.retractions r USING (fact)"
    )
    with fresh.transaction() as transaction:
        imported = Counter(tuple(row) for row in transaction.run(statement))
    table = ds.dataset(tmp_path / "snapshot" / "facts", partitioning="hive").to_table()
    columns = ("kind", "result", "source", "area", "place", "started", "recorded", "retracted")
    written = Counter(
        tuple(
            value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
            for value in (row[name] for name in columns)
        )
        for row in table.to_pylist()
        if row["kind"] != "order"
    )
    assert imported == written


def test_feeds_have_the_people_and_facts_of_the_snapshot(feeds: Path, tmp_path: Path) -> None:
    make_city(2000, 1, tmp_path / "snapshot")
    people = pq.read_table(tmp_path / "snapshot" / "people.parquet").to_pylist()
    assert [(int(row["subject"][1:]), row["residence"]) for row in rows(feeds / "people.csv")] == [
        (row["person"], row["residence"]) for row in people
    ]
    facts = ds.dataset(tmp_path / "snapshot" / "facts", partitioning="hive").to_table().to_pylist()
    snapshot = {
        (f"f{row['fact']}", f"c{row['person']:08}", row["kind"], row["result"], row["started"])
        for row in facts
        if row["kind"] != "order"
    }
    written = rows(feeds / "evidence.csv")
    assert snapshot == {
        (
            row["row_id"], row["subject"], row["kind"], row["result"],
            datetime.fromisoformat(row["started_at"]).replace(tzinfo=SHANGHAI).astimezone(UTC)
            .replace(tzinfo=None),
        )
        for row in written
        if row["action"] == "record"
    }  # fmt: skip
    retracted = {f"f{row['fact']}" for row in facts if row["retracted"] and row["kind"] != "order"}
    assert retracted == {row["row_id"] for row in written if row["action"] == "retract"}
    assert any(row["with_subject"] for row in written)


def test_everybody_has_a_valid_document_of_their_own(feeds: Path) -> None:
    people = rows(feeds / "people.csv")
    today = date(2020, 3, 20)
    documents = [Document.read(row["document"], today) for row in people]
    assert len(set(documents)) == len(people)
    assert {document.kind for document in documents} == set(DocumentKind)
    for row, document in zip(people, documents, strict=True):
        if document.kind is not DocumentKind.IDENTITY_CARD:
            continue
        assert document.number.startswith("129")  # a code of no division
        born = date.fromisoformat(document.number[6:14])
        before_birthday = (today.month, today.day) < (born.month, born.day)
        assert int(row["age"]) == today.year - born.year - before_birthday
        assert row["sex"] == ("M" if int(document.number[16]) % 2 else "F")


def test_documents_stay_unique_where_blocks_are_large(tmp_path: Path) -> None:
    make_city(120_000, 4, tmp_path / "large", feeds=True)
    documents = [row["document"] for row in rows(tmp_path / "large" / "people.csv")]
    assert len(set(documents)) == len(documents)
