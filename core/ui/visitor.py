"""Who looks at a page: the one person at this computer, a guest, or the owner who signed in; the way to sign in."""

from __future__ import annotations

import json
import secrets
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core import words
from core.access import owners, passphrase, place, roles, rules, sessions
from core.access.roles import OWNER, Visitor
from core.ui import notices

LONGEST_NICKNAME = 30  # characters
PLACE = "sign-in"  # where it is said what signing in led to

memory = st.session_state


def take_over() -> None:
    """From now on every action in any room can ask who wants it."""
    roles.introduce(tell)


def tell() -> Visitor:
    """Who asks, in the thread of a page; the server's own threads may do what their owner began."""
    if (
        get_script_run_ctx(suppress_warning=True) is None
        or is_alone()
        or _is_signed_in()
        or owners.is_listed(_account())
    ):
        return OWNER
    return Visitor(is_owner=False, id=name(), nickname=nickname())


def _account() -> dict[str, Any]:
    """What the organization says of this visitor, where they signed in there; Streamlit has checked it."""
    said = st.user.to_dict()
    return said if said.get("is_logged_in") else {}


def _has_accounts() -> bool:
    """Whether Streamlit knows where an organization's people sign in: [auth] in its secrets."""
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets


def _is_signed_in() -> bool:
    """By the passphrase in this visit, or by the cookie of an earlier one, unless this one signed out."""
    if "is_owner" not in memory:
        memory.is_owner = sessions.is_owners(st.context.cookies.to_dict().get(sessions.COOKIE, ""))
    return bool(memory.is_owner)


def name() -> str:
    """A random name for this visit."""
    found: str = memory.setdefault("visitor", secrets.token_hex(8))
    return found


def nickname() -> str:
    """What a guest wants to be called; empty where they didn't say."""
    return words.clean(str(memory.get("nickname") or "")).strip()[:LONGEST_NICKNAME]


def is_owner() -> bool:
    """Whether this visitor may do everything: only then what needs the owner is offered."""
    return roles.visitor().is_owner


def is_alone() -> bool:
    """Whether this is the person at the computer itself, and nobody else can come in."""
    context = st.context
    return not place.is_shared(st.get_option("server.address")) and place.is_here(
        context.ip_address, context.headers.to_dict()
    )


def may_keep() -> bool:
    """Whether this visitor may keep what they put right."""
    return is_owner() or rules.read().keeps_corrections


def who_sees() -> str:
    """Who sees what this visitor keeps in My digits, as an end of a sentence."""
    if is_alone():
        return "shared by everyone who opens it"
    return "your guests' among them" if is_owner() else "where the owner sees all and you those of this visit"


def show() -> None:
    """Say in the menu who one is, where that is a question, with the way to sign in or out."""
    if is_alone():
        return
    st.divider()
    notices.show_notice(PLACE)
    if script := memory.pop("session-script", ""):
        st.html(script, unsafe_allow_javascript=True)
    if is_owner():
        st.caption("You are signed in as the owner.")
        st.button("Sign out", icon=":material/logout:", key="sign-out", on_click=sign_out)
        return
    st.caption(
        "You are a guest. Starting and stopping runs, choosing and changing models and fine-tuning are left to the "
        "owner: they would change things for everyone."
    )
    st.text_input(
        "Nickname",
        key="nickname",
        max_chars=LONGEST_NICKNAME,
        persist_state="session",
        help="Stands beside what you keep in My digits, so that the owner knows whose it is. No other guest sees it.",
    )
    if account := _account():
        address = words.escape_markdown(str(account.get("email", "somebody")))
        st.caption(f"You are signed in as {address}, who is not on the list of owners.")
        st.button("Sign out", icon=":material/logout:", key="sign-out", on_click=st.logout)
    elif _has_accounts():
        st.button("Sign in with your account", icon=":material/badge:", key="sign-in-account", on_click=st.login)
    with st.popover("Sign in", icon=":material/login:"), st.form("sign-in-form", border=False):
        st.text_input("The owner's passphrase", type="password", key="passphrase", autocomplete="current-password")
        st.form_submit_button("Sign in", type="primary", on_click=sign_in)


def mention() -> None:
    """On a page most of which is the owner's: say to a guest what is missing, where the menu may be folded away."""
    if not is_owner():
        st.info(
            "You are a guest here: you can watch a run and look at all there were. Whoever owns this server signs in "
            "in the menu to start and change them.",
            icon=":material/visibility:",
        )


def sign_in() -> None:
    """Become the owner for this visit, with the right passphrase."""
    typed, memory.passphrase = memory.passphrase, ""
    try:
        passphrase.check(typed, st.context.ip_address or "this computer")
    except passphrase.PassphraseError as error:
        notices.refuse(str(error), PLACE)
    else:
        memory.is_owner = True
        _ask_browser("POST", sessions.make_ticket())


def sign_out() -> None:
    """Be a guest again, in this browser."""
    memory.is_owner = False
    _ask_browser("DELETE")
    if _account():
        st.logout()


def _ask_browser(method: str, ticket: str = "") -> None:
    """Have the browser get or give back the cookie when the page is next drawn. Where Home.py alone is served nobody
    answers, and the sign-in lasts as long as the visit."""
    options = json.dumps({"method": method, "body": ticket} if ticket else {"method": method})
    memory["session-script"] = f'<script>fetch("/session", {options}).catch(() => null)</script>'
