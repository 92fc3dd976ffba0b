"""Draw the letters, signs and digits of handwriting fonts into data/glyphs.npz: `scripts/collect_fonts.py FOLDER`.

FOLDER holds one folder per font, as the npm packages @fontsource/NAME unpack: metadata.json and
files/NAME-latin-400-normal.woff. Fonts are taken when their category is handwriting and their licence the SIL Open Font
License 1.1 or Apache 2.0. data/README.md names them.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from core import console
from core.workspace import SHIPPED

if TYPE_CHECKING:
    import numpy as np
    from PIL import ImageFont

# What draws is imported when there is something to draw: --help comes at once.

HEIGHT = 160  # pixels: size a font is drawn at before it is scaled down
LICENCES = ("OFL-1.1", "Apache-2.0")
COVERED = 0.4  # share of a small pixel that makes it ink; at one half hairlines break
LEAST_INK = 20  # pixels of the small drawing; less is a broken hairline
NO_CHARACTER = "\u0900"  # of an Indian script: Latin files draw a box in its place, or nothing


def main() -> int:
    """Draw every character of every font in the folder and write the file. Gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    import numpy as np
    from PIL import ImageFont

    from core.synthesis.fonts import DIGITS, FILE, LETTERS, SIGNS

    typefaces, characters, drawn = [], [], []
    for path in sorted(options.folder.rglob("*-latin-400-normal.woff")):
        facts = json.loads((path.parent.parent / "metadata.json").read_text(encoding="utf-8"))
        licence = facts["license"]["type"] if isinstance(facts["license"], dict) else facts["license"]
        if facts["category"] != "handwriting" or licence not in LICENCES:
            continue
        font = ImageFont.truetype(str(path), HEIGHT)
        missing = draw(font, NO_CHARACTER)
        for character in LETTERS + SIGNS + DIGITS:
            ink = draw(font, character)
            if ink.any() and not np.array_equal(ink, missing) and (small := shrink(ink)).sum() >= LEAST_INK:
                typefaces.append(facts["id"])
                characters.append(character)
                drawn.append(small)
    if not drawn:
        print(f"There is no handwriting font in {options.folder}.", file=sys.stderr)
        return 2
    bits = np.packbits(np.stack(drawn).reshape(len(drawn), -1), axis=1)
    np.savez_compressed(
        SHIPPED / "data" / FILE, typefaces=np.array(typefaces), characters=np.array(characters), bits=bits
    )
    print(f"{len(drawn):,} characters of {len(set(typefaces))} typefaces: {', '.join(sorted(set(typefaces)))}")
    return 0


def draw(font: ImageFont.FreeTypeFont, character: str) -> np.ndarray:
    """A character as ink (H, W) bool, with a margin for flourishes."""
    import numpy as np
    from PIL import Image, ImageDraw

    sheet = Image.new("L", (5 * HEIGHT, 5 * HEIGHT))
    ImageDraw.Draw(sheet).text((2 * HEIGHT, 1.5 * HEIGHT), character, font=font, fill=255)
    return np.asarray(sheet) > 127


def shrink(ink: np.ndarray) -> np.ndarray:
    """Ink (H, W) bool cropped and scaled to fit, against the upper left corner of (SIDE, SIDE) bool."""
    import cv2
    import numpy as np

    from core.synthesis.drawing import crop
    from core.synthesis.fonts import SIDE

    large = crop(ink)
    scale = SIDE / max(large.shape)
    height, width = (max(1, round(length * scale)) for length in large.shape)
    small = np.zeros((SIDE, SIDE), bool)
    small[:height, :width] = (
        cv2.resize(large.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA) > COVERED
    )
    return small


if __name__ == "__main__":
    sys.exit(console.run(main))
