"""The strategies draw worlds in which something happens: else a property would promise nothing."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings

from tests.rulebook.strategies import World, happenings, worlds

LEAST_SHARE = {
    "a finding": 0.35,
    "a window without end": 0.10,
    "findings of several persons": 0.05,
    "an early end": 0.10,
    "an early end by count": 0.03,
    "an early end far apart": 0.003,
    "an early end that lasted": 0.01,
    "an early end by one source": 0.01,
    "an early end after the end": 0.01,
    "a designation": 0.10,
    "something not known yet": 0.08,
}


@pytest.mark.slow
def test_drawn_worlds_are_rarely_empty() -> None:
    seen: Counter[str] = Counter()
    drawn = 0

    @settings(max_examples=300, deadline=None, database=None, derandomize=True)
    @given(worlds())
    def look(world: World) -> None:
        nonlocal drawn
        drawn += 1
        seen.update(happenings(world))

    look()
    too_rare = {
        name: seen[name] for name, share in LEAST_SHARE.items() if seen[name] < share * drawn
    }
    assert drawn >= 300
    assert not too_rare
