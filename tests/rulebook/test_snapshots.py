"""What reviewers see of a change: the shipped rulebook's SQL, and the schema of the language.

To accept a change: `UPDATE_SNAPSHOTS=1 make test`, and read the difference.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from healthcode.app.wiring import SHIPPED_RULEBOOK, shipped
from healthcode.rulebook.actions import read_rulebook
from healthcode.rulebook.compiling import compile_rulebook
from healthcode.rulebook.engines.texts import Dialect, Texts
from healthcode.rulebook.terms import Rulebook

ROOT = Path(__file__).parents[2]
SNAPSHOTS = Path(__file__).parent / "snapshots"


def _same(path: Path, text: str) -> None:
    if "UPDATE_SNAPSHOTS" in os.environ:
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text("utf-8") == text, f"{path.name} differs; see this module"


def _shipped() -> Rulebook:
    return read_rulebook((shipped("rulebooks") / SHIPPED_RULEBOOK).read_text("utf-8"))


def test_the_shipped_rulebook_compiles_to_the_reviewed_statements() -> None:
    compiled = compile_rulebook(_shipped())
    _same(SNAPSHOTS / "postgres" / "findings.sql", compiled.findings + "\n")
    _same(SNAPSHOTS / "postgres" / "standing.sql", compiled.standing + "\n")


@pytest.mark.parametrize("dialect", ["duckdb", "pyspark"])
def test_the_engines_that_judge_everybody_are_given_the_reviewed_statements(
    dialect: Dialect,
) -> None:
    noon = datetime(2020, 2, 20, 4)
    made = Texts(_shipped(), dialect, known_at=noon, at=noon, pretty=True)
    _same(SNAPSHOTS / dialect / "findings.sql", made.findings + "\n")
    _same(SNAPSHOTS / dialect / "standing.sql", made.standing + "\n")


def test_the_published_schema_is_that_of_the_language() -> None:
    schema = Rulebook.model_json_schema(by_alias=True)
    text = json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
    _same(ROOT / "docs" / "reference" / "rulebook.schema.json", text)
