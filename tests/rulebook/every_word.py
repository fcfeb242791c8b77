"""One rulebook that uses every word of the rule language; its kinds are the strategies'."""

from __future__ import annotations

from typing import Any

from healthcode.rulebook.terms import Rulebook

WORDS = {"zh": "字", "en": "word"}
EXAMPLE = {"title": "nothing", "facts": [], "colours": {"2020-01-10": "grey"}}


def _rule(name: str, colour: str, when: dict[str, Any], until: str, **more: Any) -> dict[str, Any]:
    opens = more.pop("opens", "start")
    words = dict.fromkeys(("title", "reason", "instructions", "source", "releaser"), WORDS)
    window = {"from": opens, "until": until}
    return {
        "id": name, "colour": colour, "when": when, "window": window, "examples": [EXAMPLE],
    } | words | more  # fmt: skip


def _ended(by: list[str], *ends: dict[str, Any]) -> dict[str, Any]:
    return {"released_by": by, "early_ends": list(ends)}


EVERY_WORD = Rulebook.model_validate(
    {
        "name": "every-word",
        "version": "1",
        "title": WORDS,
        "undeclared": "grey",
        "rules": [
            _rule("G", "green", {"kind": "declaration", "sources": ["self", "community"]},
                  "start + 14d"),
            _rule("own", "orange", {"kind": "declaration", "result": ["negative"]},
                  "own end, else start + 14d"),
            _rule("own-never", "red", {"kind": "test", "result": ["positive"]},
                  "own end, else never",
                  **_ended(["authority", "community"],
                           {"when": {"kind": "test", "result": ["negative", "healthy"]},
                            "same_source": True})),
            _rule("later", "orange", {"kind": "temperature", "result": ["healthy"]},
                  "end + 28d", opens="start + 14d"),
            _rule("exact", "orange", {"kind": "temperature", "number": {"at_least": "37.3"}},
                  "start + 36h", opens="start + 30m",
                  **_ended(["community", "clinic"],
                           {"when": {"kind": "temperature", "number": {"below": "37.3"}},
                            "after": "start + 30m"})),
            _rule("number", "orange",
                  {"kind": "test", "number": {"above": "36.5", "at_most": "39"}}, "end"),
            _rule("high", "red",
                  {"kind": "stay", "under": {"level": "high", "look_back": "2d", "of": ["area"]}},
                  "end + 14d",
                  **_ended(["authority", "clinic"],
                           {"when": {"kind": "declaration"}, "lasting": "7d", "after": "end + 7d"},
                           {"when": {"kind": "declaration"}, "lasting": "36h", "plus": "1d"})),
            _rule("exposure", "orange",
                  {"kind": "stay", "under": {"level": "exposure", "of": ["place"]}},
                  "end + 14d",
                  **_ended(["community"], {"when": {"kind": "test"}, "after": "start + 0d"})),
            _rule("either", "orange",
                  {"kind": "stay", "under": {"level": "medium", "look_back": "36h"}},
                  "start + 7d"),
            _rule("outside", "red", {"kind": "stay", "outside": "12", "sources": ["authority"]},
                  "never",
                  **_ended(["clinic", "community", "self"],
                           {"when": {"kind": "test", "result": ["negative"]}, "count": 2,
                            "apart": "24h", "plus": "30m"},
                           {"when": {"kind": "test", "sources": ["clinic"]}, "count": 3,
                            "apart": "1d"},
                           {"when": {"kind": "temperature", "inside": "1201"}, "count": 2})),
            _rule("inside", "red", {"kind": "temperature", "inside": "12"}, "end + 14d",
                  **_ended(["authority", "self"],
                           {"when": {"kind": "declaration", "outside": "42"}, "after": "end"},
                           {"when": {"kind": "temperature"}, "count": 2, "apart": "0d",
                            "plus": "2d"})),
            _rule("itself", "orange", {"kind": "declaration"}, "start + 14d",
                  **_ended(["self", "community", "clinic"], {"when": {"kind": "declaration"}})),
        ],
    }
)  # fmt: skip
