"""The demo's accounts: one of each sort, all with the same password, on this machine alone."""

from __future__ import annotations

import os
from pathlib import Path

import sqlalchemy as sa

from healthcode.access import accounts, passwords
from healthcode.access.tables import accounts as accounts_table
from healthcode.access.terms import Role
from healthcode.kit.db import Transaction
from healthcode.kit.http import Caller
from healthcode.places.actions import places_registered
from healthcode.places.importing import import_places

CLIENT = "demo"
CLIENT_KEY = "client.key"
PLACES = "places.csv"
PASSWORD = "demo-demo-demo"  # noqa: S105 - the demo's, which listens on loopback only
FOUNDERS = ("wang.operator", "li.operator")

STAFF = [
    # name, role, scope, whose side
    ("zhao.clinic", Role.CLINIC, "*", 0),
    ("qian.community", Role.COMMUNITY, "12", 0),
    ("zhou.epidemiologist", Role.EPIDEMIOLOGIST, "12", 0),
    ("sun.approver", Role.APPROVER, "12", 1),
]


def open_accounts(transaction: Transaction, folder: Path) -> None:
    """Found the house, register its places, and open everybody's account; once."""
    if accounts.list_accounts(transaction):
        return
    accounts.found(transaction, *FOUNDERS)
    founders = [Caller(account=name, role=Role.OPERATOR) for name in FOUNDERS]
    for name, role, scope, side in STAFF:
        accounts.open_account(transaction, founders[side], name, role, scope)
    import_places(transaction, folder / PLACES)
    for place in places_registered(transaction):
        accounts.open_account(transaction, founders[0], place.key, Role.GATE, place.public_id)
    # One password for all, hashed once: the demo need not wait for a dozen.
    hashed = passwords.chosen(PASSWORD)
    transaction.run(sa.update(accounts_table).values(password_hash=hashed))
    client = accounts.open_account(transaction, founders[0], CLIENT, Role.SOURCE)
    descriptor = os.open(folder / CLIENT_KEY, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(client.secret)
