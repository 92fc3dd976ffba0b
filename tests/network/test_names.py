"""A name of a run or a model: letters of any script, nothing that a file system, a page or a terminal trips over."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.network import checkpoint


@pytest.mark.parametrize("name", ["Run 1", "Käthe’s Lauf", "李雷", "हिन्दी 2", "O'Neil", "ŁÓDŹ-3", "7b", "١٢٣"])
def test_names_of_any_script_fit(name):
    assert checkpoint.fits(name)


@pytest.mark.parametrize(
    "name",
    ["", " ", "../x", "a/b", "a\\b", ".hidden", "-rf", "a\nb", "a\0b", "a:b", "*", "✓", "x" * 81, "李" * 80, "end "],
)
def test_what_is_no_plain_file_name_is_refused(name):
    assert not checkpoint.fits(name)


@settings(deadline=None, database=None)
@given(st.text(max_size=90))
def test_a_name_that_fits_can_be_a_file_and_every_upload_gets_one(tmp_path_factory, text):
    assert checkpoint.fits(checkpoint._as_name(text))
    if checkpoint.fits(text):
        path = tmp_path_factory.getbasetemp() / f"{text}{checkpoint.REJECTION}"
        path.write_bytes(b"")
        assert path.parent == tmp_path_factory.getbasetemp() and path.is_file()
        path.unlink()
