"""Draw the pictures in samples/, the same at every run: `python scripts/draw_samples.py [--folder PATH]`."""

import argparse
import sys
from pathlib import Path

from core import console
from core.workspace import SHIPPED


def main() -> int:
    """Write every sample and say how large they are. Gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=SHIPPED / "samples", help="where to write (samples/)")
    folder = parser.parse_args().folder
    from core.synthesis import samples  # large: --help comes at once

    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in samples.SAMPLES]
    for path in paths:
        path.write_bytes(samples.draw(path.name))
    paths += samples.draw_mnist(folder)
    sizes = [path.stat().st_size for path in paths]
    print(f"{len(paths)} pictures, {sum(sizes) / 1000:.0f} kB, the largest {max(sizes) / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(console.run(main))
