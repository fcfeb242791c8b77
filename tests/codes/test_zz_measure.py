from __future__ import annotations
import time
import sqlalchemy as sa
from tests.codes.test_signing import *
from healthcode.kit.db import copy_in

def test_measure(open_house, signer):
    person = citizen(open_house)
    with open_house.transaction() as t:
        t.run(sa.text("INSERT INTO codes.slots SELECT 99, n, :p, 0, now() FROM generate_series(1, 300000) n"), {"p": person})
        t.run(sa.text("""INSERT INTO codes.intents (public_id, person, account, list, "index", name,
                                          document_kind, last_four, requested_at)
               SELECT 'queue-' || n, :p, 'citizen.1', 99, n, '王*明', '10', '123X', now()
               FROM generate_series(1, 300000) n"""), {"p": person})
    def rate(k=30):
        b = time.monotonic()
        for _ in range(k):
            with signer.begin() as c: sign_next(c, open_house.clock, OURS)
        return (time.monotonic() - b) / k * 1000
    print("none signed, 300k wait", rate(), "ms")
    for n in (10000, 100000, 290000):
        with open_house.transaction() as t:
            t.run(sa.text("INSERT INTO codes.results (intent, credential, expires_at, signed_at) SELECT intent, 'x', now(), now() FROM codes.intents WHERE intent <= :n ON CONFLICT DO NOTHING"), {"n": n})
        print(n, "signed", rate(), "ms")
        with open_house.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
            c.execute(sa.text("ANALYZE codes.intents")); c.execute(sa.text("ANALYZE codes.results")); c.execute(sa.text("ANALYZE codes.slots"))
        print(n, "signed, analyzed", rate(), "ms")
