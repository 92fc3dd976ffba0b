"""One process of bulk reading: it loads the model once and reads part after part, here or on a cluster."""

from __future__ import annotations

import json
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core import workspace
from core.reading import places, rows
from core.reading.places import Planned

if TYPE_CHECKING:
    from core.network.checkpoint import Checkpoint
    from core.reading.batch import Item

# What reads is imported where it is needed: --help comes at once, and so does a refusal.

_model: Checkpoint  # of this process; set by `begin`
_expect = "auto"


def begin_process(model: str, expect: str) -> None:
    """The start of a process: load the model, and end when the one that started it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that hands out
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    begin(model, expect)


def begin(model: str, expect: str) -> str:
    """Load the model that this process reads with; gives its version. Raises `CheckpointError`."""
    global _model, _expect
    import cv2
    import torch

    from core.network import checkpoint

    cv2.setNumThreads(1)  # the cores are taken by the other processes
    torch.set_num_threads(1)
    _model, _expect = checkpoint.load(model), expect
    return _model.version


def _end_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def read_part(pictures: Sequence[Planned], file: Path) -> int:
    """Read these and write their rows; gives how many were refused."""
    content, refused = read_rows(pictures, file.suffix)
    keep_part(file, content, refused)
    return refused


def read_rows(pictures: Sequence[Planned], suffix: str) -> tuple[bytes, int]:
    """The rows of these pictures as a part of a file of this kind, and how many were refused. Begin with `begin`."""
    items = [_read(one) for one in pictures]
    return rows.write(items, suffix), sum(item.verdict == "error" for item in items)


def keep_part(file: Path, content: bytes, refused: int) -> None:
    """Write the rows of a part to its file, whole. Raises `OSError` when the disk refuses."""
    workspace.write_atomically(file.with_suffix(".refused"), json.dumps([refused]).encode())
    workspace.write_atomically(file, content)  # last: from now on the part is done


def _read(planned: Planned) -> Item:
    from core.reading import batch, picture

    try:
        item = batch.read_file(_model, planned.name, places.load(planned.place), _expect)
    except picture.PictureError as error:
        item = batch.refuse(planned.name, str(error))
    except Exception as error:  # one picture must not end a night's work
        item = batch.refuse(planned.name, f"The reader failed at this picture, a fault of the program: {error!r}.")
    return replace(item, label=planned.label)
