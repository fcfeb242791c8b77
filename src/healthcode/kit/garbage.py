"""How often Python looks for garbage in cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

SELDOM = 100_000  # new objects between two looks: as many as a block of rows has

_looks: list[tuple[int, int, int]] = []  # what to go back to, one for each that runs
_LOOKS = Lock()


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """While many objects are made that last: looking for cycles in them takes a fifth of the time.

    Of those that run at once the last to end puts things back as the first found them.
    """
    with _LOOKS:
        _looks.append(gc.get_threshold())
        gc.set_threshold(SELDOM, *_looks[-1][1:])
    try:
        yield
    finally:
        with _LOOKS:
            gc.set_threshold(*_looks.pop())
