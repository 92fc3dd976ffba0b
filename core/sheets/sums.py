"""Written sums: a row or a column whose last number is the sum of the others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from core.sheets.sheet import ReadCell, Sheet

FEWEST = 2  # lines in which the sum fits, before it is taken for one
LEAST = 0.5  # of all lines


@dataclass(frozen=True)
class Sum:
    """A written sum: the place of its cell and of its `parts`, as (row, column); what is `written` and what the parts
    make, `expected`."""

    place: tuple[int, int]
    parts: tuple[tuple[int, int], ...]
    written: Decimal
    expected: Decimal

    @property
    def fits(self) -> bool:
        """Whether what is written is the sum of the parts."""
        return self.written == self.expected

    @property
    def sentence(self) -> str:
        """What doesn't fit, in words; empty where it does."""
        if self.fits:
            return ""
        return f"Row {self.place[0] + 1}, column {self.place[1] + 1}: {self.expected} expected, {self.written} read."


def to_number(text: str) -> Decimal | None:
    """The number that a cell's text is; None where it is none."""
    try:
        return Decimal(text) if text.strip() else None
    except InvalidOperation:
        return None


def total(texts: Sequence[str]) -> Decimal:
    """What the numbers among texts make together."""
    return sum((number for text in texts if (number := to_number(text)) is not None), Decimal(0))


def find_sums(rows: Sequence[Sequence[str]]) -> list[Sum]:
    """The written sums of a table: where in half of its rows the last number is the sum of those before it, or in half
    of its columns that of those above."""
    turned = list(zip(*rows, strict=True))
    across = _find_in_lines(rows)
    down = [
        replace(one, place=one.place[::-1], parts=tuple(part[::-1] for part in one.parts))
        for one in _find_in_lines(turned)
    ]
    return [*across, *down]


def _find_in_lines(rows: Sequence[Sequence[str]]) -> list[Sum]:
    found = []
    for row, texts in enumerate(rows):
        numbers = [to_number(text) for text in texts]
        filled = [column for column, number in enumerate(numbers[:-1]) if number is not None]
        if len(filled) > 1 and numbers[-1] is not None:
            expected = sum((numbers[column] or Decimal(0) for column in filled), Decimal(0))
            parts = tuple((row, column) for column in filled)
            found.append(Sum((row, len(texts) - 1), parts, numbers[-1], expected))
    fitting = sum(one.fits for one in found)
    return found if fitting >= max(FEWEST, LEAST * len(found)) else []


def weigh(sheet: Sheet) -> tuple[Sheet, list[Sum]]:
    """The sheet with what its sums say: where one fits, all its cells are sure; where one doesn't, the cell that is
    most likely misread is to be looked at. Gives the sums too."""
    sums = find_sums(sheet.rows)
    cells = {(cell.row, cell.column): cell for cell in sheet.cells}
    for one in sums:
        places = [place for place in (one.place, *one.parts) if place in cells]
        if one.fits:
            for place in places:
                cells[place] = replace(cells[place], verdict="digit")
    for one in sums:
        places = [place for place in (one.place, *one.parts) if place in cells]
        if not one.fits:
            culprit, instead = _find_culprit(one, {place: cells[place] for place in places})
            cell: ReadCell = cells[culprit]
            said = f"{one.sentence} Perhaps this is {instead}." if instead else one.sentence
            cells[culprit] = replace(cell, verdict="unsure", remark=f"{cell.remark} {said}".strip())
    ordered = tuple(cells[cell.row, cell.column] for cell in sheet.cells)
    return replace(sheet, cells=ordered), sums


def _find_culprit(one: Sum, cells: dict[tuple[int, int], ReadCell]) -> tuple[tuple[int, int], str]:
    """The cell that is most likely misread where a sum doesn't fit, and what makes it fit instead: the likeliest other
    reading with which it does. Where there is none it is the least confident cell, and nothing instead."""
    best, instead, most = None, "", 0.0
    for place, cell in cells.items():
        read = to_number(cell.text)
        lacks = one.written - one.expected
        wanted = None if read is None else read - lacks if place == one.place else read + lacks
        for text, share in cell.alternatives:
            if to_number(text) == wanted and share > most:
                best, instead, most = place, text, share
    if best is not None:
        return best, instead
    return min(cells, key=lambda place: (not cells[place].is_doubtful, cells[place].confidence)), ""
