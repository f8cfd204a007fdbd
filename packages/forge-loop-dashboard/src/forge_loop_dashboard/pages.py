"""The addresses of the page: screens, the parts they ask for, the stream, forms, logging in.

Owns: turning a request into a look or a wish and the answer into HTML. Must not: judge who may (the gate did), or know
a screen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.sse import EventSourceResponse
from starlette.concurrency import run_in_threadpool

from forge_loop import ForgeLoopError
from forge_loop_dashboard.access.keys import LOGIN_LASTS, Keys, OneTimeLink
from forge_loop_dashboard.assets import Assets
from forge_loop_dashboard.controls import Put, Wish, ask
from forge_loop_dashboard.look import Look, View
from forge_loop_dashboard.screen import Caller, Screens
from forge_loop_dashboard.stream import Streams
from forge_loop_dashboard.views import VIEWS, find


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """What the addresses are built on."""

    screens: Screens
    streams: Streams
    keys: Keys
    all_keys: Sequence[Keys]
    link: OneTimeLink
    assets: Assets
    token_file: Path
    now: Callable[[], datetime]


def pages(parts: Parts) -> APIRouter:
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    for view in VIEWS:
        router.add_api_route(view.path, _screen(parts, view), methods=["GET"])
    _fragments(router, parts)
    _stream(router, parts)
    _forms(router, parts)
    _login(router, parts)
    _files(router, parts)
    return router


def _screen(parts: Parts, view: View) -> Callable[[Request], HTMLResponse]:
    def screen(request: Request) -> HTMLResponse:
        path = {name: int(value) for name, value in request.path_params.items()}
        look = Look(desk=parts.screens.desk, path=path, query=dict(request.query_params))
        return HTMLResponse(parts.screens.page(view, look, _caller(parts, request)))

    return screen


def _caller(parts: Parts, request: Request) -> Caller:
    state = request.state
    return Caller(nonce=state.nonce, form_token=state.form_token, read_only=parts.screens.read_only)


def _found(parts: Parts, address: str) -> tuple[View, Look]:
    found = find(address, parts.screens.desk)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "there is no such screen")
    return found


def _fragments(router: APIRouter, parts: Parts) -> None:
    @router.get("/controls")
    def controls(request: Request, view: str) -> HTMLResponse:
        found, look = _found(parts, view)
        return HTMLResponse(parts.screens.controls(found, look, _caller(parts, request)))

    @router.get("/fresh")
    def fresh() -> HTMLResponse:
        return HTMLResponse(parts.screens.fresh())


def _stream(router: APIRouter, parts: Parts) -> None:
    @router.get("/stream")
    async def stream(request: Request, view: str, seen: str = "") -> Response:
        found, look = _found(parts, view)
        if "last-event-id" in request.headers:
            seen = ""  # it was away: what it has is not what it was sent at first
        if parts.streams.full:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "too many pages are open")
        events = parts.streams.follow(view, found, look, seen)
        return EventSourceResponse(events, headers={"x-accel-buffering": "no"})


def _forms(router: APIRouter, parts: Parts) -> None:
    @router.post("/requests")
    async def put(request: Request) -> Response:
        form = await request.form(max_fields=500, max_files=0)
        _require_form(parts, request, str(form.get("token", "")))
        if parts.screens.read_only:
            raise HTTPException(HTTPStatus.FORBIDDEN, "this dashboard only shows: it was started with --read-only")
        texts = {name: [str(value) for value in form.getlist(name)] for name in form}
        wish = Wish(
            kind=str(form.get("kind", "")),
            issues=texts.get("issue", ()),
            entries=texts.get("entry", ()),
            proposals=texts.get("proposal", ()),
            reason=str(form.get("reason", "")),
            duration=str(form.get("for", "")),
            now=form.get("now") == "1",
            sha256=str(form.get("sha256", "")),
            accept_hidden=form.get("accept_hidden") == "1",
            node=str(form.get("node", "")),
        )
        puts = await run_in_threadpool(_ask, parts, wish, f"the dashboard, login {request.state.login[:6]}")
        if "hx-request" in request.headers:
            return HTMLResponse(parts.screens.render("said.html", puts=puts))
        return RedirectResponse(_back(request), HTTPStatus.SEE_OTHER)

    @router.post("/logout")
    def logout(request: Request, token: Annotated[str, Form()]) -> Response:
        _require_form(parts, request, token)
        answer = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        for keys in parts.all_keys:
            answer.delete_cookie(keys.cookie_name, path="/", httponly=True, samesite="strict")
        return answer


def _ask(parts: Parts, wish: Wish, by: str) -> list[Put]:
    try:
        return ask(parts.screens.desk, wish, by=by)
    except ForgeLoopError as error:
        return [Put(kind=wish.kind, issue=None, number=None, running=False, problem=error.message, hint=error.hint)]


def _require_form(parts: Parts, request: Request, token: str) -> None:
    if not parts.keys.is_form_token(token, request.state.login):
        raise HTTPException(HTTPStatus.FORBIDDEN, "the form is not from a page of this login: load the page again")


def _back(request: Request) -> str:
    """The page a form came from, for a browser without scripts. Only its path: never another host."""
    path = urlsplit(request.headers.get("referer", "")).path
    return path if path.startswith("/") and not path.startswith("//") else "/requests"


def _login(router: APIRouter, parts: Parts) -> None:
    def page(status: int, *, ahead: bool = False, problem: str = "") -> HTMLResponse:
        html = parts.screens.render("login.html", ahead=ahead, problem=problem, token_file=parts.token_file)
        answer = HTMLResponse(html, status)
        for keys in parts.all_keys if ahead else ():
            answer.set_cookie(
                keys.cookie_name,
                keys.new_cookie(parts.now()),
                max_age=int(LOGIN_LASTS.total_seconds()),
                path="/",
                httponly=True,
                samesite="strict",
            )
        return answer

    # Not a redirect: coming from a link on another site, a strict cookie set by one is not sent to where it leads.
    @router.get("/login")
    def by_link(request: Request, code: str = "") -> Response:
        if code and parts.link.take(code, parts.now()):
            return page(HTTPStatus.OK, ahead=True)
        if request.state.login is not None:
            return RedirectResponse("/", HTTPStatus.SEE_OTHER)
        return page(HTTPStatus.UNAUTHORIZED if code else HTTPStatus.OK, problem=USED if code else "")

    @router.post("/login")
    def by_token(token: Annotated[str, Form()] = "") -> Response:
        if not parts.keys.is_token(token.strip()):
            return page(HTTPStatus.UNAUTHORIZED, problem="That is not the token.")
        return page(HTTPStatus.OK, ahead=True)


USED = "That link was used already, or is older than five minutes."


def _files(router: APIRouter, parts: Parts) -> None:
    @router.get("/static/{name}")
    def static(name: str) -> Response:
        content = parts.assets.contents.get(name)
        if content is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "there is no such file")
        headers = {"cache-control": "private, max-age=3600"}
        return Response(content, media_type=parts.assets.kind(name), headers=headers)

    @router.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", media_type="text/plain")
