"""The signer's process: signs what waits, one by one, until it is told to stop."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from healthcode.codes.signing import SigningKey, sign_next
from healthcode.kit.clock import Clock, SystemClock
from healthcode.kit.db import engine_for, in_words

logger = logging.getLogger(__name__)

LOOK_AGAIN = 1.0  # seconds: a call that was lost costs a person no more
CHANNEL = "codes_intents"


def run(url: str, key: SigningKey, clock: Clock | None = None) -> None:
    """Sign whatever is asked for at this database, until SIGINT or SIGTERM."""
    engine = engine_for(url, pool_size=2)
    with _told_to_stop() as stop:
        while not stop.is_set():
            try:
                _sign_and_listen(url, engine, key, clock or SystemClock(), stop)
            except (sa.exc.OperationalError, psycopg.OperationalError) as error:
                logger.warning("%s", in_words(error))
                stop.wait(LOOK_AGAIN)
    engine.dispose()


def sign_waiting(
    engine: Engine, key: SigningKey, clock: Clock, stop: threading.Event | None = None
) -> int:
    """Sign what waits now, unless told to stop; how many were signed or refused."""
    count = 0
    while stop is None or not stop.is_set():
        with engine.begin() as connection:
            if not sign_next(connection, clock, key):
                return count
        count += 1
    return count


def _sign_and_listen(
    url: str, engine: Engine, key: SigningKey, clock: Clock, stop: threading.Event
) -> None:
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as ear:
        ear.execute(f"LISTEN {CHANNEL}")
        while not stop.is_set():
            sign_waiting(engine, key, clock, stop)
            for _ in ear.notifies(timeout=LOOK_AGAIN, stop_after=1):
                pass


@contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    stop = threading.Event()
    before = {each: signal.signal(each, lambda *_: stop.set()) for each in _SIGNALS}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


_SIGNALS = (signal.SIGINT, signal.SIGTERM)
