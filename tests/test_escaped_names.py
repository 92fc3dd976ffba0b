"""A name that somebody else chose is never Markdown: what is shown is what it is called."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from names_app import NAMES
from running_app import start_server

from core import words

MARKS = r"\`*_{}[]()#+-.!|<>$~&:@^=/ 1aw"


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(alphabet=MARKS, max_size=16), st.text(max_size=16)))
def test_any_name_is_one_paragraph_of_plain_text(name):
    markdown_it = pytest.importorskip("markdown_it")
    renderer = markdown_it.MarkdownIt("gfm-like", {"linkify": False})
    tokens = renderer.parse(words.escape_markdown(name))
    assert [token.type for token in tokens] in ([], ["paragraph_open", "inline", "paragraph_close"])
    parts = [part for token in tokens for part in token.children or ()]
    assert {part.type for part in parts} <= {"text"}
    shown = "".join(part.content for part in parts).replace(words.UNSEEN, "").replace(words.SPACE, " ")
    assert shown.strip() == words.clean(name).replace(words.SPACE, " ").strip()


@pytest.mark.slow
def test_streamlit_shows_names_as_they_are(new_page, tmp_path):
    with start_server(tmp_path / "log.txt", command=("-m", "streamlit", "run", "tests/names_app.py")) as server:
        page = new_page()
        page.goto(server.url)
        page.locator(f".st-key-button-{len(NAMES) - 1}").wait_for()
        for number, name in enumerate(NAMES):
            place = page.locator(f".st-key-name-{number}")
            place.get_by_test_id("stProgress").wait_for()
            shown = place.get_by_test_id("stMarkdownContainer").evaluate_all(
                "parts => parts.map(one => one.textContent)"
            )
            made = place.locator(
                "a, img, b, strong, em, li, h1, h2, h3, code, del, sup, sub, table, hr, blockquote, .katex"
            )
            assert not made.count(), f"{name}: {made.first.evaluate('one => one.outerHTML')}"
            plain = {text.replace(words.UNSEEN, "").replace(words.SPACE, " ").strip() for text in shown}
            assert plain == {name.strip()}, name
        page.goto("about:blank")  # before its server ends
