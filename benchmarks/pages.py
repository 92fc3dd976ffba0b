"""MNIST's validation digits as people send them, drawn by rule: `python benchmarks/pages.py [--without]`.

Decisions of core/reading/ink.py and core/reading/reader.py are made on these pages: cut out of cheques and forms,
photographed on ruled and squared paper, faint, shadowed, tiny, huge. They are the same at every run. A digit counts as
clean when what preprocessing kept of it misses hardly any of its ink and holds hardly anything else, which no network
has to judge.
"""

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar
from unittest import mock

import cv2
import numpy as np

from benchmarks import result_file
from benchmarks.result_file import Result, Row
from core.config import TrainingSettings
from core.data import mnist
from core.data.split import split
from core.network import checkpoint
from core.reading import ink as ink_module
from core.reading import looks, mnist_form, one_digit, picture, reader
from core.reading.settings import INK
from core.synthesis.sheets import Colour, lay_ink, make_paper, rub, rule, shade, to_bytes

Choice = TypeVar("Choice")

INKS: tuple[Colour, ...] = ((30, 30, 35), (36, 62, 150), (150, 30, 40), (22, 100, 70), (90, 90, 95))
PAPERS: tuple[Colour, ...] = ((250, 250, 248), (246, 240, 224), (225, 232, 245), (222, 208, 180), (205, 205, 205))
TINTS: tuple[tuple[Colour, Colour], ...] = (
    ((225, 60, 60), (50, 120, 70)),
    ((250, 214, 74), (74, 40, 104)),
    ((36, 62, 150), (252, 226, 110)),
    ((22, 112, 72), (250, 205, 210)),
    ((240, 130, 40), (250, 250, 250)),
    ((240, 240, 255), (30, 60, 110)),
)


@dataclass(frozen=True)
class Page:
    """`colours` (H, W, 3) uint8 as somebody may send them; `ink` (H, W) float32 in [0, 1], where the digit lies."""

    colours: np.ndarray
    ink: np.ndarray


def write(image: np.ndarray, height: float, pen: float = 1.0) -> np.ndarray:
    """An MNIST digit (28, 28) uint8 with smooth edges, cut to its ink: (height, width) float32 in [0, 1].

    `pen` is the stroke's width against MNIST's, 0.5 to 2.
    """
    large = cv2.resize(image.astype(np.float32) / 255, (336, 336), interpolation=cv2.INTER_CUBIC)
    ink = (cv2.GaussianBlur(large, (0, 0), 4) > 0.45).astype(np.uint8)
    change = round(36 * abs(pen - 1) / 2) * 2 + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (change, change))
    changed: np.ndarray = cv2.dilate(ink, disc) if pen > 1 else cv2.erode(ink, disc)
    # A digit written with a thin pen has no gaps where MNIST's stroke was thin: its middle line always stays.
    if pen < 1:
        changed |= _thin(ink)
    x, y, wide, high = cv2.boundingRect(changed)
    scale = height / high
    size = (max(2, round(wide * scale)), max(2, round(height)))
    written: np.ndarray = changed[y : y + high, x : x + wide].astype(np.float32)
    if scale > 1:
        written = cv2.resize(written, size, interpolation=cv2.INTER_LINEAR)
        return np.clip((cv2.GaussianBlur(written, (0, 0), scale) - 0.5) * 2 + 0.5, 0, 1)
    return cv2.resize(written, size, interpolation=cv2.INTER_AREA)


def _thin(ink: np.ndarray) -> np.ndarray:
    """The middle line of strokes, five pixels wide: where the distance to paper has a ridge."""
    distance = cv2.distanceTransform(ink, cv2.DIST_L2, 5)
    ridge = (distance > 0) & (distance >= cv2.dilate(distance, np.ones((3, 3))) - 0.3)
    return cv2.morphologyEx(cv2.dilate(ridge.astype(np.uint8), np.ones((5, 5))), cv2.MORPH_CLOSE, np.ones((9, 9)))


def lay(covered: np.ndarray, written: np.ndarray, left: float, top: float) -> np.ndarray:
    """Add what was written to where ink lies (H, W), its corner at `left`, `top`, cut off at the borders."""
    shift = np.array([[1, 0, left], [0, 1, top]], np.float32)
    return np.maximum(covered, cv2.warpAffine(written, shift, covered.shape[::-1]))


