"""What each constant of reading is worth: `python benchmarks/sensitivity.py [--only NAME] [--count N]`.

Every constant of core/reading/settings.py is halved and doubled, one at a time, and drawn pages are read again: digits
of benchmarks/pages.py and numbers of benchmarks/whole_numbers.py, the same at every run. A line says how many pages
more or fewer are then read right. A constant that moves nothing here can still matter elsewhere; one that moves much in
both directions was chosen with care, one that gains was not.
"""

import argparse
import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any
from unittest import mock

from benchmarks import pages, result_file, whole_numbers
from benchmarks.result_file import Result, Row
from core.network import checkpoint
from core.reading import cuts, ink, left_out, looks, mnist_form, number, one_digit, picture, reader, ruled_lines, slash
from core.reading.settings import INK, LOOK, NUMBER, InkSettings, LookSettings, NumberSettings

# Where each group of settings is looked up.
USED_IN = {
    "INK": (ink, mnist_form, number, one_digit, picture, ruled_lines),
    "LOOK": (looks, reader),
    "NUMBER": (cuts, left_out, number, reader, slash),
}
SETTINGS: dict[str, InkSettings | LookSettings | NumberSettings] = {"INK": INK, "LOOK": LOOK, "NUMBER": NUMBER}
CONSTANTS = {
    f"{group.lower()}.{field.name}": (group, field.name) for group in SETTINGS for field in fields(SETTINGS[group])
}


@dataclass(frozen=True)
class Pages:
    """Drawn pages and what is written on each; empty where it is no number, whatever else."""

    pictures: tuple[picture.Picture, ...]
    texts: tuple[str, ...]


def draw_digits(count: int) -> Pages:
    """`count` pages of each kind of benchmarks/pages.py."""
    drawn = [pages.draw(kind, count) for kind in pages.KINDS]
    pictures = tuple(picture.from_array(page.colours) for found, _ in drawn for page in found)
    return Pages(pictures, tuple(str(label) for _, labels in drawn for label in labels))


def draw_numbers(count: int, seed: int) -> Pages:
    """`count` pages of each kind of benchmarks/whole_numbers.py."""
    made = [whole_numbers.make(kind, at, seed) for kind in whole_numbers.KINDS for at in range(count)]
    return Pages(tuple(picture.from_array(page.sheet) for page in made), tuple(page.text for page in made))


def count_right(model: checkpoint.Checkpoint, drawn: Pages) -> int:
    """How many pages are read right, everything automatic."""
    found = (reader.read(model, one) for one in drawn.pictures)
    return sum(one.text == text if text else not one.is_number for one, text in zip(found, drawn.texts, strict=True))


@contextlib.contextmanager
def changed(constant: str, factor: float) -> Iterator[float]:
    """One constant multiplied by a factor while pages are read; gives its new value. Whole numbers stay whole, from 1
    on."""
    group, name = CONSTANTS[constant]
    value = getattr(SETTINGS[group], name)
    new = max(1, round(value * factor)) if isinstance(value, int) else value * factor
    change: dict[str, Any] = {name: new}
    settings = replace(SETTINGS[group], **change)
    with contextlib.ExitStack() as patches:
        for module in USED_IN[group]:
            patches.enter_context(mock.patch.object(module, group, settings))
        yield new


def main() -> int:
    """Print a line for each constant."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=tuple(CONSTANTS), action="append", metavar="NAME", help="this constant (all)")
    parser.add_argument("--count", type=int, default=4, help="pages of each kind (default 4: a quarter of an hour)")
    parser.add_argument("--seed", type=int, default=0, help="of the numbers")
    parser.add_argument("--model", default=checkpoint.in_use())
    options = parser.parse_args()
    conditions = result_file.start([options.model])
    rows: list[Row] = []
    model = checkpoint.load(options.model)
    sets = (draw_digits(options.count), draw_numbers(options.count, options.seed))
    usual = [count_right(model, drawn) for drawn in sets]
    of = [len(drawn.texts) for drawn in sets]
    print(f"model {model.name} {model.version}, seed {options.seed}, {options.count} pages of each kind")
    print(f"right as it is: {usual[0]} of {of[0]} digits, {usual[1]} of {of[1]} numbers")
    print(
        f"{'constant':26}{'value':>9}{'halved':>10}{'digits':>8}{'numbers':>9}{'doubled':>10}{'digits':>8}{'numbers':>9}"
    )
    for constant in options.only or CONSTANTS:
        group, name = CONSTANTS[constant]
        line = f"{constant:26}{getattr(SETTINGS[group], name):9g}"
        for factor in (0.5, 2.0):
            with changed(constant, factor) as value:
                right = [count_right(model, drawn) for drawn in sets]
            moved = sum(right) - sum(usual)
            rows.append(Row(constant, moved, "pages", column=f"x {factor:g}", digits=0, is_detail=True))
            line += f"{value:10g}{right[0] - usual[0]:+8}{right[1] - usual[1]:+9}"
        print(line, flush=True)
    still = sum(not any(row.value for row in rows if row.name == constant) for constant in CONSTANTS)
    rows.append(Row("constants", len(CONSTANTS), digits=0))
    rows.append(Row("of them moving no page either way", still, digits=0))
    result_file.write(Result("sensitivity", result_file.command_line(), conditions, tuple(rows)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
