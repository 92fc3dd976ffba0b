"""The ready pictures in samples/: digits and numbers by hand on paper, what is no digit, a few that are misread, and
some of MNIST's test set, enlarged.

Drawn by scripts/draw_samples.py, byte for byte the same with the same versions of Pillow and OpenCV.
"""

import itertools
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from core.data import mnist
from core.synthesis.drawing import LETTERS, SYMBOLS, to_bytes
from core.synthesis.sheets import (
    BLACK,
    BLUE,
    GLYPHS,
    GREEN,
    RED,
    VIOLET,
    WHITE,
    Colour,
    Strokes,
    encode,
    lay_ink,
    make_paper,
    rub,
    rule,
    shade,
    write,
    write_strokes,
)


def _read_strokes(text: str) -> Strokes:
    """Strokes as `drawing` notes them down, in a square of ten by ten: "~04 34, 10 19"."""
    strokes: list[tuple[tuple[float, float], ...]] = []
    for part in text.split(","):
        points = [(int(point[0]) / 9, int(point[1]) / 9) for point in part.strip().lstrip("~").split()]
        is_smooth = part.strip().startswith("~")
        strokes += [tuple(points)] if is_smooth else [(a, b) for a, b in itertools.pairwise(points)]
    return tuple(strokes)


# What is no digit, by name.
SIGNS = {
    name: _read_strokes(text)
    for name, text in (
        ("A", LETTERS["A"]),
        ("M", LETTERS["M"]),
        ("heart", SYMBOLS["heart"]),
        ("house", SYMBOLS["house"]),
        ("question", SYMBOLS["question"]),
        ("scribble", "~04 40 47 12 81 25 95 33 78 60 19 88 50 73 31 90"),
    )
}


@dataclass(frozen=True)
class Rules:
    """Lines printed on the paper, `spacing` pixels apart, as `sheets.rule` takes them."""

    spacing: float
    colour: Colour
    strength: float
    both_ways: bool = False


@dataclass(frozen=True)
class Sample:
    """A digit on paper, a number or another sign. `glyph` is a key of `sheets.GLYPHS` or `SIGNS`, of a number several
    with a space between; `size` to `centre` as `sheets.write_strokes` takes them, in pixels; `pitch` is the distance of
    a number's digits, as a share of their height.

    `grain` is the paper's, `density` the share of the paper's light that ink at its darkest takes, `roughness` makes it
    pencil or chalk, `shadow` is the depth of a shadow over half of the picture; each 0 to 1.
    """

    glyph: str
    size: tuple[int, int]
    height: float
    pen: float
    ink: Colour
    paper: Colour
    grain: float
    slant: float = 0.0
    centre: tuple[float, float] = (0.5, 0.5)
    rules: Rules | None = None
    density: float = 1.0
    roughness: float | None = None
    shadow: float = 0.0
    pitch: float = 0.9

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """The picture, (H, W, 3) float32 in [0, 1]."""
        sheet = make_paper(self.size, self.paper, rng, self.grain)
        if self.rules:
            sheet = rule(sheet, self.rules.spacing, self.rules.colour, self.rules.strength, self.rules.both_ways)
        covered = self.write(rng)
        if self.roughness is not None:
            covered = rub(covered, rng, self.roughness)
        sheet = lay_ink(sheet, covered * self.density, self.ink)
        return shade(sheet, self.shadow) if self.shadow else sheet

    def write(self, rng: np.random.Generator) -> np.ndarray:
        """Where the pen touched the paper, (H, W) float32 in [0, 1]."""
        glyphs, step = self.glyph.split(), self.pitch * self.height / self.size[0]
        covered = np.zeros(self.size[::-1], np.float32)
        for place, glyph in enumerate(glyphs):
            x = self.centre[0] + (place - (len(glyphs) - 1) / 2) * step
            y = self.centre[1] + (rng.normal(0, 0.04) * self.height / self.size[1] if place else 0)
            strokes = GLYPHS.get(glyph) or SIGNS[glyph]
            written = write_strokes(strokes, self.size, self.height, self.pen, rng, (x, y), self.slant)
            covered = np.maximum(covered, written)
        return covered


