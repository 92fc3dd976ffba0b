"""The routes of the API: read pictures, list models and runs, say how the server is."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from core.access import place, tokens
from core.config import EXPECTATIONS, POLARITIES
from core.network import checkpoint
from core.network.checkpoint import Checkpoint, CheckpointError
from core.reading import batch, reader
from core.reading.batch import RefusedFile
from core.serving import bodies, openapi, problems, sign_in
from core.serving.metrics import Metrics
from core.serving.problems import Problem
from core.serving.seats import Seats
from core.training import runs
from core.training.job import Live, Snapshot

PARAMETERS = ("expect", "polarity", "model", "name")
NEEDS_TOKEN = (
    "A program that comes in over a network or under another name sends a token as `Authorization: Bearer TOKEN`. The "
    "owner of this server makes one on the page Home."
)


@dataclass(frozen=True)
class Shared:
    """What the API shares with the pages: the models in memory (None is the one in use), the run that is going on, and
    the address that the server listens on."""

    load: Callable[[str | None], Checkpoint]
    is_loaded: Callable[[], bool]
    snapshot: Callable[[], Snapshot]
    listens_on: Callable[[], str | None]


@dataclass(frozen=True)
class _Question:
    """How the pictures of a request are to be read, and by which model."""

    expect: str
    polarity: str
    model: str | None


class Api:
    """The API of one server."""

    def __init__(self, shared: Shared) -> None:
        """Its figures begin at 0; every reading of this process is counted from now on."""
        self._shared = shared
        self._seats = Seats()
        self._metrics = Metrics(self._seats, shared.snapshot)
        reader.LISTENERS.append(self._metrics.count_reading)
        batch.LISTENERS.append(self._metrics.count_refused_picture)

    def routes(self) -> list[BaseRoute]:
        """All routes, for a server that has others of its own."""
        inner = Starlette(
            routes=[
                Route("/", self._show),
                Route("/v1/read", self._read, methods=["POST"]),
                Route("/v1/models", self._list_models),
                Route("/v1/runs", self._list_runs),
                Route("/v1/openapi.json", self._describe),
            ],
            exception_handlers={Problem: self._refuse, HTTPException: self._refuse, Exception: self._refuse},
        )
        return [
            Mount("/api", app=inner),
            *sign_in.routes(),
            Route("/health", self._say_alive),
            Route("/ready", self._say_ready),
            Route("/metrics", self._show_metrics),
        ]

    # What it answers

    async def _read(self, request: Request) -> Response:
        self._check_access(request)
        given = _check_names(request.query_params)
        with self._seats.take(bodies.most_bytes(request)):
            body = await bodies.read(request)
            question = _ask({**given, **_check_names(body.fields)})
            model = await run_in_threadpool(self._load, question.model)
            records = []
            for name, content in body.pictures:  # one after the other: others get their turn between two of them
                look = functools.partial(batch.read_file, model, name, content, question.expect, question.polarity)
                item = await self._seats.work(look)
                if isinstance(item, RefusedFile) and not bodies.is_multipart(request):
                    raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, item.remark)
                records.append(batch.to_record(item))
        return JSONResponse(records if bodies.is_multipart(request) else records[0])

    async def _list_models(self, request: Request) -> Response:
        self._check_access(request)
        return JSONResponse(await run_in_threadpool(_describe_models))

    async def _list_runs(self, request: Request) -> Response:
        self._check_access(request)
        return JSONResponse(await run_in_threadpool(_describe_runs, self._shared.snapshot()))

    async def _describe(self, request: Request) -> Response:
        return JSONResponse(openapi.describe())

    async def _show(self, request: Request) -> Response:
        return HTMLResponse(openapi.draw_page())

    async def _say_alive(self, request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def _say_ready(self, request: Request) -> Response:
        if not self._shared.is_loaded():
            unready = Problem(
                HTTPStatus.SERVICE_UNAVAILABLE, "The model is not loaded yet. Try again in 2 s.", {"Retry-After": "2"}
            )
            return problems.answer(request, unready)
        return JSONResponse({"status": "ready"})

    async def _show_metrics(self, request: Request) -> Response:
        try:
            self._check_access(request)
        except Problem as problem:
            return problems.answer(request, problem)
        return Response(self._metrics.write(), media_type="text/plain; version=0.0.4; charset=utf-8")

    # What it asks itself

    def _check_access(self, request: Request) -> None:
        """Raise a `Problem` where a program comes in over a network without a token."""
        peer = request.client.host if request.client else None
        if not place.is_shared(self._shared.listens_on()) and place.is_here(peer, request.headers):
            return
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or tokens.find(token.strip()) is None:
            raise Problem(HTTPStatus.UNAUTHORIZED, NEEDS_TOKEN, {"WWW-Authenticate": 'Bearer realm="Digit Lab"'})

    def _load(self, name: str | None) -> Checkpoint:
        if name is not None and name not in checkpoint.names():
            known = ", ".join(checkpoint.names())
            raise Problem(HTTPStatus.NOT_FOUND, f"There is no model of this name. There are: {known}.")
        try:
            return self._shared.load(name)
        except CheckpointError as error:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from error

    async def _refuse(self, request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException):  # Starlette's own: an unknown path, another method
            status = HTTPStatus(error.status_code)
            sentence = f"{request.method} {request.url.path} is nothing this API does; /api/ says what it does."
            error = Problem(status, sentence, dict(error.headers or {}))
        response = problems.answer(request, error)
        self._metrics.count_refusal(response.status_code)
        return response


def _check_names(given: Mapping[str, str]) -> dict[str, str]:
    """The parameters as they are. Raises a `Problem` for one that there isn't."""
    if odd := next((name for name in given if name not in PARAMETERS), None):
        known = ", ".join(PARAMETERS)
        raise Problem(HTTPStatus.BAD_REQUEST, f"There is no parameter {odd[:40]!r}. There are: {known}.")
    return dict(given)


