"""Where a browser exchanges a page's ticket for the owner's cookie, and gives the cookie back."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from core.access import place, sessions
from core.serving import bodies, problems
from core.serving.problems import Problem

PATH = "/session"
LONGEST = 200  # bytes of a ticket


def routes() -> list[BaseRoute]:
    """POST a ticket to sign in, DELETE to sign out."""
    return [Route(PATH, _begin, methods=["POST"]), Route(PATH, _end, methods=["DELETE"])]


async def _begin(request: Request) -> Response:
    try:
        ticket = await bodies.read_short(request, LONGEST)
        if not sessions.redeem(ticket):
            raise Problem(HTTPStatus.FORBIDDEN, "This ticket is not good, or no longer. Sign in on a page.")
        cookie = sessions.make_cookie()
    except Problem as problem:
        return problems.answer(request, problem)
    except OSError:  # the visit is signed in all the same
        return Response(status_code=HTTPStatus.INSUFFICIENT_STORAGE)
    response = Response(status_code=HTTPStatus.NO_CONTENT)
    response.set_cookie(
        sessions.COOKIE, cookie, max_age=sessions.LASTS, secure=place.is_encrypted(request.url.scheme), httponly=True,
        samesite="strict",
    )  # fmt: skip
    return response


async def _end(request: Request) -> Response:
    response = Response(status_code=HTTPStatus.NO_CONTENT)
    response.delete_cookie(sessions.COOKIE, httponly=True, samesite="strict")
    return response
