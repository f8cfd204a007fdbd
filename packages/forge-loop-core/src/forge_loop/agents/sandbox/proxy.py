"""The way from a session to the model: a Unix socket that lets `POST /v1/messages` through and adds the credential.

Owns: what passes, and the two streams of each request. Must not: let a header of the session reach the model as a
credential, or send a byte anywhere but upstream.

One request a connection: both sides are told `connection: close`, so that nothing behind a request can be mistaken for
a second one. Answers are passed on as they come.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from forge_loop.agents.sandbox.http_head import BadRequestError, RequestHead, body_length, parse_head
from forge_loop.agents.sandbox.upstream import Upstream, connect

HEAD_SECONDS = 30.0
HEAD_BYTES = 1 << 16
_CHUNK = 1 << 16
_END = b"\r\n\r\n"
_OWN = frozenset(
    {
        "host",
        "authorization",
        "x-api-key",
        "proxy-authorization",
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "content-length",
    }
)


def listen(path: Path) -> socket.socket:
    """A listening Unix socket at `path`. Through the directory's descriptor: an address has 108 bytes at most."""
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        made = socket.socket(socket.AF_UNIX)
        made.bind(f"/proc/self/fd/{directory}/{path.name}")
        made.listen(64)
        return made
    finally:
        os.close(directory)


@asynccontextmanager
async def serving(path: Path, upstream: Upstream) -> AsyncIterator[None]:
    """Serve sessions at `path` within the block. Raises OSError if the socket cannot be made."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _serve(reader, writer, upstream)

    server = await asyncio.start_unix_server(serve, sock=listen(path), limit=HEAD_BYTES)
    try:
        yield
    finally:
        server.close()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: Upstream) -> None:
    try:
        try:
            head = await _read_head(reader)
            if head.method == "HEAD":
                await _send(writer, b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close" + _END)
            else:
                await _forward(reader, writer, _checked(head), upstream)
        except BadRequestError as problem:
            await _send(writer, _problem(problem.status, "permission_error", str(problem)))
        writer.close()
    except (OSError, asyncio.IncompleteReadError):
        # One side is gone: the other must not take what came so far for a whole answer.
        writer.transport.abort()


async def _read_head(reader: asyncio.StreamReader) -> RequestHead:
    try:
        async with asyncio.timeout(HEAD_SECONDS):
            return parse_head(await reader.readuntil(_END))
    except asyncio.LimitOverrunError:
        raise BadRequestError(431, "the request's head is too long") from None


def _checked(head: RequestHead) -> RequestHead:
    if head.method != "POST" or head.path != "/v1/messages":
        raise BadRequestError(403, "the sandbox lets only POST /v1/messages through")
    body_length(head)
    return head


async def _forward(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: RequestHead, upstream: Upstream
) -> None:
    try:
        there, back = await connect(upstream)
    except OSError as problem:
        await _send(writer, _problem(502, "api_error", f"the model cannot be reached: {problem}"))
        return
    asking = asyncio.create_task(_ask(reader, back, head, upstream))
    answering = asyncio.create_task(_answer(there, writer))
    try:
        await asyncio.wait({asking, answering}, return_when=asyncio.FIRST_COMPLETED)
        if not answering.done() and isinstance(asking.exception(), OSError):
            # Upstream stopped listening; it may have said why.
            await asyncio.wait({answering}, timeout=HEAD_SECONDS)
        if answering.done():
            answering.result()
    finally:
        for task in (asking, answering):
            task.cancel()
        await asyncio.gather(asking, answering, return_exceptions=True)
        back.transport.abort()


async def _ask(reader: asyncio.StreamReader, back: asyncio.StreamWriter, head: RequestHead, upstream: Upstream) -> None:
    """Send the request; then wait until the session leaves."""
    left = body_length(head)
    back.write(_rewritten(head, upstream))
    while left:
        part = await reader.read(min(left, _CHUNK))
        if not part:
            return
        left -= len(part)
        back.write(part)
        await back.drain()
    while await reader.read(_CHUNK):
        pass  # what follows the request goes nowhere


def _rewritten(head: RequestHead, upstream: Upstream) -> bytes:
    kept = [(name, value) for name, value in head.fields if name not in _OWN]
    own = [
        ("host", upstream.authority),
        ("connection", "close"),
        ("content-length", str(body_length(head))),
        (upstream.header, upstream.secret),
    ]
    lines = [f"POST {upstream.path}{head.target} HTTP/1.1", *(f"{name}: {value}" for name, value in [*own, *kept])]
    return "\r\n".join(lines).encode("latin-1") + _END


async def _answer(there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass the answer on as it comes, until upstream ends it. Raises OSError or IncompleteReadError if it breaks."""
    try:
        status, *fields = (await there.readuntil(_END)).removesuffix(_END).split(b"\r\n")
    except asyncio.LimitOverrunError:
        raise ConnectionAbortedError("the answer's head is too long") from None
    kept = [field for field in fields if field.partition(b":")[0].strip().lower() not in (b"connection", b"keep-alive")]
    await _send(writer, b"\r\n".join([status, *kept, b"connection: close"]) + _END)
    while part := await there.read(_CHUNK):
        await _send(writer, part)


async def _send(writer: asyncio.StreamWriter, part: bytes) -> None:
    writer.write(part)
    await writer.drain()


def _problem(status: int, kind: str, why: str) -> bytes:
    body = json.dumps({"type": "error", "error": {"type": kind, "message": why}}).encode()
    head = f"HTTP/1.1 {status} Refused\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    return f"{head}\r\nconnection: close\r\n\r\n".encode() + body
