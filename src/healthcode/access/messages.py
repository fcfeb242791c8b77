"""Text messages on their way: written with what they tell of, sent by a job, erased once sent."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from healthcode.access import outside, queries
from healthcode.access.tables import messages
from healthcode.kit.db import Transaction

SEND = "access.send"
PHONE, TEXT = "access.messages.phone", "access.messages.text"


def post(transaction: Transaction, phone: str, text: str, until: datetime) -> None:
    """Send a text to a phone (E.164) when this transaction commits; after `until`, never."""
    row = {
        "phone_sealed": transaction.keys.seal(phone, PHONE),
        "text_sealed": transaction.keys.seal(text, TEXT),
        "made_at": transaction.now,
        "until": until,
    }
    made = transaction.run(sa.insert(messages).values(row).returning(messages.c.message))
    transaction.defer(SEND, later=True, message=made.scalar_one())


def send(transaction: Transaction, message: int) -> None:
    """Send a message that waits, and erase it. Raises NoSms or SmsFails: it goes on waiting."""
    waiting = transaction.run(queries.MESSAGE, {"message": message}).one_or_none()
    if waiting is None:
        return
    sent_at = None
    if transaction.now < waiting.until:
        ring = transaction.keys
        phone = ring.open(waiting.phone_sealed, PHONE)
        outside.sms().send(phone, ring.open(waiting.text_sealed, TEXT))
        sent_at = transaction.now
    transaction.run(queries.ERASE_MESSAGE, {"message": message, "sent_at": sent_at})