def press(ink: np.ndarray, rng: np.random.Generator, weakest: float) -> np.ndarray:
    """Ink with a pressure that comes and goes between `weakest` and 1."""
    field = cv2.resize(rng.random((4, 4)).astype(np.float32), ink.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return ink * np.clip(weakest + (1 - weakest) * 1.4 * field, weakest, 1)


def photograph(sheet: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Uneven light, a lens that is not quite sharp, a little noise, JPEG: (H, W, 3) float to uint8."""
    height, width = sheet.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    along = (x / width - 0.5) * np.cos(angle) + (y / height - 0.5) * np.sin(angle)
    lit = sheet * (0.8 + rng.uniform(0, 0.4) * along)[..., None]
    lit = cv2.GaussianBlur(lit, (0, 0), rng.uniform(0.4, 0.0025 * width + 0.5))
    lit += rng.normal(0, 0.012, lit.shape[:2])[..., None]
    content = cv2.imencode(".jpg", to_bytes(lit), [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(50, 95))])[1]
    colours = cv2.imdecode(content, cv2.IMREAD_COLOR)
    assert colours is not None, "what was just packed is a picture"
    return colours


def _on_sheet(
    image: np.ndarray, size: tuple[int, int], height: float, rng: np.random.Generator, pen: float = 1.0
) -> np.ndarray:
    """Where the ink of a digit lies on a sheet of `size` (width, height), anywhere with a little room around."""
    written = write(image, height, pen)
    room = np.maximum(np.array(size) - written.shape[::-1], 0)
    left, top = room * rng.uniform(0.15, 0.85, 2)
    return lay(np.zeros(size[::-1], np.float32), written, left, top)


def _pick(choices: Sequence[Choice], rng: np.random.Generator) -> Choice:
    return choices[int(rng.integers(len(choices)))]


def _pick_size(least: int, below: int, rng: np.random.Generator) -> tuple[int, int]:
    width, height = rng.integers(least, below, 2)
    return int(width), int(height)


# --- the kinds: each takes an image, other images to stand beside it, and an rng --------------------------------------


def draw_on_canvas(image: np.ndarray, others: np.ndarray, rng: np.random.Generator) -> Page:
    """A 280x280 canvas, any pen, black on white or white on black."""
    height = rng.uniform(80, 250)
    covered = _on_sheet(image, (280, 280), height, rng, rng.uniform(0.5, 1.7))
    colours = ((0, 0, 0), (255, 255, 255)) if rng.random() < 0.5 else ((255, 255, 255), (0, 0, 0))
    return Page(
        to_bytes(lay_ink(np.full((280, 280, 3), colours[1][0] / 255, np.float32), covered, colours[0])), covered
    )


def tint(image: np.ndarray, others: np.ndarray, rng: np.random.Generator) -> Page:
    """Coloured ink on coloured paper, some of it hardly lighter or darker."""
    covered = _on_sheet(image, (300, 300), rng.uniform(90, 250), rng, rng.uniform(0.6, 1.4))
    ink, paper = _pick(TINTS, rng)
    return Page(to_bytes(lay_ink(make_paper((300, 300), paper, rng, 0.008), covered, ink)), covered)


def fade(image: np.ndarray, others: np.ndarray, rng: np.random.Generator) -> Page:
    """Ink hardly darker than grainy paper, or pencil."""
    side = int(rng.integers(250, 800))
    covered = _on_sheet(image, (side, side), side * rng.uniform(0.3, 0.8), rng, rng.uniform(0.6, 1.2))
    sheet = make_paper((side, side), _pick(PAPERS, rng), rng, 0.008)
    held = rub(covered, rng) if rng.random() < 0.3 else covered
    return Page(to_bytes(sheet * (1 - rng.uniform(0.13, 0.3) * held[..., None])), covered)


def photograph_plain(image: np.ndarray, others: np.ndarray, rng: np.random.Generator) -> Page:
    """A phone's photo of plain paper, now and then with the edge of the table."""
    size = _pick_size(500, 1000, rng)
    height = min(size) * rng.uniform(0.15, 0.7)
    covered = _on_sheet(image, size, height, rng, rng.uniform(0.3, 1.0))
    sheet = make_paper(size, _pick(PAPERS, rng), rng, 0.006)
    if rng.random() < 0.25:
        depth = int(0.08 * size[0] * rng.random()) + 4
        edge = np.array([[0, 0], [depth, 0], [depth + rng.integers(-20, 20), size[1]], [0, size[1]]], np.int32)
        sheet = np.ascontiguousarray(sheet)
        cv2.fillPoly(sheet, [edge], (0.35, 0.25, 0.18))
    return Page(photograph(lay_ink(sheet, press(covered, rng, 0.6), _pick(INKS, rng)), rng), covered)


def _rule_page(image: np.ndarray, rng: np.random.Generator, both_ways: bool) -> Page:
    size = _pick_size(400, 900, rng)
    height = min(size) * rng.uniform(0.3, 0.7)
    covered = _on_sheet(image, size, height, rng, rng.uniform(0.6, 1.2))
    ink = _pick(INKS, rng)
    sheet = make_paper(size, _pick(PAPERS, rng), rng, 0.006)
    colour = ink if rng.random() < 0.4 else (120, 150, 190)
    sheet = rule(sheet, rng.uniform(40, 110), colour, rng.uniform(0.5, 1), both_ways)
    turn = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), rng.normal(0, 1.0), 1)
    sheet = cv2.warpAffine(sheet, turn, size, borderMode=cv2.BORDER_REFLECT)
    return Page(photograph(lay_ink(sheet, covered, ink), rng), covered)


