"""On every page a name that somebody chose, and a sentence that may hold one, passes `words.escape_markdown`."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "Home.py", *sorted((ROOT / "pages").glob("*.py")), *sorted((ROOT / "core" / "ui").rglob("*.py"))]

# What Streamlit makes Markdown of: the first argument of these, and these keywords of any.
MARKDOWN = {
    *("title", "header", "subheader", "markdown", "caption", "write", "info", "warning", "error", "success", "toast"),
    *("button", "download_button", "toggle", "checkbox", "expander", "popover", "page_link", "spinner", "metric"),
    "note",  # of core/ui/notices.py
}
SECOND = {"progress"}  # the first argument of this one is a share
KEYWORDS = {"help", "caption", "label", "body", "text", "done"}
NAMES = {"name", "names", "base", "tag", "error", "in_use", "model_name", "file_name", "show_name", "link_refused"}


def find_bare_names(expression: ast.AST) -> Iterator[str]:
    """The names in an expression that nobody escapes."""
    if isinstance(expression, ast.Call):
        called = expression.func
        title = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if title in ("escape_markdown", "count", "len"):
            return
        if title in NAMES:
            yield title
    if isinstance(expression, ast.Attribute) and expression.attr in NAMES:
        yield ast.unparse(expression)
        return
    if isinstance(expression, ast.Name) and expression.id in NAMES:
        yield expression.id
        return
    if isinstance(expression, ast.Subscript):  # what is looked up is shown, not what it is looked up by
        yield from find_bare_names(expression.value)
        return
    is_choice = isinstance(expression, ast.IfExp)  # what it depends on is not shown
    children = [expression.body, expression.orelse] if is_choice else ast.iter_child_nodes(expression)
    for child in children:
        yield from find_bare_names(child)


def find_leaks(tree: ast.AST) -> Iterator[str]:
    """Each text of a page in which a name stands as it is."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):  # keywords handed on
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in KEYWORDS:
                    yield from (f"line {node.lineno}: {name} as {key.value}" for name in find_bare_names(value))
        if not isinstance(node, ast.Call):
            continue
        title = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        texts = [keyword.value for keyword in node.keywords if keyword.arg in KEYWORDS]
        if title in MARKDOWN:
            texts += node.args[:1]
        if title in SECOND:
            texts += node.args[1:2]
        for text in texts:
            yield from (f"line {node.lineno}: {name} in {title}" for name in find_bare_names(text))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_name_is_markdown(path):
    assert not list(find_leaks(ast.parse(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize(
    "text",
    [
        "st.markdown(f'**{run.name}**')",
        "left.error(str(error))",
        "st.progress(0.5, run.name)",
        "st.button('a', help=f'{name}')",
        "notices.attempt(rename, run, done=f'{name} kept')",
        "st.button(on_click=attempt, kwargs={'done': f'{name} kept'})",
        "st.error(f'{batch.show_name(item.name)}: no')",
    ],
)
def test_the_law_sees_a_name_that_is_not_escaped(text):
    assert list(find_leaks(ast.parse(text)))
    assert not list(find_leaks(ast.parse("st.markdown(f'{words.escape_markdown(run.name)}', key=name)")))
