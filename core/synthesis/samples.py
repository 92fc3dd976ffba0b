"""The ready pictures in samples/: digits by hand on paper, and a few of MNIST's test set, enlarged.

Drawn by scripts/draw_samples.py, byte for byte the same with the same versions of Pillow and OpenCV.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from core.data import mnist
from core.synthesis.drawing import to_bytes
from core.synthesis.sheets import (
    BLACK,
    BLUE,
    GREEN,
    RED,
    VIOLET,
    WHITE,
    Colour,
    encode,
    lay_ink,
    make_paper,
    rub,
    rule,
    shade,
    write,
)


@dataclass(frozen=True)
class Rules:
    """Lines printed on the paper, `spacing` pixels apart, as `sheets.rule` takes them."""

    spacing: float
    colour: Colour
    strength: float
    both_ways: bool = False


@dataclass(frozen=True)
class Sample:
    """A digit on paper. `glyph` to `centre` as `sheets.write` takes them, sizes in pixels.

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

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """The picture, (H, W, 3) float32 in [0, 1]."""
        sheet = make_paper(self.size, self.paper, rng, self.grain)
        if self.rules:
            sheet = rule(sheet, self.rules.spacing, self.rules.colour, self.rules.strength, self.rules.both_ways)
        covered = write(self.glyph, self.size, self.height, self.pen, rng, self.centre, self.slant)
        if self.roughness is not None:
            covered = rub(covered, rng, self.roughness)
        sheet = lay_ink(sheet, covered * self.density, self.ink)
        return shade(sheet, self.shadow) if self.shadow else sheet


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


def _plain(
    glyph: str,
    size: tuple[int, int],
    height: float,
    pen: float,
    centre: tuple[float, float] = (0.5, 0.5),
    slant: float = 0.0,
) -> Callable[[np.random.Generator], bytes]:
    """Black on white without paper, in grey alone; the arguments are those of `sheets.write`."""
    return lambda rng: encode(to_bytes(1 - write(glyph, size, height, pen, rng, centre, slant)), "png")


# By file name; the first character is the label.
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


def draw(name: str) -> bytes:
    """The content of the picture file `name`, a key of `SAMPLES`, the same at every call."""
    sample, rng = SAMPLES[name], np.random.default_rng(zlib.crc32(name.encode()))
    return encode(to_bytes(sample.draw(rng)), Path(name).suffix[1:]) if isinstance(sample, Sample) else sample(rng)


def draw_mnist(folder: Path) -> list[Path]:
    """Enlarge some MNIST test digits into `folder`; gives their paths. Raises `DataError` without MNIST."""
    digits, paths = mnist.load(train=False), []
    for index, method, paper, ink in MNIST:
        small = Image.fromarray(digits.images[index].numpy())
        covered = np.asarray(small.resize((168, 168), method), np.float32) / 255
        sheet = lay_ink(np.ones((168, 168, 3)) * np.array(paper) / 255, covered, ink)
        image = Image.fromarray(to_bytes(sheet)).quantize(64)
        paths.append(folder / f"{int(digits.labels[index])}_mnist_test_{index}_enlarged.png")
        paths[-1].write_bytes(encode(image, "png"))
    return paths