def rule_once(image: np.ndarray, others: np.ndarray, rng: np.random.Generator) -> Page:
    """Ruled paper, its lines at times as dark as the ink."""
    return _rule_page(image, rng, both_ways=False)


def rule_twice(image: np.ndarray, others: np.ndarray, rng: np.random.Generator) -> Page:
    """Squared paper, its lines at times as dark as the ink."""
    return _rule_page(image, rng, both_ways=True)


def cast_shadow(image: np.ndarray, others: np.ndarray, rng: np.random.Generator) -> Page:
    """A shadow over a part of the page, with a hard or a soft edge."""
    size = _pick_size(300, 900, rng)
    covered = _on_sheet(image, size, min(size) * rng.uniform(0.3, 0.8), rng, rng.uniform(0.5, 1.2))
    sheet = lay_ink(make_paper(size, _pick(PAPERS, rng), rng, 0.006), covered, _pick(INKS[:4], rng))
    shaded = shade(sheet, rng.uniform(0.3, 0.6), rng.uniform(0, np.pi), 10 ** rng.uniform(-2, -0.5))
    return Page(photograph(shaded, rng), covered)


def print_box(image: np.ndarray, others: np.ndarray, rng: np.random.Generator) -> Page:
    """A field of a form: a printed box around the digit, which may touch or cross it."""
    side = int(rng.integers(60, 300))
    covered = _on_sheet(image, (side, side), side * rng.uniform(0.55, 0.85), rng, rng.uniform(0.6, 1.3))
    inset, thick = int(side * rng.uniform(0, 0.1)), max(1, int(side * rng.uniform(0.005, 0.02)))
    box = np.zeros((side, side), np.uint8)
    cv2.rectangle(box, (inset, inset), (side - 1 - inset, side - 1 - inset), 1, thick)
    ink = _pick(INKS[:4], rng)
    sheet = lay_ink(make_paper((side, side), _pick(PAPERS, rng), rng, 0.006), box.astype(np.float32), (60, 60, 65))
    return Page(photograph(lay_ink(sheet, covered, ink), rng), covered)


def scale(image: np.ndarray, others: np.ndarray, rng: np.random.Generator) -> Page:
    """Any size from 20 to 4,000 pixels, black on white or white on black."""
    side = round(20 * 200 ** rng.random())
    drawn = min(side, 1000)
    covered = _on_sheet(image, (drawn, drawn), drawn * rng.uniform(0.6, 0.9), rng, rng.uniform(0.8, 1.4))
    sheet = np.dstack([1 - covered] * 3) if rng.random() < 0.5 else np.dstack([covered] * 3)
    colours = cv2.resize(to_bytes(sheet), (side, side), interpolation=cv2.INTER_LINEAR)
    return Page(colours, covered)


