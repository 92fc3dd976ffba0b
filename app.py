"""The server: pages and API on one port. `streamlit run app.py` starts it; Home.py alone shows the pages alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware

from core.network.checkpoint import Checkpoint
from core.serving.api import Api, Shared
from core.serving.headers import SecurityHeaders
from core.ui import resources
from core.ui.warm_up import warm_up
from core.workspace import SHIPPED


def load(name: str | None) -> Checkpoint:
    """A model ready to answer, the one in use for None: the same copy in memory that answers the pages."""
    return resources.model_in_use() if name is None else resources.model(name)


@asynccontextmanager
async def start(_: st.App) -> AsyncIterator[None]:
    """Load the model while the server starts, since a program may be the first who asks; save a run at its end.

    After SIGTERM uvicorn ends the process by the signal itself, and nothing that Python does at exit is done.
    """
    warm_up()
    yield
    resources.training_job().close()


api = Api(
    Shared(
        load,
        is_loaded=lambda: resources.shared_model().is_loaded,
        snapshot=lambda: resources.training_job().snapshot(),
        listens_on=lambda: st.get_option("server.address"),
    )
)
app = st.App(SHIPPED / "Home.py", routes=api.routes(), middleware=[Middleware(SecurityHeaders)], lifespan=start)
