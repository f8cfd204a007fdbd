"""Clicks, over Socket Mode: Slack is called, so no port is open and no public address is needed.

Owns: the connection, acknowledging a click within Slack's three seconds. Must not: decide who may press.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from queue import Queue
from typing import TYPE_CHECKING, Any

from forge_loop_integrations.secret import Secret
from forge_loop_integrations.slack.buttons import Buttons
from forge_loop_integrations.slack.web_api import WebApi

if TYPE_CHECKING:
    from slack_sdk.socket_mode.builtin.client import SocketModeClient
    from slack_sdk.socket_mode.client import BaseSocketModeClient
    from slack_sdk.socket_mode.request import SocketModeRequest

RECONNECT_SECONDS = 30.0
CLOSE_SECONDS = 3.0


class Patient(Queue[str | None]):
    """slack_sdk looks into its queue every second, which at rest costs more than the loop. This one sleeps until
    something comes; None ends the sleep."""

    def get(self, block: bool = True, timeout: float | None = None) -> str | None:  # noqa: ARG002 - that is the point
        return super().get(block)


class Clicks:
    """Hears clicks in a thread of its own until `close`. What goes wrong is tried again, and never stops messages."""

    def __init__(
        self,
        *,
        base: str,
        app_token: Secret,
        environ: Mapping[str, str],
        buttons: Buttons,
        api: WebApi,
        channel: str,
        pressed: Callable[[], None],
    ) -> None:
        self._base = base
        self._app_token = app_token
        self._environ = environ
        self._buttons = buttons
        self._api = api
        self._channel = channel
        self._pressed = pressed
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="slack clicks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ending.set()
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        client: SocketModeClient | None = None
        while not self._ending.is_set():
            try:
                client = self._client()
                client.connect()
                self._ending.wait()
            except Exception:  # noqa: BLE001 - the thread fence: without buttons messages still go
                self._ending.wait(RECONNECT_SECONDS)
            finally:
                if client is not None:
                    client.closed = True
                    client.message_queue.put(None)
                    client.close()

    def _client(self) -> SocketModeClient:
        from slack_sdk.socket_mode.builtin.client import SocketModeClient
        from slack_sdk.web import WebClient

        logger = logging.Logger("forge_loop slack", level=logging.CRITICAL + 1)  # it would log what Slack says
        web = WebClient(base_url=f"{self._base.rstrip('/')}/", timeout=10, logger=logger)
        client = SocketModeClient(
            app_token=self._app_token.read(self._environ), web_client=web, logger=logger, concurrency=2
        )
        client.message_queue = Patient()
        client.socket_mode_request_listeners.append(self._hear)
        return client

    def _hear(self, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        from slack_sdk.socket_mode.response import SocketModeResponse

        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        if request.type != "interactive":
            return
        user, values = pressed_in(request.payload)
        for value in values:
            found = self._buttons.press(value, user)
            if found.asked:
                self._pressed()
            else:
                self._api.call("chat.postEphemeral", {"channel": self._channel, "user": user, "text": found.sentence})


def pressed_in(payload: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Who pressed what. Only what has the right shape counts; the channel a payload names proves nothing."""
    user, actions = payload.get("user"), payload.get("actions")
    if payload.get("type") != "block_actions" or not isinstance(user, Mapping) or not isinstance(actions, list):
        return "", []
    found = [str(action["value"]) for action in actions if isinstance(action, Mapping) and action.get("value")]
    return str(user.get("id") or ""), found
