"""The owner signs in with an account of an organization: a small OpenID provider on this computer, also a lying one."""

import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
import uvicorn
from running_app import start_server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

pytest.importorskip("authlib")
from joserfc import jwt
from joserfc.jwk import RSAKey

KEY = RSAKey.generate_key(2048, {"kid": "ours"})
FOREIGN = RSAKey.generate_key(2048, {"kid": "ours"})  # says that it is the same


class Provider:
    """Signs everybody in at once, as the person and in the way that a test wants."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.email, self.claims, self.key = "anna@school.example", {}, KEY
        self._nonce, self.given = "", 0  # tokens
        routes = [
            Route("/.well-known/openid-configuration", self._describe),
            Route("/authorize", self._authorize),
            Route("/token", self._give_token, methods=["POST"]),
            Route("/keys", self._show_keys),
        ]
        config = uvicorn.Config(Starlette(routes=routes), port=port, log_level="error")
        self.server = uvicorn.Server(config)
        threading.Thread(target=self.server.run, daemon=True).start()

    async def _describe(self, _: Request) -> JSONResponse:
        paths = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        said = {name: f"{self.url}/{path}" for name, path in paths.items()}
        return JSONResponse(said | {"issuer": self.url, "id_token_signing_alg_values_supported": ["RS256"]})

    async def _authorize(self, request: Request) -> RedirectResponse:
        self._nonce = request.query_params.get("nonce", "")
        answer = urlencode({"code": "x", "state": request.query_params["state"]})
        return RedirectResponse(f"{request.query_params['redirect_uri']}?{answer}")

    async def _give_token(self, _: Request) -> JSONResponse:
        now = int(time.time())
        usual = {"iss": self.url, "aud": "digit-lab", "sub": "1", "iat": now, "exp": now + 600, "nonce": self._nonce}
        claims = usual | {"email": self.email} | self.claims
        token = jwt.encode({"alg": "RS256", "kid": "ours"}, claims, self.key)
        self.given += 1
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "expires_in": 600, "id_token": token})

    async def _show_keys(self, _: Request) -> JSONResponse:
        return JSONResponse({"keys": [KEY.as_dict(private=False)]})


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    provider = Provider(find_port())
    yield provider
    provider.server.should_exit = True


@pytest.fixture(scope="module")
def app(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("app"), find_port()
    (folder / "secrets.toml").write_text(
        f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\ncookie_secret = "a long secret of a test"\n'
        f'client_id = "digit-lab"\nclient_secret = "secret"\n'
        f'server_metadata_url = "{provider.url}/.well-known/openid-configuration"\n'
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGIT_LAB_OWNERS", "anna@school.example")
        patch.setenv("DIGIT_LAB_SHARE", "1")
        command = ("-m", "streamlit", "run", "app.py", f"--secrets.files={folder / 'secrets.toml'}")
        with start_server(folder / "log.txt", folder / "home", command=command, port=port) as server:
            yield server.url


def sign_in(new_page, app: str):
    page = new_page(locale="en-US")  # with cookies of its own
    page.goto(app)
    page.get_by_role("button", name="Sign in with your account").click()
    return page


@pytest.mark.slow
@pytest.mark.browser
def test_who_is_listed_becomes_the_owner_and_signs_out(new_page, app: str, provider: Provider):
    provider.email, provider.claims, provider.key = "anna@school.example", {}, KEY
    page = sign_in(new_page, app)
    page.get_by_text("You are signed in as the owner").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with your account").wait_for()


@pytest.mark.slow
@pytest.mark.browser
def test_who_is_not_listed_stays_a_guest(new_page, app: str, provider: Provider):
    provider.email, provider.claims, provider.key = "ben@school.example", {}, KEY
    page = sign_in(new_page, app)
    page.get_by_text("who is not on the list of owners").wait_for()
    assert page.get_by_text("You are signed in as the owner").count() == 0


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize(
    ("claims", "key"),
    [
        ({"iss": "https://elsewhere.example"}, KEY),
        ({"aud": "another-program"}, KEY),
        ({"exp": 1_000_000_000}, KEY),
        ({"nonce": "of another sign-in"}, KEY),
        ({}, FOREIGN),
    ],
    ids=["wrong issuer", "for another program", "expired", "replayed", "signed by another key"],
)
def test_a_token_that_is_no_good_makes_nobody_an_owner(new_page, app: str, provider: Provider, claims: dict, key):
    provider.email, provider.claims, provider.key = "anna@school.example", claims, key
    before = provider.given
    page = sign_in(new_page, app)
    while provider.given == before:
        page.wait_for_timeout(50)
    page.goto(app)  # once more, with whatever cookie there is now
    page.get_by_text("You are a guest").wait_for()
    assert page.get_by_text("You are signed in").count() == 0