def _ask(given: Mapping[str, str]) -> _Question:
    """The parameters with their defaults. Raises a `Problem` for a value that there isn't."""
    question = _Question(given.get("expect", "auto"), given.get("polarity", "auto"), given.get("model") or None)
    for name, value, allowed in (
        ("expect", question.expect, EXPECTATIONS),
        ("polarity", question.polarity, POLARITIES),
    ):
        if value not in allowed:
            raise Problem(HTTPStatus.BAD_REQUEST, f"{name} must be one of {', '.join(allowed)}, not {value[:40]!r}.")
    return question


@functools.lru_cache(maxsize=100)
def _describe_model(name: str, stamp: tuple[int, ...]) -> dict[str, Any]:
    """A model's card as JSON; `stamp` changes with its files, whose weights are read for their version."""
    card = checkpoint.describe(name)
    return {
        "name": card.name,
        "version": card.version,
        "shipped": card.is_shipped,
        "architecture": card.facts.get("architecture"),
        "parameters": card.facts.get("parameters"),
        "test_accuracy": card.test_accuracy,
    }


def _describe_models() -> list[dict[str, Any]]:
    in_use, rows = checkpoint.in_use(), []
    for name in checkpoint.names():
        try:
            rows.append({**_describe_model(name, checkpoint.stamp(name)), "in_use": name == in_use})
        except CheckpointError:  # deleted since, or no model: the pages say so where it is used
            continue
    return rows


def _describe_runs(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Every run that can be read, the newest first; `progress` of the one that is going on."""
    live = snapshot if isinstance(snapshot, Live) else None
    return [
        {
            "id": run.id,
            "name": run.name,
            "status": str(run.status),
            "remark": run.sentence,
            "created": run.created,
            "model": run.model,
            "base": run.base,
            "epochs": len(run.epochs),
            "validation_accuracy": run.best.validation_accuracy if run.best else None,
            "progress": {"phase": str(live.phase), "step": live.step, "steps": run.steps, "seconds": live.seconds}
            if live and live.run.id == run.id
            else None,
        }
        for run in runs.list_runs()
    ]
