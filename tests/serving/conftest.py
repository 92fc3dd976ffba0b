"""The API by itself, without the pages, as a program on this computer sees it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.network import checkpoint
from core.network.checkpoint import Checkpoint
from core.reading import batch, reader
from core.serving.api import Api, Shared
from core.training.job import Idle

HERE = ("127.0.0.1", 50000)
MODEL = checkpoint.load(checkpoint.SHIPPED)


def load(name: str | None) -> Checkpoint:
    return MODEL if name in (None, checkpoint.SHIPPED) else checkpoint.load(name)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))


@pytest.fixture
def api() -> Iterator[Api]:
    before = list(reader.LISTENERS), list(batch.LISTENERS)
    yield Api(Shared(load, lambda: True, Idle, lambda: "127.0.0.1"))
    reader.LISTENERS[:], batch.LISTENERS[:] = before


@pytest.fixture
def client(api: Api) -> TestClient:
    return TestClient(
        Starlette(routes=api.routes()), "http://localhost:8501", client=HERE, raise_server_exceptions=False
    )


@pytest.fixture
def make_client(api: Api) -> Callable[..., TestClient]:
    """A program that comes from another place, or asks under another name."""

    def make(peer: str = "127.0.0.1", host: str = "localhost", **headers: str) -> TestClient:
        return TestClient(
            Starlette(routes=api.routes()), f"http://{host}", client=(peer, 50000), headers=headers,
            raise_server_exceptions=False,
        )  # fmt: skip

    return make
