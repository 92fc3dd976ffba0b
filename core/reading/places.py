"""Where a great many pictures lie, on any file system that fsspec knows: found in order, loaded one by one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.config import PictureLimits
from core.data import archive
from core.data.labels import label_from_path

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

SUFFIXES = ("png", "jpg", "jpeg", "heic", "heif", "webp", "avif", "bmp", "gif", "tif", "tiff", "ppm", "pgm", "pbm")
PASSED_OVER = ("zip", "pdf")  # said, not read: each holds many pictures


class PlaceError(RuntimeError):
    """A place that isn't there or can't be looked at; the message says why and what to do."""


@dataclass(frozen=True)
class Planned:
    """One picture of the plan: its `name` as people know it, where it lies, and the digit its path names."""

    name: str
    place: str
    label: int | None


def find_all(sources: Iterable[str]) -> tuple[list[Planned], int]:
    """Every picture at these places, each once, folder by folder in the order of people; and how many zips and PDFs
    were passed over. Raises `PlaceError` for a place that isn't there or can't be looked at."""
    from core.reading.sources import in_order_of_people

    found: dict[str, Planned] = {}
    passed_over = 0
    for source in sources:
        paths, show, base = _look(source)
        for path in sorted(paths, key=in_order_of_people):
            inside = path[len(base) :]
            suffix = path.rpartition(".")[2].lower()
            is_named = path == base
            if suffix in PASSED_OVER and not archive.is_hidden(inside):
                passed_over += 1
            elif is_named or (suffix in SUFFIXES and not archive.is_hidden(inside)):
                label = label_from_path(path[len(base.rpartition("/")[0]) + 1 :] if base else path)
                found.setdefault(path, Planned(show(path), show(path), label))
    return list(found.values()), passed_over


def _look(source: str) -> tuple[list[str], Callable[[str], str], str]:
    """All files at one place, how to name one of them, and what all their paths begin with."""
    system, path = _open_place(source)
    is_here = "://" not in source
    start = str(Path.cwd()).replace(os.sep, "/") + "/"

    def show(file: str) -> str:
        if not is_here:
            return str(system.unstrip_protocol(file))
        return file if Path(source).is_absolute() else file.removeprefix(start)

    try:
        if any(sign in path for sign in "*?[") and not system.exists(path):
            return [str(file) for file in system.glob(path)], show, ""
        if system.isfile(path):
            return [path], show, path
        if not system.exists(path):
            raise PlaceError(f"There is nothing at {source}.")
        return [str(file) for file in system.find(path)], show, path.rstrip("/")
    except PlaceError:
        raise
    except Exception as error:  # of a store in a network there are dozens
        raise PlaceError(f"{source} can't be looked at: {_say(error)}.") from error


def _open_place(place: str) -> tuple[AbstractFileSystem, str]:
    """The file system that a path or an address belongs to, and the path in it."""
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(place)
    except ImportError as error:
        raise PlaceError(f"{place} needs a further package: {error}.") from error
    except ValueError as error:
        raise PlaceError(f"{place} is no place that can be read: {error}.") from error
    return system, str(path)


def load(place: str) -> bytes:
    """The content of one file. Raises `PictureError` where it can't be had, or is too large, before it is read."""
    from core.reading import picture

    try:
        system, path = _open_place(place)
        with system.open(path, "rb") as file:
            content: bytes = file.read(PictureLimits().bytes + 1)
            if len(content) > PictureLimits().bytes:
                picture.check_size(int(system.size(path)))
    except picture.PictureError:
        raise
    except Exception as error:
        raise picture.PictureError(f"This file can't be opened: {_say(error)}.") from error
    return content


def _say(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__).rstrip(".")
