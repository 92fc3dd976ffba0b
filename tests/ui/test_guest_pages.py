"""On a shared server a guest is offered nothing that needs the owner, and told once how to become it."""

from pathlib import Path

import pytest
from running_app import ROOT, start_server
from streamlit.testing.v1 import AppTest

from core.access import passphrase, roles, rules, tokens
from core.ui import visitor

RIGHT = "four plain words"
OWNERS = {"start", "use-notice", "delete-weights"}  # keys of buttons


@pytest.fixture(autouse=True)
def _shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))
    monkeypatch.setattr(visitor, "is_alone", lambda: False)
    monkeypatch.setattr(visitor.st.context.__class__, "ip_address", "192.168.1.7")
    monkeypatch.setattr(passphrase, "_wrong", {})
    monkeypatch.setattr(passphrase, "COST", 2**8)
    monkeypatch.setattr(roles, "_tell", roles._tell)
    passphrase.choose(RIGHT)


def open_app(page: str = "") -> AppTest:
    app = AppTest.from_file(ROOT / "Home.py", default_timeout=60)
    return app.run() if not page else app.run().switch_page(page).run()


def sign_in(app: AppTest, typed: str) -> AppTest:
    app.text_input(key="passphrase").set_value(typed)
    return next(one for one in app.button if one.label == "Sign in").click().run()


def keys(app: AppTest) -> set[str]:
    return {one.key for one in app.button}


def test_a_guest_finds_no_start_on_train_and_the_owner_does():
    app = open_app("pages/2_Train.py")
    assert not app.exception and not keys(app) & OWNERS
    assert any("You are a guest here" in one.value for one in app.info)
    assert "Sign in" in {one.label for one in app.button}
    app = sign_in(app, "wrong")
    assert [one.value for one in app.error] == ["This is not the owner's passphrase."]
    assert not keys(app) & OWNERS
    app = sign_in(app, RIGHT)
    assert "start" in keys(app) and not app.info
    app.button(key="sign-out").click().run()
    assert not keys(app) & OWNERS


def test_a_button_pressed_by_nobody_who_may_says_so():
    """As a page that was open when the owner signed out in it would do."""
    app = sign_in(open_app("pages/2_Train.py"), RIGHT)
    app.session_state["is_owner"] = False
    app.button(key="start").click().run()
    assert any("Guests can't start a run" in one.value for one in app.error)


def test_the_owner_makes_and_revokes_a_token_on_home():
    app = open_app()
    assert "token-name" not in {one.key for one in app.text_input}
    app = sign_in(app, RIGHT)
    app.text_input(key="token-name").set_value("a *scanner*")
    next(one for one in app.button if one.label == "Make a token").click().run()
    (shown,) = (one.value for one in app.code if one.value.startswith(tokens.MARK))
    assert tokens.find(shown).name == "a *scanner*"
    app.run()
    assert shown not in {one.value for one in app.code}, "shown once"
    app.button(key=f"revoke-{tokens.list_all()[0].id}").click().run()
    assert tokens.find(shown) is None


def test_the_owner_turns_off_that_guests_keep_corrections():
    app = sign_in(open_app(), RIGHT)
    app.toggle(key="keeps-corrections").set_value(False).run()
    assert rules.read() == rules.Rules(keeps_corrections=False)
    assert not app.toggle(key="keeps-corrections").value and not app.exception


@pytest.mark.browser
def test_a_shared_server_lets_guests_in_and_the_owner_sign_in(
    new_page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As `digit-lab run --share` starts it; behind a proxy on the same computer it would listen so."""
    page = new_page(color_scheme="dark")  # with cookies of its own
    monkeypatch.setenv("DIGIT_LAB_PASSPHRASE", RIGHT)
    command = ("-m", "core.cli", "run", "--share")
    with start_server(tmp_path / "log.txt", tmp_path / "home", command=command) as server:
        page.goto(server.url)
        page.get_by_role("heading", name="Share").wait_for()
        page.get_by_role("img", name="QR code of http").wait_for()
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("The owner's passphrase").fill(RIGHT)
        page.get_by_label("The owner's passphrase").press("Enter")
        page.get_by_text("You are signed in as the owner").wait_for()
        page.get_by_role("heading", name="Programs").wait_for()
        while not page.context.cookies():  # the browser has exchanged its ticket
            page.wait_for_timeout(50)
        page.reload()
        page.get_by_role("heading", name="Programs").wait_for()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("button", name="Sign in").wait_for()
        assert RIGHT not in server.read_log() and "not encrypted" in server.read_log()
        page.goto("about:blank")
