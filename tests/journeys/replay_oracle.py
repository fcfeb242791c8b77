"""The replay of an outbreak, straight from its CSV files: five rules, one loop for each.

It knows nothing of the project: days are dates, and the rules are written out here once more.
"""

from __future__ import annotations

import csv
import random
import statistics
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

Row = dict[str, str]

FIRST_DAY = date(2020, 1, 5)
LAST_DAY = date(2020, 2, 29)
FORTNIGHT = timedelta(days=14)


def days() -> list[date]:
    """Every day of the replay, the first and the last included."""
    return [FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]


def rows(path: Path) -> list[Row]:
    """The rows of a CSV file with a header."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def day(text: str) -> date:
    """A local day, which means its 00:00."""
    return date.fromisoformat(text)


def end_of(row: Row) -> date:
    """An empty end is a point in time."""
    return day(row["ended_at"] or row["started_at"])


def is_known(row: Row, t: date) -> bool:
    """Only what was recorded at or before t is used."""
    return day(row["recorded_at"]) <= t


def prefix(code: str) -> str:
    """A division code without its trailing zero pairs."""
    while code.endswith("00"):
        code = code[:-2]
    return code


def overlaps(fact: Row, designation: Row) -> bool:
    """A fact is the closed span [started, ended], a designation the half-open [started, ended)."""
    starts_before_its_end = designation["ended_at"] == "" or day(fact["started_at"]) < day(
        designation["ended_at"]
    )
    return starts_before_its_end and end_of(fact) >= day(designation["started_at"])


def is_in_high_risk_area(stay: Row, designations: Iterable[Row]) -> bool:
    """A `high` designation of that area, or of an area that contains it."""
    return any(
        designation["level"] == "high"
        and prefix(designation["area"]) != ""
        and stay["area"].startswith(prefix(designation["area"]))
        and overlaps(stay, designation)
        for designation in designations
    )


def is_at_exposure_site(visit: Row, designations: Iterable[Row]) -> bool:
    """An `exposure` designation of that place."""
    return any(
        designation["level"] == "exposure"
        and designation["place"] != ""
        and designation["place"] == visit["place"]
        and overlaps(visit, designation)
        for designation in designations
    )


def colour_of_fact(fact: Row, designations: list[Row], t: date) -> str:
    """What this one known fact gives on day t, by the five rules; green is nothing."""
    kind, start, end = fact["kind"], day(fact["started_at"]), end_of(fact)
    confirmed = kind == "diagnosis"
    contact = kind == "contact" and t < end + FORTNIGHT
    stay = kind == "stay" and t < end + FORTNIGHT and is_in_high_risk_area(fact, designations)
    visit = kind == "visit" and t < end + FORTNIGHT and is_at_exposure_site(fact, designations)
    symptom = kind == "symptom" and t < start + FORTNIGHT
    if start <= t and (confirmed or contact or stay):
        return "red"
    return "orange" if start <= t and (visit or symptom) else "green"


def colour_of(own: list[Row], designations: list[Row], t: date) -> str:
    """The most severe active rule of a person on day t."""
    known_designations = [row for row in designations if is_known(row, t)]
    given = {colour_of_fact(row, known_designations, t) for row in own if is_known(row, t)}
    return next((colour for colour in ("red", "orange") if colour in given), "green")


def scenario(people: list[Row], evidence: list[Row], designations: list[Row]) -> dict[str, Any]:
    """One scenario: cases, flagged cases, the median lead, and the census of every day."""
    facts: dict[str, list[Row]] = {row["subject"]: [] for row in people}
    for row in evidence:
        facts.setdefault(row["subject"], []).append(row)
    colours = {
        subject: {t: colour_of(own, designations, t) for t in days()}
        for subject, own in facts.items()
    }
    leads = []
    cases = 0
    for subject, own in facts.items():
        diagnoses = [day(row["started_at"]) for row in own if row["kind"] == "diagnosis"]
        if not diagnoses:
            continue
        cases += 1
        diagnosis = min(diagnoses)
        before = [t for t in days() if t < diagnosis and colours[subject][t] != "green"]
        if before:
            leads.append((diagnosis - before[0]).days)
    census = {t.isoformat(): {"green": 0, "orange": 0, "red": 0} for t in days()}
    for subject in {row["subject"] for row in people}:
        for t in days():
            census[t.isoformat()][colours[subject][t]] += 1
    return {
        "cases": cases,
        "flagged": len(leads),
        "median_lead_days": float(statistics.median(leads)) if leads else None,
        "census": census,
    }


def replay(folder: Path) -> dict[str, Any]:
    """Both scenarios of a folder: without, and with, what an honest person would have declared."""
    people = rows(folder / "people.csv")
    evidence = rows(folder / "evidence.csv")
    designations = rows(folder / "designations.csv")
    without_symptoms = [row for row in evidence if row["kind"] != "symptom"]
    return {
        "authority": scenario(people, without_symptoms, designations),
        "declared": scenario(people, evidence, designations),
    }


# A random folder in the same format, for tests.

SUBJECTS = [f"R{number}" for number in range(1, 31)]
STAY_AREAS = ("420106", "420115", "420100", "420500", "420000", "120101", "120115", "330106")
RISK_AREAS = ("420000", "420100", "420106", "420500", "120000", "120100", "120115", "330000")
PLACES = ("north-store", "south-market", "quiet-hotel")
PEOPLE = ("subject", "sex", "age")
EVIDENCE = (
    *("subject", "kind", "result", "area", "place", "with_subject"),
    *("started_at", "ended_at", "recorded_at", "source"),
)
DESIGNATIONS = ("area", "place", "level", "started_at", "ended_at", "recorded_at")


def some_day(dice: random.Random, first: date, last: date) -> date:
    """A day from the first to the last, both included."""
    return first + timedelta(days=dice.randint(0, (last - first).days))


def times(dice: random.Random, longest: int) -> Row:
    """A moment or a span, recorded at once, at its end or up to twelve days later."""
    start = some_day(dice, FIRST_DAY - timedelta(days=12), LAST_DAY)
    end = start + timedelta(days=dice.randint(0, longest))
    is_moment = longest == 0 or dice.random() < 0.3
    recorded = (start if is_moment else end) + timedelta(days=dice.choice((0, 0, 1, 3, 12)))
    return {
        "started_at": start.isoformat(),
        "ended_at": "" if is_moment else end.isoformat(),
        "recorded_at": recorded.isoformat(),
    }


def random_fact(dice: random.Random, subject: str) -> Row:
    """A contact, stay, visit, symptom, or a test, which no rule of the replay names."""
    kind = dice.choice(("contact", "stay", "stay", "visit", "visit", "symptom", "test"))
    row = dict.fromkeys(EVIDENCE, "") | {"subject": subject, "kind": kind}
    if kind == "contact":
        others = [other for other in SUBJECTS if other != subject]
        said = {"result": "close", "with_subject": dice.choice(others)}
        return row | said | {"source": "contact-tracing"} | times(dice, 2)
    if kind == "stay":
        return row | {"area": dice.choice(STAY_AREAS), "source": "travel"} | times(dice, 10)
    if kind == "visit":
        said = {"area": dice.choice(("120115", "120101")), "place": dice.choice(PLACES)}
        return row | said | {"source": "place"} | times(dice, 1)
    if kind == "symptom":
        return row | {"result": "reported", "source": "self"} | times(dice, 0)
    return row | {"result": "negative", "source": "health-commission"} | times(dice, 0)


def random_designation(dice: random.Random, level: str, area: str, place: str) -> Row:
    """A designation, open or ended, known on its day or later."""
    start = some_day(dice, FIRST_DAY - timedelta(days=5), LAST_DAY - timedelta(days=20))
    end = start + timedelta(days=dice.randint(1, 20))
    recorded = start + timedelta(days=dice.choice((0, 2, 13)))
    return {
        "area": area,
        "place": place,
        "level": level,
        "started_at": start.isoformat(),
        "ended_at": dice.choice(("", end.isoformat(), end.isoformat())),
        "recorded_at": recorded.isoformat(),
    }


def random_folder(path: Path, seed: int) -> None:
    """Write a small outbreak: 30 people, about 200 facts, designations of areas and two places."""
    dice = random.Random(seed)
    path.mkdir(parents=True, exist_ok=True)
    people = [
        {"subject": subject, "sex": dice.choice("FM"), "age": str(dice.randint(1, 90))}
        for subject in SUBJECTS
    ]
    # The last person has no facts at all, so that an empty row of a census is counted too.
    evidence = [random_fact(dice, dice.choice(SUBJECTS[:-1])) for _ in range(186)]
    cases = dice.sample(SUBJECTS[:-1], 12)
    for subject in [*cases, *cases[:2]]:  # two of them are diagnosed twice
        said = {"kind": "diagnosis", "result": "confirmed", "source": "health-commission"}
        when = some_day(dice, FIRST_DAY, LAST_DAY)
        known = when + timedelta(days=dice.choice((0, 0, 2)))
        dates = {"started_at": when.isoformat(), "recorded_at": known.isoformat()}
        evidence.append(dict.fromkeys(EVIDENCE, "") | {"subject": subject} | said | dates)
    dice.shuffle(evidence)
    designations = [
        random_designation(dice, dice.choice(("high", "high", "medium")), area, "")
        for area in dice.sample(RISK_AREAS, 5)
    ]
    designations += [random_designation(dice, "exposure", "", place) for place in PLACES[:2]]
    # A level that must not count: a shop is not a high-risk area, a district no exposure site.
    designations.append(random_designation(dice, "high", "", PLACES[2]))
    designations.append(random_designation(dice, "exposure", "120101", ""))
    write(path / "people.csv", PEOPLE, people)
    write(path / "evidence.csv", EVIDENCE, evidence)
    write(path / "designations.csv", DESIGNATIONS, designations)


def write(path: Path, columns: tuple[str, ...], of: list[Row]) -> None:
    """Write rows under a header."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(of)
