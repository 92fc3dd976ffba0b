"""The rules of the house (docs/architecture.md): import-linter guards the arrows, the rest is read from the files."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORE = {str(path.relative_to(ROOT)): path for path in sorted((ROOT / "core").rglob("*.py"))}
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
PAGES = {str(path.relative_to(ROOT)): path for path in [ROOT / "Home.py", *sorted((ROOT / "pages").glob("*.py"))]}
SCRIPTS = {
    str(path.relative_to(ROOT)): path for folder in ("scripts", "benchmarks") for path in (ROOT / folder).glob("*.py")
}


def test_imports_run_one_way():
    """The contracts stand in pyproject.toml under tool.importlinter."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_but_the_pages_own_is_kept_from_streamlit():
    """The contract lists the rooms by hand: a new one must not be forgotten."""
    (contract,) = (one for one in CONTRACTS if one["type"] == "forbidden")
    rooms = {f"core.{path.stem}" for path in (ROOT / "core").iterdir() if path.name[0] not in "_."}
    assert set(contract["source_modules"]) == rooms - {"core.ui"}


def find_imports(path: Path) -> set[str]:
    """Dotted names of all a file imports, anywhere in it: "core.data.mnist", "torch.nn"."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: imports are written from the root"
            # `from core import data` names a file, `from core.data.mnist import load` a thing in it.
            found |= {f"core.{alias.name}" for alias in node.names} if node.module == "core" else {node.module}
    return found


def test_pages_hold_no_tensor_and_no_other_page():
    forbidden = {"torch", "torchvision", "pages", "scripts"}
    tops = {name: {imported.split(".")[0] for imported in find_imports(path)} for name, path in PAGES.items()}
    assert not {name: found & forbidden for name, found in tops.items() if found & forbidden}


def test_a_page_is_short():
    """A page asks, guards, calls and shows; its pieces live in core/ui."""
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in PAGES.items()}
    assert not {name: count for name, count in lines.items() if count > 50 and name != "Home.py"}


def test_scripts_need_no_streamlit():
    """Its messages alone (streamlit.proto) are known to the visitor without a browser that loads a server."""
    imported = {(name, imported) for name, path in SCRIPTS.items() for imported in find_imports(path)}
    imported = {(name, module) for name, module in imported if not module.startswith("streamlit.proto.")}
    assert not {pair for pair in imported if pair[1].startswith(("streamlit", "core.ui"))}


def test_no_room_is_a_lumber_room():
    names = {path.stem.lower() for path in ROOT.glob("*.py")} | {path.stem for path in CORE.values()}
    names |= {path.stem.lower() for path in [*PAGES.values(), *SCRIPTS.values()]}
    assert not names & {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


def test_the_first_line_says_what_a_file_is_for():
    files = CORE | PAGES | SCRIPTS
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in files.items()}
    assert not [name for name, tree in trees.items() if not ast.get_docstring(tree)]


def run(code: str) -> str:
    """What a fresh Python prints, started where the app is started."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def statements(path: Path) -> str:
    """The imports at the top of a file, as code."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return "\n".join(ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))


def test_home_is_painted_before_anything_heavy_is_loaded():
    heavy = ("torch", "torchvision", "cv2", "altair", "pillow_heif")
    code = statements(ROOT / "Home.py")
    assert "core" in code
    assert run(f"{code}\nimport sys\nprint([name for name in {heavy} if name in sys.modules])") == "[]"


def test_the_model_in_use_is_named_without_torch():
    code = "import sys\nfrom core.network import checkpoint\ncheckpoint.describe(checkpoint.in_use())\n"
    assert run(code + "print('torch' in sys.modules)") == "False"


def test_predicting_never_loads_torchvision_or_scikit_learn():
    """They cost 230 MB and two seconds."""
    code = (
        "import sys\nimport numpy as np\n"
        "from core.figures import probability_chart\nfrom core.network import checkpoint\n"
        "from core.reading import batch, picture, reader\nfrom core.ui import resources, shell\n"
        "drawing = picture.from_array(np.eye(80, dtype=np.uint8) * 255)\n"
        "reader.read(checkpoint.load(checkpoint.SHIPPED), drawing)\n"
        "print([name for name in ('torch', 'torchvision', 'sklearn', 'scipy') if name in sys.modules])"
    )
    assert run(code) == "['torch']"
