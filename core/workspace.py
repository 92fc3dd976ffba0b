"""Where data, models, runs and corrections lie, and how a file is written whole."""

import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA_FOLDER = ROOT / "data"
MODELS_FOLDER = ROOT / "models"
RUNS_FOLDER = ROOT / "runs"
SAMPLES_FOLDER = ROOT / "samples"
CORRECTIONS_FOLDER = ROOT / "my-digits"  # what visitors put right; made when the first digit is kept


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that readers see the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(content)
            file.close()
            temporary.chmod(0o644)  # its own mode lets nobody else read
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
