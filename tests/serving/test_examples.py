"""The examples in docs/api.md do what they say, against the server as it is started."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_app import ROOT, Server, start_server

from core.serving import headers

SAMPLES = ROOT / "samples"
TEXT = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```(sh|python|js)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
ADDRESS = "http://localhost:8501"
RUNNERS = {"sh": ("bash", "-c"), "python": (sys.executable, "-c"), "js": ("node", "--input-type=module", "-e")}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("app")
    with start_server(folder / "log.txt", folder) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(SAMPLES / "2_round_shadow_over_half.jpg", tmp_path / "photo.jpg")
    shutil.copy(SAMPLES / "7_plain_in_the_corner.png", tmp_path / "scan.png")
    return tmp_path


@pytest.mark.parametrize(("kind", "code"), EXAMPLES, ids=[f"{at}-{kind}" for at, (kind, _) in enumerate(EXAMPLES)])
def test_an_example_reads_the_pictures(app: Server, folder: Path, kind: str, code: str):
    if shutil.which(RUNNERS[kind][0]) is None or ("curl" in code and shutil.which("curl") is None):
        pytest.skip("this example's program is not installed")
    environment = {**os.environ, "no_proxy": "*"}
    done = subprocess.run(
        [*RUNNERS[kind], code.replace(ADDRESS, app.url)], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "2" in done.stdout and "digit" in done.stdout
    assert ("7" in done.stdout) >= ("scan.png" in code)


def test_there_is_one_for_each_language():
    assert {kind for kind, _ in EXAMPLES} == set(RUNNERS)
    assert all(ADDRESS in code for _, code in EXAMPLES)


def test_pages_and_api_are_on_one_port(app: Server):
    from urllib.request import urlopen

    for path, kind in (("/", "text/html"), ("/Predict", "text/html"), ("/health", "application/json")):
        with urlopen(app.url + path) as answer:
            assert answer.headers["content-type"].startswith(kind), path
            for name, value in headers.HEADERS.items():
                assert answer.headers[name] == value, (path, name)
