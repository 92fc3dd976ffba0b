"""One run at a time over all servers of a workspace, on whichever computers they are.

runs/.claim.lock   held while a server trains; the system lifts it when the process dies
runs/.claim.json   whose it is, for the others to say so
"""

from __future__ import annotations

import contextlib
import json
import socket
from pathlib import Path

from filelock import FileLock, Timeout

from core import workspace
from core.training.runs import RunError


class Claim:
    """The claim of one server. Where nothing can be written there is none to make: the run will say so itself."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` is the one of the runs, by default the workspace's."""
        self._folder = folder
        self._lock: FileLock | None = None

    def take(self, run: str) -> None:
        """Claim to train the run of this name. Raises `RunError` while another server trains."""
        folder = self._folder or workspace.here().runs
        lock = FileLock(folder / ".claim.lock", thread_local=False)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
            workspace.write_atomically(
                folder / ".claim.json", json.dumps({"run": run, "host": socket.gethostname()}).encode()
            )
        except Timeout as error:
            raise RunError(_say_whose(folder)) from error
        except OSError:
            lock.release()
            return
        self._lock = lock

    def give_back(self) -> None:
        """Let another server train."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _say_whose(folder: Path) -> str:
    run, place = "another one", "another server of this workspace"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        whose = json.loads((folder / ".claim.json").read_text(encoding="utf-8"))
        run, place = str(whose["run"]), f"{place}, on {whose['host']}"
    return f"One run at a time: {run} is still going on in {place}. Wait for its end, or stop it there."