def _draw_dimmed(rng: np.random.Generator) -> bytes:
    sample = Sample("0_looped", (320, 320), 210, 26, BLACK, (252, 250, 246), 0.006)
    return encode(to_bytes(sample.draw(rng) * 0.99), "webp")


def _draw_frame(rng: np.random.Generator) -> bytes:
    covered = write("1_footed", (240, 240), 160, 17, rng, slant=0.05)
    covered[[0, 1, -2, -1], :] = covered[:, [0, 1, -2, -1]] = 1
    return encode(to_bytes(covered), "png")


def _draw_palette(rng: np.random.Generator) -> bytes:
    """A PNG with 32 colours, as screenshots and scans are often stored."""
    covered = write("2_looped", (280, 300), 190, 10, rng, slant=0.12)
    return encode(Image.fromarray(to_bytes(lay_ink(np.ones((300, 280, 3)), covered, VIOLET))).quantize(32), "png")


def _draw_white_on_transparent(rng: np.random.Generator) -> bytes:
    return _lay_on_nothing(write("3_round", (256, 256), 176, 16, rng), 255)


def _draw_black_on_transparent(rng: np.random.Generator) -> bytes:
    return _lay_on_nothing(write("4_open", (256, 256), 176, 12, rng, slant=0.1), 0)


def _lay_on_nothing(covered: np.ndarray, grey: int) -> bytes:
    """Ink of one grey, 0 to 255, where `covered` (256, 256) says so, and no paper at all."""
    return encode(Image.merge("LA", [Image.new("L", (256, 256), grey), Image.fromarray(to_bytes(covered))]), "png")


def _draw_turned(rng: np.random.Generator) -> bytes:
    """Stored lying on its side, with the tag that says to turn it a quarter clockwise, as phones do."""
    sample = Sample("5_two_strokes", (360, 460), 270, 11, (32, 40, 84), (236, 232, 222), 0.012, slant=0.1)
    image = Image.fromarray(to_bytes(shade(sample.draw(rng), 0.2, 1.2, 0.4)))
    exif = Image.Exif()
    exif[0x0112] = 6
    return encode(image.transpose(Image.Transpose.ROTATE_90), "jpg", exif=exif)


def _draw_sixteen_bits(rng: np.random.Generator) -> bytes:
    covered = write("6_straight", (200, 220), 160, 10, rng, slant=0.1)
    return encode(Image.fromarray(((1 - 0.85 * covered) * 61_000).round().astype(np.uint16)), "png")


def _draw_lamp(rng: np.random.Generator) -> bytes:
    """A desk lamp from the upper left, dim corners."""
    sample = Sample("9_straight", (420, 380), 240, 12, BLACK, (244, 236, 214), 0.01, 0.1, (0.47, 0.52))
    y, x = np.mgrid[0:380, 0:420].astype(np.float32)
    lamp = np.exp(-(((x - 120) / 330) ** 2) - ((y - 90) / 330) ** 2)
    return encode(to_bytes(sample.draw(rng) * (0.45 + 0.58 * lamp)[..., None]), "webp")


def _draw_cheque(rng: np.random.Generator) -> bytes:
    """The amount on a cheque: a box on paper with fine printed waves and two rules."""
    width, height = 700, 240
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = np.sin((y + 5 * np.sin(x / 23) + 3 * np.sin(x / 61)) / 1.6)
    sheet = make_paper((width, height), (226, 238, 226), rng, 0.008) * (1 - 0.07 * (waves > 0.4))[..., None]
    printed = np.zeros((height, width), np.float32)
    printed[34:37, 40:660] = printed[202:205, 40:660] = printed[34:205, 40:43] = printed[34:205, 657:660] = 1
    sheet = lay_ink(sheet, 0.6 * printed, (60, 110, 80))
    number = Sample("1_european 2_round 7_plain 5_two_strokes 0_round", (width, height), 92, 7, BLUE, WHITE, 0.0, 0.1)
    return encode(to_bytes(lay_ink(sheet, number.write(rng), BLUE)), "webp")


