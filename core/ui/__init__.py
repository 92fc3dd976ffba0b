"""The pages' view pieces: the only package that knows Streamlit."""
