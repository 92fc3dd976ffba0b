"""What the owner lets guests do beyond looking: one rule so far, kept in the workspace."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from core import workspace
from core.access.roles import owners_only


@dataclass(frozen=True)
class Rules:
    """`keeps_corrections`: whether guests may keep answers that they put right."""

    keeps_corrections: bool = True


def read() -> Rules:
    """The rules now; guests keep nothing where the file is there and can't be read."""
    try:
        return Rules(**json.loads(_path().read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Rules()
    except (OSError, ValueError, TypeError):
        return Rules(keeps_corrections=False)


@owners_only("change what guests may do")
def write(rules: Rules) -> None:
    """Let these rules count for all from now on. Raises `OSError` when the disk refuses."""
    workspace.write_atomically(_path(), f"{json.dumps(asdict(rules))}\n".encode())


def _path() -> Path:
    return workspace.here().access / "rules.json"
