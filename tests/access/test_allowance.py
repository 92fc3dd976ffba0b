"""A guest has so many an hour, whatever others take; the owner has no limit; the rules for guests are the owner's."""

from pathlib import Path

import pytest

from core.access import allowance, rules
from core.access.allowance import Allowance
from core.access.roles import OWNER, Visitor
from core.access.rules import Rules

ANNA, BEN = Visitor(False, "anna"), Visitor(False, "ben")


def test_a_guest_has_so_many_an_hour(monkeypatch: pytest.MonkeyPatch):
    now = 0.0
    monkeypatch.setattr(allowance.time, "monotonic", lambda: now)
    pictures = Allowance(10)
    assert pictures.take(ANNA, 6) and not pictures.take(ANNA, 5) and pictures.take(ANNA, 4)
    assert pictures.take(BEN, 10) and pictures.take(OWNER, 1000)
    now = allowance.HOUR - 1
    assert not pictures.take(ANNA, 1)
    now = allowance.HOUR
    assert pictures.take(ANNA, 10)


def test_guests_who_left_are_forgotten(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(allowance, "MOST_GUESTS", 3)
    pictures = Allowance(1)
    assert all(pictures.take(Visitor(False, str(number)), 1) for number in range(100))
    assert len(pictures._taken) == 3


def test_rules_are_kept_and_a_damaged_file_allows_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))
    assert rules.read() == Rules(keeps_corrections=True)
    rules.write(Rules(keeps_corrections=False))
    assert rules.read() == Rules(keeps_corrections=False)
    for content in ("", "[]", '{"x": 1}'):
        (tmp_path / "access" / "rules.json").write_text(content, encoding="utf-8")
        assert not rules.read().keeps_corrections
