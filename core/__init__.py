"""Digit Lab's engine: everything that is not a page. Only `core.ui` knows Streamlit."""
