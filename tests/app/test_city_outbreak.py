"""The made-up outbreak and its people come out as the published figures say."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from healthcode.app.city.outbreak import Case, Meeting, spread
from healthcode.app.city.parameters import DAY, SETTINGS, STORIES
from healthcode.app.city.population import blocks
from healthcode.app.city.ward import Ward

CITY = 13_866_009  # the census; blocks without a seed cost next to nothing


@pytest.fixture(scope="module")
def wards() -> list[Ward]:
    return [Ward.of(block, 1, CITY) for block in blocks(CITY) if block.number % 3 == 0]


@pytest.fixture(scope="module")
def infections(wards: list[Ward]) -> list[tuple[Case, Meeting, Case | None]]:
    """Every case with everybody met, and the case that came of it."""
    found: list[tuple[Case, Meeting, Case | None]] = []
    for ward in wards:
        outbreak = spread(ward)
        seeds = {case.person for case, _ in outbreak.imported}
        cases = {case.person: case for case in outbreak.cases}
        for meeting in outbreak.meetings:
            other = cases.get(meeting.person)
            met = other is not None and meeting.started <= other.infected <= meeting.ended
            came = other if met and meeting.person not in seeds else None
            found.append((meeting.case, meeting, came))
    return found


def days(minutes: list[int]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(minutes) / DAY


def test_the_times_of_an_illness_are_those_published(
    infections: list[tuple[Case, Meeting, Case | None]],
) -> None:
    cases = {id(case): case for case, _, _ in infections}.values()
    assert np.median(days([c.onset - c.infected for c in cases])) == pytest.approx(5.1, abs=0.6)
    assert 3 < np.mean(days([c.confirmed - c.onset for c in cases])) < 6  # traced ones are sooner
    assert 0.1 < np.mean([not c.symptoms for c in cases]) < 0.25
    serial = days([came.onset - case.onset for case, _, came in infections if came is not None])
    assert 4 < serial.mean() < 7.6  # 5.2 to 7.6, Bi et al. 2020; 3.96, Du et al. 2020


def test_the_illness_spreads_by_setting_as_published(
    infections: list[tuple[Case, Meeting, Case | None]],
) -> None:
    met = Counter(meeting.setting.name for _, meeting, _ in infections)
    ill = Counter(meeting.setting.name for _, meeting, came in infections if came is not None)
    for setting in SETTINGS:  # those without symptoms infect few, which lowers the average
        expected = met[setting.name] * setting.attack * (1 - 0.179 * 6 / 7)
        assert ill[setting.name] == pytest.approx(expected, abs=3.5 * (expected * 1.7) ** 0.5)
    cases = len({id(case) for case, _, _ in infections})
    assert 0.3 < ill.total() / cases < 0.8  # 0.4, Bi et al. 2020, where cases are isolated


def test_nobody_infects_before_their_own_infection_or_when_isolated(
    infections: list[tuple[Case, Meeting, Case | None]],
) -> None:
    for case, meeting, came in infections:
        assert case.infected <= meeting.started
        assert came is None or came.infected <= max(case.isolated, case.infected + DAY)
        assert meeting.person != case.person


def test_households_and_ages_are_those_of_the_census(wards: list[Ward]) -> None:
    ages = np.concatenate([ward.residents.age for ward in wards[:20]])
    assert (ages < 15).mean() == pytest.approx(0.1347, abs=0.005)
    assert (ages >= 60).mean() == pytest.approx(0.2166, abs=0.005)
    homes = np.concatenate([np.diff(ward.residents.homes) for ward in wards[:20]])
    assert homes.mean() == pytest.approx(2.4, abs=0.05)
    for ward in wards[:20]:
        assert (ward.residents.age[ward.residents.homes[:-1]] >= 15).all()


def test_a_story_happens_as_often_as_it_should_in_every_city() -> None:
    divided = [len(Ward.of(block, 1, 20_000).story("seed")[0]) for block in blocks(20_000)]
    assert sum(divided) == STORIES["seed"].fewest
    assert max(divided) <= 3  # in every part of the city
    turns = [Ward.of(block, 1, 20_000).story("ordered")[1] for block in blocks(20_000)]
    assert np.concatenate(turns).tolist() == list(range(STORIES["ordered"].fewest))


def test_blocks_follow_one_another_to_the_last_person() -> None:
    after = 0
    for number, block in enumerate(blocks(CITY)):
        assert (block.number, block.first) == (number, after)
        assert 20_000 <= block.people <= 60_000
        after += block.people
    assert after == CITY
