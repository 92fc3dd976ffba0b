"""What people make is never offered to git, what ships always is."""

import shutil
import subprocess

import pytest

from core.network import checkpoint
from core.workspace import SHIPPED as ROOT

pytestmark = pytest.mark.skipif(not shutil.which("git") or not (ROOT / ".git").exists(), reason="needs the checkout")


def is_ignored(path: str) -> bool:
    return subprocess.run(["git", "check-ignore", "-q", "--no-index", path], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("name", ["Run 1", "Fine-tuned 1", "my-model", "from-notebook", "guest", ".Run 1"])
def test_trained_fine_tuned_and_uploaded_weights_do_not_lie_in_gits_way(name):
    for suffix in (*checkpoint.FILES, ".pth.deleted"):
        assert is_ignored(f"models/{name}{suffix}")
    assert is_ignored("models/in-use.txt") and is_ignored("runs/20260101-000000-000000/run.json")
    assert is_ignored(f"maps/{name}.npz")


def test_what_ships_is_not_ignored():
    files = [f"{name}{suffix}" for name in checkpoint.ALL_SHIPPED for suffix in checkpoint.FILES]
    for file in [*files, "README.md", "ink.npz", "ink.json"]:
        assert not is_ignored(f"models/{file}") and (ROOT / "models" / file).is_file()
