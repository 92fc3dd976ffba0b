"""One rule for percent: `core.words` writes every figure that carries the sign, and nobody else. One spelling."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import words

ROOT = Path(__file__).resolve().parent.parent
OWNER = ROOT / "core" / "words.py"
ROOMS = ("core", "pages", "scripts")
FILES = [ROOT / "Home.py", *(path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if path != OWNER)]
PAPERS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "models").glob("*.md")]
BRITISH = re.compile(r"(?<!`)\b(learnt|spelt|burnt|dreamt)\b", re.IGNORECASE)
OLD_NAMES = {"Learnt from"}  # in files that older versions wrote
A_FORMAT = re.compile(r"[.~\d]+%|.*%[.\d]*[dfg]\s?%%")  # ".2%" of Vega and Python, "%.2f %%" of Streamlit


def find_specs(tree: ast.AST) -> set[int]:
    """All that says how a value of an f-string is written, by identity: it is judged with its value."""
    values = (node for node in ast.walk(tree) if isinstance(node, ast.FormattedValue) and node.format_spec)
    return {id(part) for value in values for part in ast.walk(value.format_spec)}


def find_formats(tree: ast.AST) -> Iterator[str]:
    """Where a figure and the sign are put together: a format that ends in %, a value with the sign right behind it."""
    specs = find_specs(tree)
    for node in ast.walk(tree):
        if id(node) in specs:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = [str(part.value) if isinstance(part, ast.Constant) else part for part in node.values]
            for before, part, behind in zip(["", *parts], parts, [*parts[1:], ""], strict=False):
                if isinstance(part, str) or str(before).endswith("width:"):  # of a style sheet
                    continue
                spec = ast.unparse(part.format_spec) if part.format_spec else ""
                if spec.strip("f'\"").endswith("%") or (isinstance(behind, str) and re.match(r"\s?%", behind)):
                    yield ast.unparse(node)
        elif isinstance(node, ast.keyword) and node.arg == "format" and getattr(node.value, "value", None) == "%":
            yield ast.unparse(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and A_FORMAT.fullmatch(node.value):
            yield repr(node.value)


def find_words(tree: ast.AST) -> Iterator[str]:
    """Sentences: strings that are no style sheet and no format of a figure."""
    specs = find_specs(tree)
    for node in ast.walk(tree):
        if id(node) not in specs and isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from [node.value] if not re.search(r"[{};<]", node.value) else []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nobody_else_formats_a_percentage(path: Path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not list(find_formats(tree))
    assert not [text for text in find_words(tree) if re.search(r"\d%(?!\w)", text)], "the sign stands apart: 95 %"


@pytest.mark.parametrize("path", [*FILES, *PAPERS], ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_shown_is_spelled_as_americans_do(path: Path):
    text = path.read_text(encoding="utf-8")
    shown = find_words(ast.parse(text)) if path.suffix == ".py" else [text]
    assert not [one for one in shown if BRITISH.search(one) and one not in OLD_NAMES]


def test_the_test_sees_what_it_looks_for():
    sentences = ('f"{share:.1%}"', 'f"{100 * share:.0f} %"', 'f"{points}%"')
    for code in (*sentences, 'axis(format=".2~%")', 'axis(format="%")', 'axis("%d %%")'):
        assert list(find_formats(ast.parse(code))), code
    assert not list(find_formats(ast.parse('f"{number} pictures, {words.percent(share)}"')))


def test_what_streamlit_and_vega_write_looks_alike():
    assert words.SLIDER % 40 == "40\u00a0%"
    assert words.percent(0.995) == words.COLUMN % 99.5
    assert "\u00a0%" in words.TICK
