"""`healthcode demo`: the city, its processes, one person's way through it, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from rich.console import Console

from healthcode.app.commands import common
from healthcode.app.commands.listening import check_free
from healthcode.app.demo import city, staff, walk
from healthcode.app.outside import bind_outside
from healthcode.app.settings import PREFIX, Settings
from healthcode.app.wiring import open_house, run_jobs
from healthcode.kit.errors import NotReady
from healthcode.kit.words import Language, Words

PROCESSES = ("serve", "work", "sign")
PATIENCE = 30.0  # seconds for the web process to answer
LOOK_AGAIN = 0.1  # seconds between two looks at processes, which tell us nothing by themselves
FAREWELL = 10.0  # seconds for a process to end by itself


class DemoFails(NotReady):
    """A process of the demo ended, or the web does not answer."""

    words = Words(
        zh="演示没有启动：{what} 没有应答或已退出。请检查地址 {listen} 是否被占用"
        "（可用 HEALTHCODE_LISTEN 更换）。",
        en="The demo did not start: {what} ended or does not answer. Check whether {listen} is "
        "taken (HEALTHCODE_LISTEN names another).",
    )


def run(*, as_json: bool, spoken: Language) -> None:
    """Make the city and show it; with its processes, unless as JSON."""
    settings = city.settings()
    if not as_json:
        check_free(settings.listen)
    bind_outside(settings.model_copy(update={"demo": True}))
    with open_house(settings) as database:

        def show() -> city.Shown:
            return city.show(database, settings, lambda: run_jobs(database, wait=False))

        if as_json:
            common.print_json(show().as_data())
            return
        with _processes(settings) as running:  # they get ready while the city is made
            common.out.print(*show().as_tables(spoken), sep="\n")
            _wait_for(settings, running)
            walk.show(settings, common.out, spoken)
            _say_where(settings, common.out, spoken)
            _stay(settings, running)


def _say_where(settings: Settings, console: Console, spoken: Language) -> None:
    address = f"http://{settings.listen}/api/v1"
    names = ", ".join([*staff.FOUNDERS, *(each[0] for each in staff.STAFF)])
    gates = ", ".join(each[0] for each in city.GATES)
    said = {
        "zh": f"""
接口      {address}（说明：{address}/openapi.json）
账号      {names}
查验员    {gates}
口令      {staff.PASSWORD}
数据来源  {staff.CLIENT}，密钥在 {settings.data_dir / "demo" / staff.CLIENT_KEY}
短信      在此显示，也可向 POST {address}/demo/sms 查询
接下来    README 中的“最初十分钟”
按 Ctrl-C 结束全部进程；数据会保留。""",
        "en": f"""
API        {address} (described in {address}/openapi.json)
accounts   {names}
gates      {gates}
password   {staff.PASSWORD}
client     {staff.CLIENT}, its key is in {settings.data_dir / "demo" / staff.CLIENT_KEY}
SMS        printed here, and at POST {address}/demo/sms
next       the first ten minutes in README.md
Ctrl-C ends every process; the data stays.""",
    }
    console.print(said[spoken], highlight=False, markup=False, soft_wrap=True)


@contextmanager
def _processes(settings: Settings) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """The house's processes, each ended when we end."""
    environment = os.environ | {
        f"{PREFIX}DEMO": "1",
        f"{PREFIX}DATA_DIR": str(settings.data_dir),
        f"{PREFIX}LISTEN": settings.listen,
    }
    running: dict[str, subprocess.Popen[bytes]] = {}
    # kill and terminate too: whoever stops us stops them
    before = signal.signal(signal.SIGTERM, lambda *_: _interrupted())
    try:
        for name in PROCESSES:
            running[name] = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "healthcode.app.cli", name], env=environment
            )
        yield running
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
        for process in running.values():
            process.terminate()
        for process in running.values():
            try:
                process.wait(FAREWELL)
            except subprocess.TimeoutExpired:
                process.kill()


def _interrupted() -> None:
    raise KeyboardInterrupt


def _wait_for(settings: Settings, running: dict[str, subprocess.Popen[bytes]]) -> None:
    """Until the web process answers. Raises DemoFails."""
    address = f"http://{settings.listen}/health"
    for _ in range(int(PATIENCE / LOOK_AGAIN)):
        for name, process in running.items():
            if process.poll() is not None:
                raise DemoFails(what=name, listen=settings.listen)
        try:
            if httpx.get(address, timeout=1).is_success:
                return
        except httpx.TransportError:
            time.sleep(LOOK_AGAIN)
    raise DemoFails(what="serve", listen=settings.listen)


def _stay(settings: Settings, running: dict[str, subprocess.Popen[bytes]]) -> None:
    """Until Ctrl-C, or until a process ends by itself. Raises DemoFails."""
    while True:
        for name, process in running.items():
            if process.poll() is not None:
                raise DemoFails(what=name, listen=settings.listen)
        time.sleep(LOOK_AGAIN)
