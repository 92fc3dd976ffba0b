"""What Home says of a shared server: its address with a QR code, that nothing is encrypted, the tokens of programs."""

from __future__ import annotations

import os
from io import BytesIO

import segno
import streamlit as st

from core import words
from core.access import place, rules, tokens
from core.ui import notices, visitor

GUESTS = "guests"  # where it is said what changing a rule led to
PLACE = "tokens"  # where it is said what making or revoking a token led to
UNENCRYPTED = (
    "Traffic is not encrypted: whoever is in the same network can read along, passphrase included. A proxy with TLS in "
    "front of it changes that."
)
QR_SCALE = 5  # pixels of a module: some 150 in all, for a phone held at arm's length

memory = st.session_state


def show() -> None:
    """The address to hand on and the programs' tokens; nothing on a server that is not shared."""
    if visitor.is_alone():
        return
    address = os.environ.get(place.SHARED, "")
    if address.startswith("http"):
        st.header("Share", anchor=False)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.image(_draw_code(address), alt=f"QR code of {address}", width="content")
            with st.container(width="stretch"):
                st.markdown("Others in the same network open this address, or point their camera at the code:")
                st.code(address, language=None, wrap_lines=True)
        if address.startswith("http:"):
            st.warning(UNENCRYPTED, icon=":material/lock_open:")
    if visitor.is_owner():
        _show_rules()
        _show_tokens()


def _draw_code(address: str) -> bytes:
    """The address as a QR code: a PNG on white, as cameras want it on either theme."""
    picture = BytesIO()
    segno.make(address, micro=False).save(picture, kind="png", scale=QR_SCALE)
    return picture.getvalue()


def _show_rules() -> None:
    st.header("Guests", anchor=False)
    with st.container():
        notices.show_notice(GUESTS)
    memory["keeps-corrections"] = rules.read().keeps_corrections  # another owner may have changed it
    st.toggle(
        "Guests keep corrections in My digits",
        key="keeps-corrections",
        on_change=_set_rules,
        help="Each guest sees their own during the visit, you see all. What is kept already stays.",
    )


def _set_rules() -> None:
    notices.attempt(rules.write, rules.Rules(memory["keeps-corrections"]), place=GUESTS)


def _show_tokens() -> None:
    st.header("Programs", anchor=False)
    st.markdown(
        "A program that uses [the API](/api/) over the network shows a token. Each program gets one of its own, so "
        "that it can be revoked alone."
    )
    with st.container():
        notices.show_notice(PLACE)
        if made := memory.pop("token", None):
            st.success("This is the token. It is shown this once:", icon=":material/key:")
            st.code(made, language=None, wrap_lines=True)
    for token in tokens.list_all():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{words.escape_markdown(token.name)}** :small[made {token.created[:10]}]", width="stretch")
            st.button("Revoke", key=f"revoke-{token.id}", icon=":material/block:", on_click=_revoke, args=(token.id,))
    with (
        st.form("token-form", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        st.text_input("Program", key="token-name", max_chars=tokens.LONGEST_NAME, placeholder="The scanner")
        st.form_submit_button("Make a token", icon=":material/key:", on_click=_make)


def _make() -> None:
    memory.token = notices.attempt(tokens.make, memory["token-name"], place=PLACE)


def _revoke(id: str) -> None:
    notices.attempt(tokens.revoke, id, place=PLACE, done="The token is revoked.")
