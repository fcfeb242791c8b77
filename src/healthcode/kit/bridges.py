"""Services of the city's own, reached by HTTP: one message there, one answer back, in time."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic

import httpx

LARGEST_ANSWER = 65_536  # bytes; ours are a few dozen


def post(url: str, message: Mapping[str, str], seconds: float) -> bytes:
    """The answer to a JSON message, whole within so many seconds once it has begun to answer.

    Raises httpx.HTTPError or httpx.InvalidURL, whose texts show the address.
    """
    end, body = monotonic() + seconds, b""
    with httpx.stream("POST", url, json=dict(message), timeout=seconds) as answer:
        answer.raise_for_status()
        for part in answer.iter_raw():
            body += part
            if monotonic() > end or len(body) > LARGEST_ANSWER:
                # httpx's own limit is for each part: a drop now and then would hold us for ever
                raise httpx.ReadTimeout("the answer is too slow, or too long")
    return body