def cut_from_cheque(image: np.ndarray, others: np.ndarray, rng: np.random.Generator) -> Page:
    """A digit cut from a cheque's amount: a few dozen pixels high, patterned paper, a rule, pieces of neighbours."""
    return _cut_out(image, others, rng, rng.uniform(24, 58), patterned=True)


def cut_from_number(image: np.ndarray, others: np.ndarray, rng: np.random.Generator) -> Page:
    """A digit cut from a number on plain paper, with pieces of its neighbours."""
    return _cut_out(image, others, rng, rng.uniform(60, 220), patterned=False)


def _cut_out(image: np.ndarray, others: np.ndarray, rng: np.random.Generator, height: float, patterned: bool) -> Page:
    finer = 4 if patterned else 1  # what is drawn four times as large and reduced has the scanner's soft edges
    pen = rng.uniform(0.6, 1.3)
    written = write(image, height * finer, pen)
    high, wide = written.shape
    left, top, right, bottom = rng.uniform(0, 0.14, 4) * (high, high, high, high)
    size = (max(12 * finer, round(wide + left + right)), round(high + top + bottom))
    covered = lay(np.zeros(size[::-1], np.float32), written, left, top)
    strange = np.zeros_like(covered)
    for other, is_right in zip(others, (True, False), strict=False):
        if rng.random() < 0.4:
            beside = write(other, high * rng.uniform(0.8, 1.1), pen)
            reach = min(left, right) * 0.8 + 0.04 * high * rng.random()
            at = size[0] - reach if is_right else reach - beside.shape[1]
            strange = lay(strange, beside, at, top + high * rng.uniform(-0.15, 0.15))
    for at in (top * 0.5, size[1] - bottom * 0.5):
        if rng.random() < 0.35:
            thick = max(1, round(high * rng.uniform(0.015, 0.04)))
            cv2.line(strange, (0, round(at)), (size[0], round(at + rng.normal(0, 0.01) * size[0])), 0.8, thick)
    if rng.random() < 0.15:
        cv2.circle(strange, (round(size[0] - 0.03 * high), round(0.93 * size[1])), round(0.05 * high), 1, -1)
    ink = np.maximum(press(covered, rng, 0.55), press(strange, rng, 0.5))
    paper = np.full(covered.shape, rng.uniform(0.6, 0.95), np.float32)
    if patterned:
        y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32) / finer
        pitch, tilt = rng.uniform(3, 5), rng.normal(0, 0.3)
        paper += rng.uniform(0, 0.06) * np.sin((y + tilt * x + 2 * np.sin(x / 9)) * 2 * np.pi / pitch)
    depth = rng.uniform(0.25, 0.6)
    sheet = paper * (1 - depth * ink)
    small = (max(1, size[0] // finer), max(1, size[1] // finer))
    sheet = cv2.resize(sheet, small, interpolation=cv2.INTER_AREA)
    sheet = cv2.GaussianBlur(sheet, (0, 0), rng.uniform(0.4, 0.9)) + rng.normal(0, 0.015, sheet.shape)
    return Page(to_bytes(np.dstack([sheet] * 3)), cv2.resize(covered, small, interpolation=cv2.INTER_AREA))


def fill_tiny(image: np.ndarray, others: np.ndarray, rng: np.random.Generator) -> Page:
    """16x16, white on black, filled from border to border, the ink of uneven strength."""
    written = write(image, 160, rng.uniform(0.5, 1.4))
    wide = min(160, written.shape[1] * 1.15)
    written = cv2.resize(press(written, rng, 0.5), (round(wide), 160))
    covered = lay(np.zeros((160, 160), np.float32), written, (160 - wide) // 2, 0)
    small = cv2.resize(cv2.GaussianBlur(covered, (0, 0), 4), (16, 16), interpolation=cv2.INTER_AREA)
    small = np.clip(small * 1.15, 0, 1)
    return Page(to_bytes(np.dstack([small] * 3)), small)


def reduce(image: np.ndarray, others: np.ndarray, rng: np.random.Generator) -> Page:
    """A canvas, a coloured sheet, a form or a cut-out in 16 to 48 pixels, as old collections have them."""
    make = _pick((draw_on_canvas, tint, print_box, cut_from_cheque, cut_from_number), rng)
    page = make(image, others, rng)
    scale = min(1.0, rng.uniform(16, 48) / max(page.ink.shape))
    size = tuple(max(2, round(scale * side)) for side in page.ink.shape[::-1])
    return Page(*(cv2.resize(part, size, interpolation=cv2.INTER_AREA) for part in (page.colours, page.ink)))


KINDS: dict[str, Callable[[np.ndarray, np.ndarray, np.random.Generator], Page]] = {
    "canvas": draw_on_canvas,
    "tinted": tint,
    "faint": fade,
    "photo": photograph_plain,
    "ruled": rule_once,
    "squared": rule_twice,
    "shadow": cast_shadow,
    "box": print_box,
    "scale": scale,
    "number": cut_from_number,
    "cheque": cut_from_cheque,
    "tiny": fill_tiny,
    "reduced": reduce,
}


# --- what preprocessing makes of them ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Score:
    """Shares in percent of `count` pages: read right, clean, with ink missing, with strange ink."""

    count: int
    right: float
    clean: float
    missing: float
    strange: float


def draw(kind: str, count: int) -> tuple[list[Page], list[int]]:
    """`count` pages of a kind and the digits on them, the same at every call."""
    validation = split(mnist.load(train=True), TrainingSettings())[1]
    rng = np.random.default_rng(list(map(ord, kind)))
    order = rng.permutation(len(validation))[: 3 * count].reshape(count, 3)
    images = validation.images.numpy()
    pages = [KINDS[kind](images[first], images[rest], rng) for first, *rest in order]
    return pages, validation.labels[order[:, 0]].tolist()


def measure(model: checkpoint.Checkpoint, pages: list[Page], labels: list[int]) -> Score:
    """How many pages are read right as one digit, whatever the verdict, and what is left of their ink; all of it where
    the picture is taken as a whole."""
    right: list[bool] = []
    missing: list[float] = []
    strange: list[float] = []
    for page, label in zip(pages, labels, strict=True):
        found = reader.read(model, picture.from_array(page.colours), expect="one")
        if found.prediction is None:
            right, missing, strange = [*right, False], [*missing, 1.0], [*strange, 0.0]
            continue
        right.append(found.prediction.digit == label)
        kept = next((step.image for step in found.found.steps if step.title == "The digit"), None)
        lost, added = (0.0, 0.0) if kept is None else compare_ink(kept > 0, page.ink)
        missing, strange = [*missing, lost], [*strange, added]
    is_lost, is_added = np.array(missing) > 0.04, np.array(strange) > 0.04
    shares = (100 * float(np.mean(values)) for values in (right, ~is_lost & ~is_added, is_lost, is_added))
    return Score(len(pages), *shares)


def compare_ink(kept: np.ndarray, ink: np.ndarray) -> tuple[float, float]:
    """What share of the digit's ink was lost, and what share of what was kept is no part of it: 0 to 1 each.

    `kept` (H, W) bool; `ink` (h, w) float32 in [0, 1]. An edge may lie beside itself by a twenty-fifth of the height.
    """
    wanted = cv2.resize(ink, kept.shape[::-1], interpolation=cv2.INTER_AREA) > 0.4
    reach = 2 * max(2, round(0.04 * cv2.boundingRect(wanted.astype(np.uint8))[3])) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    near_kept, near_wanted = (cv2.dilate(mask.astype(np.uint8), disc) > 0 for mask in (kept, wanted))
    lost = np.count_nonzero(wanted & ~near_kept) / max(1, int(np.count_nonzero(wanted)))
    return lost, np.count_nonzero(kept & ~near_wanted) / max(1, int(np.count_nonzero(kept)))


def main() -> int:
    """Print a line for each kind of page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=checkpoint.in_use())
    parser.add_argument("--count", type=int, default=200, help="pages of each kind (default 200)")
    parser.add_argument("--kinds", nargs="*", choices=tuple(KINDS), default=tuple(KINDS))
    parser.add_argument("--without", action="store_true", help="what each step is worth: leave it out")
    options = parser.parse_args()
    conditions = result_file.start([options.model])
    model = checkpoint.load(options.model)
    print(f"model {model.name} {model.version}, {options.count} pages of each kind, percent")
    if options.without:
        rows = report_steps(model, options.kinds, options.count)
        result_file.write(Result("pages_without", result_file.command_line(), conditions, tuple(rows)))
        return 0
    scores: dict[str, Score] = {}
    print(f"{'kind':10}{'right':>8}{'clean':>8}{'missing':>9}{'strange':>9}")
    for kind in options.kinds:
        scores[kind] = measure(model, *draw(kind, options.count))
        print_score(kind, scores[kind])
    result_file.write(Result("pages", result_file.command_line(), conditions, tuple(make_rows(scores))))
    return 0


def make_rows(scores: dict[str, Score]) -> list[Row]:
    """The means over all kinds with the kinds that are read worst, and each kind's shares as details."""
    rows = []
    for share, name in (("right", "read right"), ("clean", "ink found clean")):
        found = {kind: getattr(score, share) for kind, score in scores.items()}
        worst = ", ".join(f"{kind} {found[kind]:.1f}" for kind in sorted(found, key=found.__getitem__)[:3])
        mean = statistics.mean(found.values())
        rows.append(Row(f"{name}, mean of {len(found)} kinds of pages", mean, "%", note=f"worst: {worst}"))
    for kind, score in scores.items():
        for share in ("right", "clean", "missing", "strange"):
            rows.append(Row(kind, getattr(score, share), "%", column=share, is_detail=True))
    return rows


# Each step on the way to a digit, where it is taken, and what replaces it where it is left out.
STEPS: dict[str, tuple[object, str, object]] = {
    "colours mixed": (
        ink_module,
        "_to_grey",
        lambda colours: cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY) / np.float32(255),
    ),
    "thin lines weighed": (ink_module, "_weigh_lines", lambda grey: 0.0),
    "both polarities": (ink_module, "INK", replace(INK, sure_polarity=0.0)),
    "paper flattened": (ink_module, "_estimate_paper", lambda bright: np.full_like(bright, np.percentile(bright, 80))),
    "faint stretches": (ink_module, "_follow_faint", lambda contrast, level, lowest: np.zeros(contrast.shape, bool)),
    "lines": (ink_module, "find_lines", lambda visible, contrast: np.zeros(visible.shape, bool)),
    "frames": (ink_module, "find_frame", lambda visible: np.zeros(visible.shape, bool)),
    "rules at the edges": (ink_module, "find_edges", lambda visible: np.zeros(visible.shape, bool)),
    "strands": (ink_module, "find_strands", lambda ink: np.zeros(ink.shape, bool)),
    "cut off pieces": (one_digit, "_is_cut_off", lambda patches, index, main, stroke: False),
    "stroke width": (mnist_form, "_grow", lambda ink, diameter: ink),
    "small ones whole": (reader, "whole_picture_as_digit", lambda ink: None),
    "the ink network": (looks, "load_network", lambda: None),
}


def report_steps(model: checkpoint.Checkpoint, kinds: tuple[str, ...], count: int) -> list[Row]:
    """Print for every step how many percent of the pages are lost without it, kind by kind: right, clean."""
    rows = []
    drawn = {kind: draw(kind, count) for kind in kinds}
    whole = {kind: measure(model, *drawn[kind]) for kind in kinds}
    print(f"{'left out':22}" + "".join(f"{kind:>12}" for kind in kinds))
    for name, (place, attribute, replacement) in STEPS.items():
        with mock.patch.object(place, attribute, replacement):
            without = {kind: measure(model, *drawn[kind]) for kind in kinds}
        losses = [
            f"{without[kind].right - whole[kind].right:+.0f} {without[kind].clean - whole[kind].clean:+.0f}"
            for kind in kinds
        ]
        print(f"{name:22}" + "".join(f"{loss:>12}" for loss in losses), flush=True)
        for share in ("right", "clean"):
            lost = {kind: getattr(without[kind], share) - getattr(whole[kind], share) for kind in kinds}
            mean, title = statistics.mean(lost.values()), f"{share}, mean"
            rows.append(Row(name, mean, "points", column=title, digits=2))
            rows += [
                Row(name, value, "points", column=f"{share}, {kind}", is_detail=True)
                for kind, value in lost.items()
                if value
            ]
    return rows


def print_score(name: str, score: Score) -> None:
    """One line of the table."""
    print(f"{name:10}{score.right:8.1f}{score.clean:8.1f}{score.missing:9.1f}{score.strange:9.1f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
