"""A rulebook as PostgreSQL: compiled once, when it is published, and stored with it.

Importing this module imports Ibis; only publishing does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from healthcode.rulebook.engines.texts import Texts, dated
from healthcode.rulebook.terms import Rulebook

# Moments that no rulebook can contain; in the text they become the parameters of a reader.
KNOWN_AT = datetime(1111, 1, 11, 11, 11, 11, 111111)  # noqa: DTZ001 - leaves have no zone
AT = datetime(1222, 2, 22, 22, 22, 22, 222222)  # noqa: DTZ001 - as above


@dataclass(frozen=True, slots=True)
class Compiled:
    """Two statements, whose times are without a zone, in UTC.

    `findings` stands on the relations `facts` and `designations` and takes `:known_at`;
    `standing` stands on `findings` and takes `:at`.
    """

    findings: str
    standing: str


def compile_rulebook(rulebook: Rulebook) -> Compiled:
    """The rulebook's statements for PostgreSQL."""
    made = Texts(rulebook, "postgres", KNOWN_AT, AT, pretty=True)
    relations = [f"dated AS NOT MATERIALIZED ({dated('postgres')})"]
    if made.openers is not None:
        relations.append(f"openers AS MATERIALIZED ({made.openers})")
    findings = f"WITH {', '.join(relations)} SELECT * FROM ({made.findings}) AS found"
    return Compiled(
        _with_parameter(findings, KNOWN_AT, ":known_at"),
        _with_parameter(made.standing, AT, ":at"),
    )


def _with_parameter(text: str, sentinel: datetime, parameter: str) -> str:
    written = f"CAST('{sentinel.isoformat()}' AS TIMESTAMP)"
    if written not in text:
        raise AssertionError("Ibis writes timestamps otherwise now: look at this function again")
    return text.replace(written, f"CAST({parameter} AS TIMESTAMP)")
