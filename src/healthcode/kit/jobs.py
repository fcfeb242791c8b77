"""Jobs in PostgreSQL (procrastinate): deferred in the caller's transaction, safe to run twice.

A job is a function `(transaction, **arguments)`, named in the table of `app/wiring.py`. It runs in
one transaction of its own, so a job that dies has done nothing and is taken up again.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import procrastinate
import procrastinate.exceptions
import sqlalchemy as sa
from procrastinate.jobs import Status
from sqlalchemy.engine import Connection

logger = logging.getLogger(__name__)
# Its own messages give the arguments of jobs, which name persons by their keys.
logging.getLogger("procrastinate").setLevel(logging.CRITICAL)

_WAITING = sa.text("""
    SELECT args FROM procrastinate_jobs WHERE task_name = :job AND status IN ('todo', 'doing')
""")

AT_ONCE = 3  # jobs of a worker: one that waits for a service must not hold up the colours
STALLED_AFTER = 60.0  # seconds without a heartbeat; a worker sends one every ten


@dataclass(frozen=True)
class Job:
    """What to run, and for a job of the clock when (a cron line)."""

    run: Callable[..., None]
    every: str | None = None


class Jobs:
    """The queue. `work` runs it in this process; `defer` needs only a connection."""

    def __init__(self, url: str, table: Mapping[str, Job]) -> None:
        self._table = table
        self._conninfo = (
            sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        )
        self._queue = self._app()

    def _app(self) -> procrastinate.App:
        return procrastinate.App(
            connector=procrastinate.PsycopgConnector(
                conninfo=self._conninfo,
                kwargs={"options": "-c timezone=UTC", "connect_timeout": 10},
                min_size=1,
                max_size=4,
            )
        )

    def defer(
        self,
        connection: Connection,
        job: str,
        *,
        once: str | None = None,
        later: bool = False,
        arguments: Mapping[str, Any],
    ) -> bool:
        """Put a job in the queue when the connection commits; it may run at once after that.

        With `once`, a second job of that name is not queued while the first still waits: False.
        """
        if job not in self._table:
            raise LookupError(f"no job is called {job}")
        raw = connection.connection.driver_connection
        task = self._queue.configure_task(
            job,
            queueing_lock=once,
            connection=raw,
            allow_unknown=True,
            priority=-1 if later else 0,
        )
        try:
            # A duplicate must not abort the caller's transaction: only this savepoint.
            with connection.begin_nested():
                task.defer(**arguments)
        except procrastinate.exceptions.AlreadyEnqueued:
            return False
        return True

    def waiting(self, connection: Connection, job: str) -> list[dict[str, Any]]:
        """The arguments of every job of this name that waits or runs, as the connection sees it."""
        return list(connection.execute(_WAITING, {"job": job}).scalars())

    def work(self, run: Callable[[Job, dict[str, Any]], None], *, wait: bool) -> None:
        """Run jobs until there are none (`wait=False`), or until stopped.

        `run` is given the job and its arguments and runs it in a transaction.
        """
        app = self._app()
        for name, job in self._table.items():
            _register(app, name, job, run)
        asyncio.run(_work(app, wait=wait))


def _register(
    app: procrastinate.App, name: str, job: Job, run: Callable[[Job, dict[str, Any]], None]
) -> None:
    def task(**arguments: Any) -> None:
        arguments.pop("timestamp", None)  # a job of the clock is told the time; ours ask the clock
        try:
            run(job, arguments)
        except BaseException:
            logger.exception("The job %s failed; it is tried again later.", name)
            raise

    retry = procrastinate.RetryStrategy(max_attempts=8, exponential_wait=2)
    made = app.task(name=name, retry=retry)(task)
    if job.every is not None:
        # procrastinate's types expect a task of one timestamp; `task` drops it
        app.periodic(cron=job.every)(cast("Any", made))


async def _work(app: procrastinate.App, *, wait: bool) -> None:
    told = _told_to_stop()
    async with app.open_async():
        await _take_up_stalled(app)
        watch = asyncio.create_task(_watch_for_stalled(app))
        stop = asyncio.create_task(told.wait())
        work = asyncio.create_task(
            app.run_worker_async(
                wait=wait,
                concurrency=AT_ONCE if wait else 1,  # one by one, a job may ask for another
                listen_notify=wait,
                delete_jobs="successful",
                install_signal_handlers=False,
            )
        )
        await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
        for each in (watch, stop):
            each.cancel()
        # Cancelled, a worker finishes what it runs and begins nothing more.
        if not work.done():
            work.cancel()
        with suppress(asyncio.CancelledError):
            await work


def _told_to_stop() -> asyncio.Event:
    """Set by Ctrl-C or SIGTERM, however early.

    A signal that comes while procrastinate opens its connections or puts up handlers of its own
    would be lost.
    """
    told = asyncio.Event()
    if threading.current_thread() is threading.main_thread():
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, told.set)
    return told


async def _watch_for_stalled(app: procrastinate.App) -> None:
    while True:
        await asyncio.sleep(STALLED_AFTER)
        await _take_up_stalled(app)


async def _take_up_stalled(app: procrastinate.App) -> None:
    """A job whose worker was killed goes back into the queue."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
        try:
            await app.job_manager.retry_job(job)
        except procrastinate.exceptions.UniqueViolation:
            # Another of the same name waits already: that one will do its work.
            await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
