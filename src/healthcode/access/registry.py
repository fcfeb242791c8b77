"""The registry that says whether a name, a document and a phone belong to one person."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import Protocol

import httpx
from pydantic import BaseModel, StrictBool, ValidationError

from healthcode.kit import bridges
from healthcode.kit.errors import NotReady
from healthcode.kit.words import Words

DEADLINE = 10.0  # seconds; a person is waiting, and a connection to the database with them
AT_ONCE = 4  # calls of a process: a slow registry must not hold every connection it has
PATIENCE = 2.0  # seconds for one of these to come free


class RegistryFails(NotReady):
    """The registry gave no answer that we understand."""

    words = Words(
        zh="实名核验服务没有应答，本次未作任何登记，也不计次数。请稍后重试。",
        en="The real-name registry does not answer. Nothing was registered and the try does not "
        "count. Please try again later.",
    )


class Registry(Protocol):
    """Somebody who knows who is who."""

    def check(self, name: str, document: str, phone: str) -> bool:
        """Whether all three are one person's: `10:1201…`, E.164. Raises RegistryFails."""


class _Answer(BaseModel):
    match: StrictBool


@dataclass(frozen=True)
class HttpRegistry:
    """A service that takes `{"name", "document", "phone"}` by POST and answers `{"match": …}`."""

    url: str = field(repr=False)  # may hold a key
    _free: BoundedSemaphore = field(
        default_factory=lambda: BoundedSemaphore(AT_ONCE), repr=False, compare=False
    )

    def check(self, name: str, document: str, phone: str) -> bool:
        """Whether all three are one person's: `10:1201…`, E.164. Raises RegistryFails."""
        asked = {"name": name, "document": document, "phone": phone}
        if not self._free.acquire(timeout=PATIENCE):
            raise RegistryFails
        try:
            return _Answer.model_validate_json(bridges.post(self.url, asked, DEADLINE)).match
        except (httpx.HTTPError, httpx.InvalidURL, ValidationError):
            # from None: what these say shows the address or the answer
            raise RegistryFails from None
        finally:
            self._free.release()
