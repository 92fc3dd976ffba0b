"""The package installs with everything the app needs, and its command does what the scripts do."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from running_app import start_server

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SAMPLE = "2_round_shadow_over_half.jpg"


def read_requirements(name: str) -> list[str]:
    """The packages a requirements file names itself, without comments and options."""
    lines = [line.split("#")[0].strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    return sorted(line for line in lines if line and not line.startswith("-"))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("requirements.txt", PROJECT["dependencies"]),
        ("requirements-dev.txt", PROJECT["optional-dependencies"]["dev"]),
    ],
)
def test_requirements_and_package_ask_for_the_same(name: str, wanted: list[str]):
    assert read_requirements(name) == sorted(wanted)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the built package unpacked in it, as pip would put it beside the packages it needs."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "wheel")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (wheel,) = (folder / "wheel").glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "unpacked")
    return folder / "unpacked"


@pytest.fixture
def environment(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Python finds the unpacked package and not the checkout; gives a folder of its own to work in."""
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path / "home"))
    (tmp_path / "elsewhere").mkdir()
    return tmp_path / "elsewhere"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=os.environ, capture_output=True, text=True, timeout=120
    )


@pytest.mark.slow
def test_what_ships_is_in_the_package_and_nothing_that_people_made(site: Path):
    app = site / "core" / "app"
    assert {path.name for path in (app / "models").iterdir()} == {
        "ink.npz",
        "ink.json",
        *(f"{name}{suffix}" for name in ("reference", "modern") for suffix in (".pth", ".json", ".rejection.npz")),
    }
    for folder in ("pages", ".streamlit", "samples"):
        kept = {path.name for path in (ROOT / folder).iterdir() if path.is_file()}
        assert {path.name for path in (app / folder).iterdir()} == kept
    code = {path.relative_to(ROOT) for path in (ROOT / "core").rglob("*.*") if path.suffix != ".pyc"}
    assert code <= {path.relative_to(site) for path in (site / "core").rglob("*.*")}
    assert not list(site.rglob("tests"))


@pytest.mark.slow
def test_the_data_is_read_from_the_package(environment: Path):
    code = (
        "from core.data import mnist\nfrom core.network import checkpoint\n"
        "from core.synthesis import fonts, pen_digits\n"
        "print(len(mnist.load(False)), len(fonts.load('training')) > 0, len(pen_digits.load('training')) > 0)\n"
        "print(mnist.__file__, checkpoint.load('modern').name)"
    )
    done = run(environment, "-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("10000 True True") and "modern" in done.stdout
    assert str(ROOT / "core") not in done.stdout


@pytest.mark.slow
def test_the_command_reads_a_picture_as_the_script_does(environment: Path):
    picture = str(ROOT / "samples" / SAMPLE)
    by_command = run(environment, "-m", "core.cli", "predict", "--format", "json", picture)
    by_script = run(environment, str(ROOT / "scripts" / "predict.py"), "--format", "json", picture)
    assert by_command.returncode == 0, by_command.stderr
    assert by_command.stdout == by_script.stdout and '"text": "2"' in by_command.stdout


@pytest.mark.slow
def test_the_command_gives_the_scripts_exit_code(environment: Path):
    assert run(environment, "-m", "core.cli", "predict", "no such file.png").returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize("command", ["predict", "read", "train", "evaluate"])
def test_help_behind_a_command_is_the_commands_own(environment: Path, command: str):
    done = run(environment, "-m", "core.cli", command, "--help")
    assert done.returncode == 0, done.stderr
    assert "--model" in done.stdout or "--epochs" in done.stdout


@pytest.mark.slow
def test_the_app_starts_from_any_folder(environment: Path, tmp_path: Path):
    with start_server(tmp_path / "log.txt", root=environment, command=("-m", "core.cli", "run")):
        pass  # it waits until the server answers, and fails with the log where it doesn't


@pytest.mark.slow
def test_the_app_has_its_own_configuration_and_takes_further_options(environment: Path):
    """Asked at the moment the server would start."""
    code = (
        "import sys\nfrom streamlit import config\nfrom streamlit.web import bootstrap\nfrom core import cli\n"
        "names = ('server.maxUploadSize', 'server.port')\n"
        "bootstrap.run_asgi_app = lambda *_: print('found', *(config.get_option(name) for name in names))\n"
        "sys.argv = ['digit-lab', 'run', '--server.port', '8765']\ncli.main()"
    )
    assert "found 200 8765" in run(environment, "-c", code).stdout
