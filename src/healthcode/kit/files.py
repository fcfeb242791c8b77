"""Files of the house: read safely, and written by one process though several begin at once."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import yaml

# The safe loader in C, where PyYAML has it: every command reads the shipped rulebook.
SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _mapping(loader: Any, node: Any) -> dict[Any, Any]:
    """A mapping that says each thing once; YAML would keep what is said last, in silence."""
    keys: set[str] = set()
    for key, _value in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in keys:
                problem = f"{key.value!r} is there twice"
                raise yaml.constructor.ConstructorError(
                    problem=problem, problem_mark=key.start_mark
                )
            keys.add(key.value)
    made: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return made


_LOADER = type("_Loader", (SAFE_LOADER,), {})
yaml.add_constructor("tag:yaml.org,2002:map", _mapping, Loader=_LOADER)


def read_yaml(text: str) -> Any:
    """Plain data from YAML. Raises yaml.YAMLError, also where a key is there twice."""
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - it is a safe loader


def write_once(path: Path, content: bytes) -> None:
    """Write a secret for this user alone, unless it is there; of two at once the first counts.

    Written whole and then linked: nobody ever reads half of it.
    """
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
