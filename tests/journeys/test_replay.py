"""The replay of a past outbreak agrees with a calculation written apart from the engine."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest

from healthcode.app import replaying
from healthcode.app.settings import Settings
from healthcode.kit.embedded import embedded_server
from tests.conftest import OUTBREAK
from tests.journeys import replay_oracle


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(data_dir=tmp_path_factory.mktemp("replay"))


def _replay(folder: Path, settings: Settings) -> dict[str, object]:
    result = replaying.replay(folder, settings, lambda _doing, _done, _of: None)
    assert result.rejected == {}
    return result.as_data()


def test_the_real_outbreak_is_judged_as_the_oracle_judges_it(settings: Settings) -> None:
    if not OUTBREAK.is_dir():
        assert "CI" not in os.environ, "CI must have the outbreak beside the checkout"
        pytest.skip("the real outbreak lies outside the project; it is not here")
    result = _replay(OUTBREAK, settings)
    assert result == replay_oracle.replay(OUTBREAK)
    assert {name: each["flagged"] for name, each in result.items()} == {
        "authority": 92,
        "declared": 131,
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_any_folder_in_the_format_is_judged_as_the_oracle_judges_it(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    replay_oracle.random_folder(tmp_path, seed)
    assert _replay(tmp_path, settings) == replay_oracle.replay(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 40))
def test_many_folders_are_judged_as_the_oracle_judges_them(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    replay_oracle.random_folder(tmp_path, seed)
    assert _replay(tmp_path, settings) == replay_oracle.replay(tmp_path)


def test_a_replay_leaves_nothing_behind(settings: Settings, tmp_path: Path) -> None:
    replay_oracle.random_folder(tmp_path, 1)
    _replay(tmp_path, settings)
    with (
        embedded_server(settings.data_dir) as server,
        psycopg.connect(server) as connection,
    ):
        names = [name for (name,) in connection.execute("SELECT datname FROM pg_database")]
    assert sorted(names) == ["postgres", "template0", "template1"]


HEADERS = {
    "people.csv": "subject,sex,age",
    "evidence.csv": "subject,kind,result,area,place,with_subject,started_at,ended_at,recorded_at"
    ",source",
    "designations.csv": "area,place,level,started_at,ended_at,recorded_at",
}


def _folder(folder: Path, people: list[str], evidence: list[str], put: list[str]) -> Path:
    for (name, header), rows in zip(HEADERS.items(), (people, evidence, put), strict=True):
        (folder / name).write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return folder


def test_no_row_that_the_format_allows_is_refused(settings: Settings, tmp_path: Path) -> None:
    folder = _folder(
        tmp_path,
        ["A,F,30", "10:110101199003070000,,", "陈 六,M,4"],
        [
            "A,contact,close,,,A,2020-01-10,,2020-01-10,who knows",
            "A,rumour,Heard It,999999,nowhere,Z,2020-01-10,2020-01-12,2020-01-10,self",
            "Z,order,red,120000,,,2020-01-10,,2020-01-11,",
            "10:110101199003070000,diagnosis,confirmed,,,,2020-02-01,,2020-02-01,hospital",
            "陈 六,symptom,reported,,,,2020-01-20,,2020-01-21,self",
        ],
        ["420100,market,high,2020-01-01,2020-01-01,2020-01-02"],
    )
    result = _replay(folder, settings)
    assert result == replay_oracle.replay(folder)
    assert result["authority"]["cases"] == 1


def test_another_outbreak_is_judged_over_its_own_days(settings: Settings, tmp_path: Path) -> None:
    folder = _folder(
        tmp_path,
        ["A,F,30"],
        [
            "A,symptom,reported,,,,2021-06-01,,2021-06-02,self",
            "A,diagnosis,confirmed,,,,2021-06-04,,2021-06-05,hospital",
        ],
        [],
    )
    result = _replay(folder, settings)
    assert list(result["declared"]["census"]) == [f"2021-06-0{day}" for day in range(1, 6)]
    assert result["declared"]["median_lead_days"] == 2
    assert result["authority"]["median_lead_days"] is None
