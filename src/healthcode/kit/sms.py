"""Text messages: what the house asks of whoever sends them, and the one way that is built in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import httpx

from healthcode.kit import bridges
from healthcode.kit.errors import NotReady
from healthcode.kit.words import Words

DEADLINE = 10.0  # seconds; a person is waiting for the code


class SmsFails(NotReady):
    """The SMS service did not take a message."""

    words = Words(
        zh="短信服务没有接受短信。请检查 HEALTHCODE_SMS_URL 所指的服务，稍后会自动重试。",
        en="The SMS service did not take a message. Check the service named by "
        "HEALTHCODE_SMS_URL; the message is tried again.",
    )


class Sms(Protocol):
    """Somebody who sends text messages."""

    def send(self, phone: str, text: str) -> None:
        """Send a text to a phone (E.164). Raises SmsFails."""


@dataclass(frozen=True)
class HttpSms:
    """A service that takes `{"phone", "text"}` by POST and answers 2xx once it has the message."""

    url: str = field(repr=False)  # may hold a key

    def send(self, phone: str, text: str) -> None:
        """Send a text to a phone (E.164). Raises SmsFails."""
        try:
            bridges.post(self.url, {"phone": phone, "text": text}, DEADLINE)
        except (httpx.HTTPError, httpx.InvalidURL):
            # from None: what httpx says shows the address
            raise SmsFails from None
