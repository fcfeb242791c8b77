"""One made-up person walks the whole way over HTTP, as a phone, a clinic and a gate would."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from healthcode.access.terms import CONSENT
from healthcode.app.demo import city, staff
from healthcode.app.settings import Settings
from healthcode.app.showing import DECISIONS
from healthcode.gates import Decision
from healthcode.kit.errors import NotReady
from healthcode.kit.words import Language, Words

PATIENCE = 15.0  # seconds for a text message or a signature
LOOK_AGAIN = 0.1  # seconds between two looks, as an app would poll
WARM = 36.5  # degrees Celsius


class WalkFails(NotReady):
    """A step of the demo's own walk did not answer as it should."""

    words = Words(
        zh="演示的一步没有按预期完成：{step}（HTTP {status}）。",
        en="A step of the demo's walk did not go as it should: {step} (HTTP {status}).",
    )


@dataclass
class Walk:
    """Calls of one person, and of the staff they meet."""

    settings: Settings
    http: httpx.Client

    def call(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """An answer's JSON. Raises WalkFails."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = self.http.request(method, f"/api/v1{path}", json=body, headers=headers)
        if not answer.is_success:
            raise WalkFails(step=f"{method} {path}", status=answer.status_code)
        return answer.json() if answer.content else None

    def until(self, asked: Callable[[], Any]) -> Any:
        """Ask again until there is something. Raises WalkFails."""
        for _ in range(int(PATIENCE / LOOK_AGAIN)):
            if found := asked():
                return found
            time.sleep(LOOK_AGAIN)
        raise WalkFails(step="wait", status=0)

    def staff(self, name: str) -> str:
        """A member of staff signs in."""
        body = {"name": name, "password": staff.PASSWORD}
        return str(self.call("POST", "/session/password", body)["token"])

    def one_time_code(self, phone: str) -> str | None:
        """The code of the last message to this phone, once the worker has sent it."""
        answer = self.http.post("/api/v1/demo/sms", json={"phone": phone})
        found = re.search(r"\b\d{6}\b", answer.json()["text"]) if answer.is_success else None
        return found[0] if found else None


def show(settings: Settings, console: Console, spoken: Language) -> None:
    """Walk, and show each step. Raises WalkFails."""
    table = Table(box=SIMPLE_HEAD, title={"zh": "一个人的全程", "en": "One person's way"}[spoken])
    for heading in {"zh": ("步骤", "结果"), "en": ("step", "what came of it")}[spoken]:
        table.add_column(heading, overflow="fold")
    with httpx.Client(base_url=f"http://{settings.listen}", timeout=10) as http:
        for step, result in _steps(Walk(settings, http), spoken):
            table.add_row(step, result)
    console.print(table)


def _steps(walk: Walk, spoken: Language) -> Iterator[tuple[str, str]]:
    name, document, phone = city.NEWCOMERS[0]
    me = _signed_in(walk, phone, document)
    stated = {"name": name, "document": document, "residence": "120101"}
    walk.call("PUT", "/me", stated | {"consent": CONSENT.version}, me)
    yield {"zh": "手机登录，实名登记", "en": "signs in by phone, registers"}[spoken], name
    declaration = {"district": "120101", "consent": CONSENT.version}
    walk.call("POST", "/me/declarations", declaration, me)
    yield {"zh": "申报健康", "en": "declares"}[spoken], _standing(walk, me, spoken)
    code = _code(walk, me)
    yield {"zh": "领取健康码", "en": "gets a code"}[spoken], f"{code[:24]}… ({len(code)})"
    for gate in ("gate.home", "gate.restaurant", "gate.hospital"):
        yield gate, _checked(walk, gate, code, spoken)
    row = {"subject": document, "kind": "symptom", "result": "fever", "started_at": _now(walk)}
    key = (walk.settings.data_dir / "demo" / staff.CLIENT_KEY).read_text()
    walk.call("POST", "/feeds/demo-clinics", {"rows": [row]}, key)
    yield (
        {"zh": "医院报来发热", "en": "a clinic reports a fever"}[spoken],
        _standing(walk, me, spoken),
    )
    yield "gate.metro", _checked(walk, "gate.metro", code, spoken)
    clinic = walk.staff("zhao.clinic")
    walk.call("POST", "/clearances", {"document": document, "result": "examined"}, clinic)
    yield {"zh": "检查后解除", "en": "examined and cleared"}[spoken], _standing(walk, me, spoken)
    yield "gate.metro", _checked(walk, "gate.metro", code, spoken)


def _signed_in(walk: Walk, phone: str, document: str) -> str:
    """A session, kept between starts: codes by SMS are for people, and limited."""
    kept = walk.settings.data_dir / "demo" / "walk.session"
    if kept.exists():
        token = kept.read_text()
        headers = {"Authorization": f"Bearer {token}"}
        if walk.http.get("/api/v1/me", headers=headers).is_success:
            return token
    walk.call("POST", "/session/phone/start", {"phone": phone})
    code = walk.until(lambda: walk.one_time_code(phone))
    asked = {"phone": phone, "code": code, "document": document}
    token = str(walk.call("POST", "/session/phone/finish", asked)["token"])
    kept.write_text(token)
    kept.chmod(0o600)
    return token


def _code(walk: Walk, me: str) -> str:
    asked = walk.call("POST", "/me/credentials", token=me)
    path = asked["address"].removeprefix("/api/v1")

    def signed() -> Any:
        return walk.call("GET", path, token=me)["code"]

    return str(walk.until(signed))


def _standing(walk: Walk, me: str, spoken: Language) -> str:
    found = walk.call("GET", "/me/standing", token=me)
    rules = ", ".join(each["rule"] for each in found["reasons"])
    return f"{found['words'][spoken]} ({rules})"


def _checked(walk: Walk, gate: str, code: str, spoken: Language) -> str:
    body = {"code": code, "temperature": WARM}
    answer = walk.call("POST", "/gates/checks", body, walk.staff(gate))
    decision = DECISIONS[Decision(answer["decision"])].in_language(spoken)
    return f"{decision} · {answer['guard'][spoken]}"


def _now(walk: Walk) -> str:
    """The time as the web process has it, to the second."""
    answer = walk.http.get("/health")
    return parsedate_to_datetime(answer.headers["date"]).isoformat()
