"""One city for each file of tests; what its people do stays among themselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.city import City, opened


@pytest.fixture(scope="module")
def city(server: str, masters: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A city of this file's own."""
    with opened(server, masters, tmp_path_factory.mktemp("city")) as made:
        yield made
