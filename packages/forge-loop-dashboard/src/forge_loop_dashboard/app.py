"""The application: pages, API, what an error looks like, and the gate around all of it.

Owns: putting them together. Must not: listen; `serving` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from forge_loop import DatabaseError, ForgeLoopError, NoSuchIssueError
from forge_loop_dashboard.access.gate import Gate
from forge_loop_dashboard.access.keys import Keys, OneTimeLink
from forge_loop_dashboard.access.rules import API, Policy
from forge_loop_dashboard.api import PREFIX, api
from forge_loop_dashboard.assets import load_assets
from forge_loop_dashboard.desk import Desk
from forge_loop_dashboard.pages import Parts, pages
from forge_loop_dashboard.pulse import Pulse
from forge_loop_dashboard.rendering import Renderer
from forge_loop_dashboard.screen import Screens
from forge_loop_dashboard.stream import Streams
from forge_loop_dashboard.views.events import NoSuchEventError
from forge_loop_dashboard.views.session import NoSuchSessionError

ABSENT = (NoSuchIssueError, NoSuchEventError, NoSuchSessionError)


def application(
    desk: Desk,
    *,
    keys: Keys,
    all_keys: Sequence[Keys],
    link: OneTimeLink,
    policy: Policy,
    pulse: Pulse,
    token_file: Path,
    read_only: bool,
) -> ASGIApp:
    """Everything that is served of one project, behind the gate. `all_keys` are those of every page of the process."""
    assets = load_assets()
    screens = Screens(desk, assets, read_only=read_only)
    parts = Parts(
        screens=screens,
        streams=Streams(screens, pulse),
        keys=keys,
        all_keys=all_keys,
        link=link,
        assets=assets,
        token_file=token_file,
        now=desk.now,
    )
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    programs = api(desk, read_only=read_only)
    programs.state.pulse = pulse
    for each in (app, programs):
        _errors(each)
    app.include_router(pages(parts))
    app.mount(PREFIX, programs)
    return Gate(app, policy=policy, keys=keys, now=desk.now)


def _errors(app: FastAPI) -> None:
    trouble = _trouble(Renderer())

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        return trouble(request, error.status_code, str(error.detail), "")

    @app.exception_handler(RequestValidationError)
    async def not_understood(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return trouble(request, HTTPStatus.UNPROCESSABLE_ENTITY, f"{place}: {first['msg']}", "")

    @app.exception_handler(ForgeLoopError)
    async def failed(request: Request, error: ForgeLoopError) -> Response:
        return trouble(request, _status(error), error.message, error.hint)

    @app.exception_handler(Exception)
    async def broken(request: Request, _: Exception) -> Response:
        return trouble(request, HTTPStatus.INTERNAL_SERVER_ERROR, "a bug of the dashboard", "the terminal it runs in")


def _status(error: ForgeLoopError) -> int:
    if isinstance(error, ABSENT):
        return HTTPStatus.NOT_FOUND
    return HTTPStatus.SERVICE_UNAVAILABLE if isinstance(error, DatabaseError) else HTTPStatus.CONFLICT


def _trouble(renderer: Renderer) -> Callable[[Request, int, str, str], Response]:
    def trouble(request: Request, status: int, says: str, hint: str) -> Response:
        if request.scope["path"].startswith(API):
            problem = {"type": "about:blank", "title": says, "status": int(status), "hint": hint or None}
            return JSONResponse(problem, status, media_type="application/problem+json")
        if "hx-request" in request.headers:
            # htmx puts the body of an error where the answer would have gone.
            return HTMLResponse(renderer.render("refused.html", {"says": says, "hint": hint}), status)
        facts = {"title": HTTPStatus(status).phrase, "says": says, "hint": hint, "again": status == 503}
        return HTMLResponse(renderer.render("trouble.html", facts), status)

    return trouble
