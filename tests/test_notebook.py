"""The notebook runs from top to bottom, on few images, and is stored without its outputs."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from core.workspace import SHIPPED as ROOT

PATH = ROOT / "notebooks" / "training.ipynb"


def test_the_notebook_is_stored_without_outputs():
    notebook = nbformat.read(PATH, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs") and cell.get("execution_count") is None


def test_the_notebook_replaces_nothing():
    code = "\n".join(cell.source for cell in nbformat.read(PATH, as_version=4).cells if cell.cell_type == "code")
    assert 0 < code.index("runs.check_name(NAME)") < code.index("RunWriter.create(NAME")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_notebook_runs_from_top_to_bottom(tmp_path: Path):
    notebook = nbformat.read(PATH, as_version=4)
    for name in ("core", "data"):
        (tmp_path / name).symlink_to(ROOT / name)
    code = next(cell for cell in notebook.cells if "TRAINING_IMAGES" in cell.source)
    code.source = "BATCH_SIZE, LEARNING_RATE, EPOCHS, TRAINING_IMAGES, NAME = 64, 1e-3, 1, 600, 'small'"
    setup = next(cell for cell in notebook.cells if "from core.training import runs" in cell.source)
    # Runs and models of a test belong into its own folder.
    setup.source += f"""
import os
os.environ["DIGIT_LAB_HOME"] = {str(tmp_path)!r}
load_all = mnist.load
mnist.load = lambda train: load_all(train).pick(torch.arange(1000))
"""
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert (tmp_path / "models" / "small.pth").is_file()
    (run,) = (tmp_path / "runs").iterdir()
    assert "finished" in (run / "run.json").read_text()
