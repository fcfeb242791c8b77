"""Who may call what, written by hand from the design and never from the code."""

from __future__ import annotations

from healthcode.access import Role
from healthcode.access.terms import CONSENT
from tests.api.city import DISTRICT, document

NOBODY = "nobody"
WHO = (NOBODY, *Role)

# In the order of DESIGN.md, section 8: nobody (no session), citizen, gate, community, district,
# clinic, hotline, epidemiologist, approver, source, auditor, operator.
TABLE = """
route                                              n c g m d k h e a s u o

# what everybody may do: see that the house answers, read the words, sign in
GET    /health                                     x x x x x x x x x x x x
GET    /api/v1/consent                             x x x x x x x x x x x x
POST   /api/v1/session/phone/start                 x x x x x x x x x x x x
POST   /api/v1/session/phone/finish                x x x x x x x x x x x x
POST   /api/v1/session/password                    x x x x x x x x x x x x

# what everybody with an account may do: see which it is, and leave
GET    /api/v1/me                                  . x x x x x x x x x x x
DELETE /api/v1/session                             . x x x x x x x x x x x

# what is a citizen's own
PUT    /api/v1/me                                  . x . . . . . . . . . .
POST   /api/v1/me/declarations                     . x . . . . . . . . . .
GET    /api/v1/me/standing                         . x . . . . . . . . . .
POST   /api/v1/me/credentials                      . x . . . . . . . . . .
GET    /api/v1/me/credentials/{public_id}          . x . . . . . . . . . .
GET    /api/v1/me/credentials/{public_id}/qr.svg   . x . . . . . . . . . .

# what staff and departments do; nobody of them reads a person's colour
POST   /api/v1/gates/checks                        . . x . . . . . . . . .
POST   /api/v1/clearances                          . . . x . x . . . . . .
POST   /api/v1/designations                        . . . . . . . x . x . .
POST   /api/v1/feeds/{source}                      . . . . . . . . . x . .
GET    /api/v1/approvals                           . . . . . . . . x . . .
POST   /api/v1/approvals/{proposal}                . . . . . . . . x . . .
GET    /metrics                                    . . . . . . . . . . x x

# only where the house is a demo
POST   /api/v1/demo/sms                            x x x x x x x x x x x x
"""


def _read(table: str) -> dict[str, frozenset[str]]:
    found = {}
    for line in table.splitlines():
        if not line or line.startswith(("route", "#")):
            continue
        method, path, *marks = line.split()
        cells = zip(WHO, marks, strict=True)
        found[f"{method} {path}"] = frozenset(who for who, mark in cells if mark == "x")
    return found


ALLOWED = _read(TABLE)
"""By route, as `GET /api/v1/me`: the roles that may call it."""

RIGHT: dict[str, dict[str, object]] = {
    "POST /api/v1/session/phone/start": {"phone": "13802169999"},
    "POST /api/v1/session/phone/finish": {"phone": "13802169999", "code": "000000"},
    "POST /api/v1/session/password": {"name": "nobody-of-this-name", "password": "x" * 12},
    "PUT /api/v1/me": {
        "name": "欧阳静怡",
        "document": document(1),
        "residence": DISTRICT,
        "consent": CONSENT.version,
    },
    "POST /api/v1/me/declarations": {"district": DISTRICT, "consent": CONSENT.version},
    "POST /api/v1/gates/checks": {"code": "JKM1:", "temperature": 36.5},
    "POST /api/v1/clearances": {"document": document(2), "result": "examined"},
    "POST /api/v1/designations": {
        "level": "medium",
        "area": "130000",
        "started_at": "2020-02-19T00:00:00+08:00",
    },
    "POST /api/v1/feeds/{source}": {"rows": [{"subject": document(2), "kind": "visit"}]},
    "POST /api/v1/approvals/{proposal}": {"approve": False},
    "POST /api/v1/demo/sms": {"phone": "13802169999"},
}
"""Bodies as the documentation asks for them, so that only the caller can be wrong."""

IN_PATHS = {"{source}": "commission", "{proposal}": "1", "{public_id}": "x" * 24}
