"""An owner by account: on the list, and not said to be unverified."""

import pytest

from core.access import owners


@pytest.mark.parametrize(
    ("claims", "is_owner"),
    [
        ({"email": "anna@school.example"}, True),
        ({"email": "Anna@School.example", "email_verified": True}, True),
        ({"email": "anna@school.example", "email_verified": False}, False),
        ({"email": "anna@school.example", "email_verified": None}, False),
        ({"email": "ben@school.example"}, False),
        ({"email": ""}, False),
        ({"email": None}, False),
        ({}, False),
    ],
)
def test_who_is_listed(claims: dict, is_owner: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(owners.LIST, "carl@school.example, anna@school.example,")
    assert owners.is_listed(claims) is is_owner
    monkeypatch.delenv(owners.LIST)
    assert not owners.is_listed(claims)
