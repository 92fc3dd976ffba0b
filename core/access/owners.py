"""Who is an owner by the account of an organization (OpenID Connect): a list of e-mail addresses."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

LIST = "DIGIT_LAB_OWNERS"  # addresses with commas between


def is_listed(claims: Mapping[str, Any]) -> bool:
    """Whether what a provider says of somebody makes them an owner: an address of the list, not said to be unverified.

    `claims` are those of a token that was checked already.
    """
    address = str(claims.get("email") or "").casefold()
    listed = {one.strip().casefold() for one in os.environ.get(LIST, "").split(",")} - {""}
    return address in listed and claims.get("email_verified", True) in (True, "true")
