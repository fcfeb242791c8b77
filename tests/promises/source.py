"""Looking at the house's own source, for promises that no library checks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "healthcode"


@dataclass(frozen=True)
class File:
    """A Python file of the house: its path from `src/healthcode`, and its text."""

    name: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return _parsed(self.text)

    @property
    def room(self) -> str:
        return self.name.partition("/")[0]

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    def imports(self) -> dict[str, str]:
        """What a name in the file stands for: `queries` -> `healthcode.x.queries`."""
        return _imported(self.text)

    def calls(self) -> Iterator[ast.Call]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))

    def strings(self) -> Iterator[tuple[int, str]]:
        """Every text in the file with its line, f-strings with their gaps left out."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.lineno, node.value
            elif isinstance(node, ast.JoinedStr):
                parts = [part.value for part in node.values if isinstance(part, ast.Constant)]
                yield node.lineno, " ".join(str(part) for part in parts)


@cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def _imported(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in ast.walk(_parsed(text)):
        if isinstance(node, ast.Import):
            found |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {
                alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names
            }
    return found


@cache
def house() -> tuple[File, ...]:
    """Every Python file under `src/healthcode`."""
    return tuple(
        File(path.relative_to(PACKAGE).as_posix(), path.read_text("utf-8"))
        for path in sorted(PACKAGE.rglob("*.py"))
    )


def rooms() -> set[str]:
    return {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}


def dotted(node: ast.expr) -> str:
    """`a.b.c` as it is written; "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else f".{node.attr}"
    return ""


def called(call: ast.Call) -> str:
    """What is called, as it is written: `sa.select`, `connection.commit`, `.commit`."""
    return dotted(call.func)
