"""Handwriting that was collected on the ready form: a hundred boxes, each with the digit that its row asks for."""

import io
import zipfile
from dataclasses import dataclass

import numpy as np
from PIL import Image

from core.reading.mnist_form import Box
from core.sheets.sheet import Sheet


@dataclass(frozen=True, eq=False)
class Collected:
    """One box: the digit that its row asks for, its `label`, what was `said` of it, "" for nothing, the `image`
    (28, 28) float32 in [0, 1] as the model saw it, None where no digit was found, and its `place` in the picture."""

    label: int
    said: str
    image: np.ndarray | None
    place: Box
    is_sure: bool

    @property
    def is_doubtful(self) -> bool:
        """Whether somebody should look at it: empty, unsure, or read as another digit than it should be."""
        return not self.is_sure or self.said != str(self.label)


def collect(sheet: Sheet) -> list[Collected]:
    """The digits of a sheet of collected handwriting, those to look at first. Raises `ValueError` for another sheet."""
    if not sheet.is_collection:
        raise ValueError("this sheet collects no handwriting")
    found = []
    for cell in sheet.cells:
        image = cell.digits[0].image if len(cell.digits) == 1 else None
        found.append(Collected(cell.row, cell.text, image, cell.box, cell.verdict == "digit"))
    return sorted(found, key=lambda one: not one.is_doubtful)


def to_zip(collected: list[Collected]) -> bytes:
    """A zip of 28x28 PNGs named by their label, `7_012.png`, as the Evaluate page reads them; boxes without a digit are
    left out."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, one in enumerate(collected):
            if one.image is not None:
                picture = io.BytesIO()
                Image.fromarray((one.image * 255).round().astype(np.uint8)).save(picture, "PNG")
                archive.writestr(f"{one.label}_{number:03d}.png", picture.getvalue())
    return buffer.getvalue()