def _draw_touching(rng: np.random.Generator) -> bytes:
    """Two digits without a gap."""
    number = Sample("4_open 0_round", (380, 300), 190, 14, BLACK, WHITE, 0.0, pitch=0.72)
    return encode(to_bytes(1 - number.write(rng)), "png")


def _draw_mirrored(rng: np.random.Generator) -> bytes:
    """As children write now and then."""
    sheet = Sample("2_round", (360, 380), 240, 12, (40, 44, 120), (250, 247, 240), 0.008).draw(rng)
    return encode(to_bytes(np.ascontiguousarray(sheet[:, ::-1])), "jpg")


def _draw_askew(rng: np.random.Generator) -> bytes:
    """A note that lies askew under the camera."""
    sheet = Sample("7_plain", (520, 520), 230, 13, (40, 36, 34), (248, 236, 150), 0.008).draw(rng)
    image = Image.fromarray(to_bytes(sheet)).rotate(50, Image.Resampling.BICUBIC)
    return encode(image.crop((90, 90, 430, 430)), "webp")


def _draw_outline(rng: np.random.Generator) -> bytes:
    """Only the edge of its strokes, as on a poster."""
    covered = write("1_european", (360, 380), 230, 24, rng)
    inside = Image.fromarray(to_bytes(covered))
    outline = np.asarray(inside.filter(ImageFilter.MaxFilter(9)), np.float32) / 255
    hollow = outline - np.asarray(inside.filter(ImageFilter.MinFilter(3)), np.float32) / 255
    return encode(to_bytes(1 - np.clip(hollow, 0, 1)), "png")


def _plain(
    glyph: str,
    size: tuple[int, int],
    height: float,
    pen: float,
    centre: tuple[float, float] = (0.5, 0.5),
    slant: float = 0.0,
) -> Callable[[np.random.Generator], bytes]:
    """Black on white without paper, in grey alone; the arguments are those of `Sample`."""
    sample = Sample(glyph, size, height, pen, BLACK, WHITE, 0.0, slant, centre)
    return lambda rng: encode(to_bytes(1 - sample.write(rng)), "png")


