"""The sheets that a person has in hand: what was read of each, and what was put right."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from core.reading.picture import PictureError
from core.sheets.form import FormError
from core.sheets.sheet import ReadCell, Sheet
from core.sheets.sums import Sum, weigh

Place = tuple[int, int]
"""Row and column of a cell, from 0."""
DOUBT = " ?"  # stands behind a text that somebody should look at


@dataclass
class InHand:
    """One file: its `name`, the `sheet` that was read with its `sums`, or the sentence why it was `refused`; `said` is
    what a person typed into cells, and `load` gives the file again."""

    name: str
    sheet: Sheet | None = None
    refused: str = ""
    sums: list[Sum] = field(default_factory=list)
    said: dict[Place, str] = field(default_factory=dict)
    load: Callable[[], bytes] | None = None

    @property
    def rows(self) -> list[list[str]]:
        """The table that counts: what was read, and in place of it what a person says."""
        if self.sheet is None:
            return []
        return [
            [self.said.get((row, column), text) for column, text in enumerate(texts)]
            for row, texts in enumerate(self.sheet.rows)
        ]

    @property
    def doubtful(self) -> list[Place]:
        """The cells to look at that nobody has looked at yet, in reading order."""
        cells = self.sheet.cells if self.sheet else ()
        return [
            (cell.row, cell.column) for cell in cells if cell.is_doubtful and (cell.row, cell.column) not in self.said
        ]

    @property
    def marked(self) -> list[list[str]]:
        """The table for the eye: a text to look at has a question mark behind it."""
        rows = self.rows
        for row, column in self.doubtful:
            rows[row][column] += DOUBT
        return rows

    def cell(self, place: Place) -> ReadCell | None:
        """What was read in a place; None where there is no cell, inside a merged one."""
        cells = self.sheet.cells if self.sheet else ()
        return next((cell for cell in cells if (cell.row, cell.column) == place), None)

    def say(self, place: Place, text: str) -> None:
        """A person says what stands in a cell: digits, "" for nothing; a question mark behind it is taken off."""
        self.said[place] = text.strip().removesuffix(DOUBT.strip()).strip()

    def next_doubtful(self, after: Place | None) -> Place | None:
        """The next cell to look at behind a place, from the start where there is none behind it; None where none is
        left."""
        left = self.doubtful
        return next((place for place in left if after is None or place > after), left[0] if left else None)

    @property
    def lessons(self) -> list[tuple[np.ndarray, int, str]]:
        """What a person put right, digit by digit: the image (28, 28) float32 in [0, 1], its label 0 to 9 and what was
        read. Of cells in which as many digits were found as there are."""
        found = []
        for place, text in self.said.items():
            cell = self.cell(place)
            digits = [letter for letter in text if letter.isdecimal()]
            if cell is not None and text != cell.text and len(digits) == len(cell.digits):
                pairs = zip(cell.digits, digits, strict=True)
                found += [(one.image, int(is_), str(one.digit)) for one, is_ in pairs if one.digit != int(is_)]
        return found


def take(name: str, load: Callable[[], bytes], read: Callable[[bytes], Sheet]) -> InHand:
    """Read one file; one that can't be read is refused with a sentence, so that the others go on."""
    try:
        sheet, sums = weigh(read(load()))
    except (PictureError, FormError) as error:
        return InHand(name, refused=str(error), load=load)
    return InHand(name, sheet, sums=sums, load=load)


def join(stack: Iterable[InHand]) -> list[list[str]]:
    """All sheets in one table, each row behind the name of its file."""
    return [[one.name, *row] for one in stack for row in one.rows]
