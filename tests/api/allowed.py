"""Who may call what, written by hand from the design and never from the code."""

from __future__ import annotations

from healthcode.access import Role

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
