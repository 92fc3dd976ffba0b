"""The app for the test of names: each of `NAMES`, as a page shows it in every kind of text."""

import streamlit as st

from core import words

NAMES = (
    "__init__.png",
    "**bold**.png",
    "*a*_b_.png",
    ":smile:.png",
    ":100: :+1:",
    ":material/home:",
    ":streamlit:",
    ":red[x].png",
    ":blue-badge[x]",
    "www.example.com.png",
    "http://example.com/a.png",
    "anna@example.com.png",
    "mailto:anna@example.com",
    "3. anna.png",
    "3) anna.png",
    "- a.png",
    "+ a.png",
    "# a.png",
    "> a.png",
    "--- a",
    "===",
    "[a](http://example.com).png",
    "![a](http://example.com/a.png)",
    "[a]: http://example.com",
    "<b>a</b>.png",
    "<img src=x>",
    "&amp;&lt;.png",
    "$a$ $$b$$.png",
    "`code`.png",
    "~~a~~ ~b~.png",
    "a~b~c.png",
    "a -> b <- c -- d.png",
    "a <= b >= c ~= d <-> e.png",
    "a|b|c.png",
    "\\*a\\*.png",
    "a\\",
    "    four.png",
    "^1^ H~2~O.png",
    "[^1].png",
    "- [ ] task",
    "Müller 数字 🙂.png",
)

if __name__ == "__main__":
    for number, name in enumerate(NAMES):
        text = words.escape_markdown(name)
        with st.container(key=f"name-{number}"):
            st.markdown(text)
            st.caption(text)
            st.info(text)
            st.button(text, key=f"button-{number}")
            st.progress(0.5, text)
