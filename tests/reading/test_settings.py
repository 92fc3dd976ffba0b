"""The constants of reading are in one place, and the benchmark that varies them changes what is read with."""

import re
import sys
from pathlib import Path

import pytest

from benchmarks import pages, sensitivity
from core.reading import settings

READING = Path(settings.__file__).parent


def test_every_setting_is_used_and_the_benchmark_knows_where():
    texts = {path.stem: path.read_text(encoding="utf-8") for path in READING.glob("*.py") if path.stem != "settings"}
    for group, name in sensitivity.CONSTANTS.values():
        users = {file for file, text in texts.items() if re.search(rf"\b{group}\.{name}\b", text)}
        assert users, f"{group}.{name} is used nowhere"
        assert users <= {module.__name__.split(".")[-1] for module in sensitivity.USED_IN[group]}


def test_a_changed_constant_is_the_one_that_reading_sees(model):
    drawn = sensitivity.draw_numbers(1, 0)
    few = sensitivity.Pages(drawn.pictures[4:8], drawn.texts[4:8])
    usual = sensitivity.count_right(model, few)
    with sensitivity.changed("number.lowest_digit", 10) as value:
        assert value == pytest.approx(4.2)
        assert sensitivity.count_right(model, few) < usual
    assert sensitivity.count_right(model, few) == usual


def test_the_script_weighs_one_constant(monkeypatch, capsys):
    monkeypatch.setattr(pages, "KINDS", {"canvas": pages.KINDS["canvas"]})
    monkeypatch.setattr(sensitivity.whole_numbers, "KINDS", {"close": sensitivity.whole_numbers.KINDS["close"]})
    monkeypatch.setattr(sys, "argv", ["sensitivity.py", "--only", "ink.most_patches", "--count", "1"])
    assert sensitivity.main() == 0
    head, right, _, line, *_ = capsys.readouterr().out.splitlines()
    assert "1 pages of each kind" in head and right == "right as it is: 1 of 1 digits, 1 of 1 numbers"
    assert line.split() == ["ink.most_patches", "400", "200", "+0", "+0", "800", "+0", "+0"]


def test_every_step_that_can_be_left_out_is_there_to_be_left_out():
    """The names are looked up when they are replaced: one that was moved would only show in a long run."""
    for name, (place, attribute, _) in pages.STEPS.items():
        assert hasattr(place, attribute), name