# By file name. The first character is the label, or the first word says what kind it is: a number, which follows; what
# is "not" a digit; or a digit, which follows, that is "hard" to read: the shipped model misreads it.
SAMPLES: dict[str, Sample | Callable[[np.random.Generator], bytes]] = {
    "0_slashed_blue_ballpoint.jpg": Sample("0_slashed", (360, 400), 270, 9, BLUE, (247, 246, 240), 0.008, 0.12),
    "0_looped_felt_pen.webp": _draw_dimmed,
    "0_round_chalk_on_blackboard.jpg": Sample(
        "0_round", (400, 340), 230, 15, (238, 238, 228), (42, 62, 54), 0.05, centre=(0.48, 0.5), density=0.95,
        roughness=0.5,
    ),
    "1_european_on_ruled_paper.webp": Sample(
        "1_european", (340, 420), 240, 8, BLUE, (250, 249, 244), 0.006, 0.1, rules=Rules(58, (120, 160, 205), 0.55)
    ),
    "1_footed_white_on_black_with_frame.png": _draw_frame,
    "1_plain_leaning_green_pen.jpg": Sample("1_plain", (300, 380), 240, 12, GREEN, (244, 240, 226), 0.01, 0.22),
    "2_looped_violet_ink.png": _draw_palette,
    "2_round_shadow_over_half.jpg": Sample(
        "2_round", (420, 420), 250, 14, (30, 34, 52), (238, 234, 224), 0.012, centre=(0.5, 0.48), shadow=0.42
    ),
    "2_small_on_a_large_page.webp": Sample(
        "2_round", (600, 480), 92, 5, BLACK, (249, 248, 243), 0.006, centre=(0.7, 0.32)
    ),
    "3_flat_top_red_pen.jpg": Sample("3_flat", (340, 380), 260, 10, RED, (250, 248, 242), 0.007, 0.08),
    "3_round_pencil.webp": Sample(
        "3_round", (340, 360), 240, 8, (92, 92, 98), (246, 244, 238), 0.01, 0.06, density=0.62, roughness=0.6
    ),
    "3_white_ink_on_transparent.png": _draw_white_on_transparent,
    "4_closed_black_felt_pen.png": _plain("4_closed", (280, 280), 180, 22),
    "4_open_black_ink_on_transparent.png": _draw_black_on_transparent,
    "4_open_on_yellow_note.jpg": Sample("4_open", (360, 360), 230, 11, BLUE, (252, 226, 110), 0.012, 0.12),
    "5_photo_with_rotation_tag.jpg": _draw_turned,
    "5_one_stroke_on_squared_paper.webp": Sample(
        "5_one_stroke", (380, 400), 250, 9, BLACK, (250, 250, 247), 0.006, rules=Rules(38, (150, 175, 200), 0.5, True)
    ),
    "5_thin_pencil.jpg": Sample(
        "5_two_strokes", (320, 380), 240, 5, (78, 78, 84), (243, 240, 232), 0.01, 0.08, density=0.7, roughness=0.4
    ),
    "6_curled_on_pink_paper.jpg": Sample("6_curled", (340, 380), 250, 13, (56, 40, 60), (244, 206, 208), 0.01),
    "6_sixteen_bits_deep.png": _draw_sixteen_bits,
    "6_white_marker_on_blue.webp": Sample(
        "6_curled", (360, 340), 220, 20, (246, 248, 250), (28, 58, 104), 0.02, -0.04
    ),
    "7_crossed_on_squared_paper.webp": Sample(
        "7_crossed", (400, 420), 270, 10, BLUE, (250, 250, 248), 0.006, rules=Rules(42, (130, 165, 210), 0.5, True)
    ),
    "7_hooked_on_kraft_paper.jpg": Sample("7_hooked", (340, 380), 250, 15, (34, 28, 26), (196, 160, 116), 0.025),
    "7_plain_in_the_corner.png": _plain("7_plain", (320, 320), 96, 9, centre=(0.2, 0.22), slant=0.05),
    "8_one_stroke_red_on_ruled_paper.webp": Sample(
        "8_one_stroke", (360, 420), 270, 10, RED, (251, 250, 245), 0.006, 0.1, rules=Rules(52, (130, 165, 205), 0.5)
    ),
    "8_two_rings_broad_brush.png": _plain("8_two_rings", (280, 280), 200, 24),
    "8_yellow_on_violet.webp": Sample("8_one_stroke", (320, 340), 230, 16, (250, 214, 74), (74, 40, 104), 0.02, 0.05),
    "9_curved_faint_ink.jpg": Sample(
        "9_curved", (340, 380), 250, 9, (96, 110, 150), (240, 238, 232), 0.006, density=0.5
    ),
    "9_straight_desk_lamp.webp": _draw_lamp,
    "number_2024_on_squared_paper.webp": Sample(
        "2_round 0_round 2_looped 4_open", (640, 300), 150, 8, BLUE, (250, 250, 247), 0.006,
        rules=Rules(38, (150, 175, 200), 0.5, True),
    ),
    "number_1969_chalk_on_blackboard.jpg": Sample(
        "1_plain 9_straight 6_straight 9_curved", (640, 300), 150, 11, (238, 238, 228), (42, 62, 54), 0.04,
        density=0.95, roughness=0.4,
    ),
    "number_305_red_pen_on_a_shadowed_page.jpg": Sample(
        "3_round 0_looped 5_two_strokes", (560, 320), 170, 10, RED, (244, 241, 232), 0.01, 0.1, shadow=0.35
    ),
    "number_40_digits_that_touch.png": _draw_touching,
    "number_34780_in_pencil.webp": Sample(
        "3_flat 4_open 7_crossed 8_one_stroke 0_round", (720, 240), 120, 6, (84, 84, 92), (247, 245, 240), 0.008, 0.12,
        density=0.75, roughness=0.35,
    ),
    "number_12750_on_a_cheque.webp": _draw_cheque,
    "not_a_letter_A_in_blue.webp": Sample("A", (340, 360), 230, 11, BLUE, (249, 247, 240), 0.008),
    "not_a_letter_M_in_chalk.jpg": Sample(
        "M", (380, 340), 200, 13, (238, 238, 228), (42, 62, 54), 0.04, density=0.95, roughness=0.4
    ),
    "not_a_heart_in_red.jpg": Sample("heart", (340, 340), 210, 12, RED, (250, 248, 242), 0.008),
    "not_a_house_in_felt_pen.webp": Sample("house", (340, 340), 210, 14, BLACK, (252, 250, 246), 0.006),
    "not_a_question_mark.png": _plain("question", (280, 320), 220, 13),
    "not_a_scribble_in_pencil.webp": Sample(
        "scribble", (360, 340), 220, 7, (84, 84, 92), (247, 245, 240), 0.008, density=0.75, roughness=0.35
    ),
    "hard_1_in_outline.png": _draw_outline,
    "hard_2_in_mirror_writing.jpg": _draw_mirrored,
    "hard_7_on_a_note_askew.webp": _draw_askew,
}  # fmt: skip

