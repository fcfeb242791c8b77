"""The README's first ten minutes, as a newcomer pastes them, on a demo that Ctrl-C then ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from healthcode.app.settings import PREFIX, Settings
from tests.promises.source import ROOT

README = (ROOT / "README.md").read_text("utf-8")
CHAPTER = README[README.index("## The first ten minutes") : README.index("### Your own facts")]
PASTED = re.findall(r"```sh\n(.*?)```", CHAPTER, re.DOTALL)[1:]
"""Every block but the first, which starts the demo."""

FOLDER = "/tmp/healthcode-try"
ADDRESS = "127.0.0.1:8720"


@dataclass
class Demo:
    """A running demo: what it has said, and what a pasted block says."""

    process: subprocess.Popen[str]
    folder: Path
    address: str
    said: list[str] = field(default_factory=list)

    def paste(self) -> list[str]:
        """Everything pasted one after the other into one shell; what each block printed."""
        mark = "=====next====="
        script = f"\necho {mark}\n".join(PASTED)
        for theirs, ours in {FOLDER: str(self.folder), ADDRESS: self.address}.items():
            script = script.replace(theirs, ours)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            capture_output=True, text=True, cwd=ROOT, timeout=120, check=False,
            env=clean() | {"COLUMNS": "100"},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return [part.strip() for part in done.stdout.split(mark)]

    def family(self) -> list[psutil.Process]:
        """Every process of the demo's session, and the database in its folder."""
        found = []
        for each in psutil.process_iter(["pid", "cmdline"]):
            try:
                ours = os.getsid(each.pid) == self.process.pid
            except ProcessLookupError:
                continue
            if ours or str(self.folder) in " ".join(each.info["cmdline"] or []):
                found.append(each)
        return found


def clean() -> dict[str, str]:
    """The environment without anybody's own settings."""
    ours = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    return {name: value for name, value in os.environ.items() if name not in ours}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("try")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("healthcode")), "demo"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=clean() | {
            "PYTHONUNBUFFERED": "1",
            "HEALTHCODE_LANGUAGE": "en",
            "HEALTHCODE_LISTEN": address,
            "HEALTHCODE_DATA_DIR": str(folder / "data"),
            "COLUMNS": "120",
        },
    )  # fmt: skip
    made = Demo(process, folder, address)
    assert process.stdout is not None
    for line in process.stdout:
        made.said.append(line)
        if "Ctrl-C ends" in line:
            break
    yield made
    for each in made.family():
        each.kill()


def test_the_demo_walks_one_person_through_and_says_where_to_look(demo: Demo) -> None:
    said = "".join(demo.said)
    assert "the whole city" in said
    assert re.search(r"gate\.home +enter", said)
    assert re.search(r"gate\.restaurant +shown only", said)
    assert re.search(r"gate\.hospital +the usual way", said)
    assert re.search(r"a clinic reports a fever +orange \(O1\)", said)
    assert re.search(r"examined and cleared +green \(G\)", said)
    assert f"http://{demo.address}/api/v1" in said


def test_the_first_ten_minutes_say_what_the_readme_says(demo: Demo) -> None:
    _, applies, declares, code, shown, fact, cleared, desk = demo.paste()
    assert '"verified":true,"name":"陈*雨"' in applies
    assert declares.splitlines() == ['{"warnings":[]}', "green"]
    assert code.startswith("JKM1:")
    assert (demo.folder / "code.svg").read_text("utf-8").startswith("<svg")
    assert shown.splitlines()[:5] == [
        "gate.home: enter",
        "gate.office: enter",
        "gate.metro: enter",
        "gate.restaurant: show_only",
        "gate.hospital: usual_way",
    ]
    assert '"recorded":1' in fact
    assert "gate.metro: call" in fact
    assert "community" in fact.splitlines()[-1]
    assert cleared.splitlines() == ['{"outcome":"recorded"}', "green", "gate.metro: enter"]
    assert "Declared." in desk
    assert "shown only" in desk


def test_ctrl_c_ends_every_process_and_the_data_stays(demo: Demo) -> None:
    assert len(demo.family()) > 4  # web and its worker, jobs, signer, database
    os.killpg(demo.process.pid, signal.SIGINT)
    _, wrong = demo.process.communicate(timeout=30)
    assert (demo.process.returncode, wrong) == (0, "")
    assert demo.family() == []
    assert (demo.folder / "data" / "postgres" / "PG_VERSION").exists()
