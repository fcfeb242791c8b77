"""Whether an address is free: the server would share its port, even with another house's."""

from __future__ import annotations

import socket

from healthcode.kit.errors import NotReady
from healthcode.kit.words import Words


class AddressTaken(NotReady):
    """Somebody listens there already, or nobody may."""

    words = Words(
        zh="无法在 {listen} 监听：地址已被占用或不可用。可用 HEALTHCODE_LISTEN 更换。",
        en="Cannot listen at {listen}: the address is taken, or not to be had. "
        "HEALTHCODE_LISTEN names another.",
    )


def check_free(listen: str) -> None:
    """Raises AddressTaken for an address, as `127.0.0.1:8720`, where we cannot listen alone."""
    host, _, port = listen.rpartition(":")
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as free:
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            free.bind(address)
    except OSError as error:
        raise AddressTaken(listen=listen) from error