# Position in the MNIST test set, how it is enlarged, paper and ink.
MNIST = (
    (0, Image.Resampling.NEAREST, (0, 0, 0), WHITE),
    (1, Image.Resampling.BICUBIC, (0, 0, 0), WHITE),
    (2, Image.Resampling.BICUBIC, WHITE, BLACK),
    (3, Image.Resampling.NEAREST, (0, 0, 0), WHITE),
    (4, Image.Resampling.BICUBIC, (250, 243, 224), BLUE),
    (7, Image.Resampling.NEAREST, WHITE, (0, 0, 0)),
    (11, Image.Resampling.BICUBIC, (0, 0, 0), (120, 230, 160)),
    (61, Image.Resampling.BICUBIC, (0, 0, 0), WHITE),
)
HARD_MNIST = (  # misread, though most people read them right
    (947, Image.Resampling.BICUBIC, (0, 0, 0), WHITE),
    (1901, Image.Resampling.BICUBIC, (250, 243, 224), BLUE),
    (3599, Image.Resampling.BICUBIC, (0, 0, 0), (120, 230, 160)),
    (6576, Image.Resampling.BICUBIC, WHITE, BLACK),
)


def draw(name: str) -> bytes:
    """The content of the picture file `name`, a key of `SAMPLES`, the same at every call."""
    sample, rng = SAMPLES[name], np.random.default_rng(zlib.crc32(name.encode()))
    return encode(to_bytes(sample.draw(rng)), Path(name).suffix[1:]) if isinstance(sample, Sample) else sample(rng)


def draw_mnist(folder: Path) -> list[Path]:
    """Enlarge some MNIST test digits into `folder`; gives their paths. Raises `DataError` without MNIST."""
    digits, paths = mnist.load(train=False), []
    for index, method, paper, ink in (*MNIST, *HARD_MNIST):
        kind = "hard_" if any(index == hard[0] for hard in HARD_MNIST) else ""
        small = Image.fromarray(digits.images[index].numpy())
        covered = np.asarray(small.resize((168, 168), method), np.float32) / 255
        sheet = lay_ink(np.ones((168, 168, 3)) * np.array(paper) / 255, covered, ink)
        image = Image.fromarray(to_bytes(sheet)).quantize(64)
        paths.append(folder / f"{kind}{int(digits.labels[index])}_mnist_test_{index}_enlarged.png")
        paths[-1].write_bytes(encode(image, "png"))
    return paths
