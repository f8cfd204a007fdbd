"""The sender: one thread per sink that tries what is due, and nothing else.

Owns: the thread, its sleep, the bounded end. Must not: decide what is due or what an answer means (`outbox`).
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable

from forge_loop_integrations.channels import Answer, Channel, Retry
from forge_loop_integrations.outbox.box import Now, Outbox
from forge_loop_integrations.outbox.sending import Sending
from forge_loop_integrations.secret import hide

BACK_OFF_SECONDS = 30.0
# What the end of the loop waits for: the last messages of a loop that ends are worth this much.
CLOSE_SECONDS = 5.0


class Sender:
    """`step` is all that happens; `start` runs it in a thread until `close`. The thread sleeps until something comes
    due or `wake` is called: while nothing is to be sent it costs nothing."""

    def __init__(self, outbox: Outbox, channel: Callable[[], Channel], now: Now) -> None:
        self._outbox = outbox
        self._sending = Sending(outbox, now)
        self._open_channel = channel
        self._channel: Channel | None = None
        self._now = now
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._due: float | None = None
        self._hints: deque[float | None] = deque()
        self.trouble: str | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name=f"sender {self._outbox.name}", daemon=True)
        self._thread.start()

    def wake(self, due: float | None = None) -> None:
        """Something is written, and there is something to do for it when `due` is; None: look what there is."""
        self._hints.append(due)
        self._wake.set()

    @property
    def late(self) -> bool:
        """Whether what it sleeps for has come due meanwhile: a clock that is set wakes nobody."""
        return self._due is not None and self._due <= self._now().timestamp()

    def close(self, seconds: float = CLOSE_SECONDS) -> bool:
        """Send what is due, for so long at most. Whether the thread has ended: one that has not ends with the process,
        and its message is sent again later, under its id."""
        self._ending.set()
        self._wake.set()
        if self._thread is None:
            return True
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def step(self) -> bool:
        """Try one due message. Whether there was one."""
        leased = self._sending.lease()
        if leased is not None:
            message, matter = leased
            began, started = self._now().timestamp(), time.monotonic()
            answer = self._deliver(lambda channel: channel.deliver(message, matter, self._keeper(message.matter)))
            self._sending.record(message, answer, began=began, seconds=round(time.monotonic() - started, 3))
        self._due, self.trouble = self._sending.outlook()
        return leased is not None

    def _keeper(self, matter: str) -> Callable[[str], None]:
        return lambda remote: self._sending.keep(matter, remote)

    def _deliver(self, attempt: Callable[[Channel], Answer]) -> Answer:
        try:
            if self._channel is None:
                self._channel = self._open_channel()
            return attempt(self._channel)
        except Exception as error:  # noqa: BLE001 - the channel fence: a fault of ours waits like one of the receiver's
            return Retry(reason=hide(f"{type(error).__name__}: {error}", ()))

    def _run(self) -> None:
        with contextlib.suppress(Exception):  # what cannot be opened yet is opened for the first message, and told of
            self._channel = self._open_channel()
        look = True
        pause: float | None = 0.0
        while True:
            # Cleared before looking: what is written meanwhile wakes the next sleep.
            self._wake.wait(pause)
            self._wake.clear()
            ending = self._ending.is_set()
            try:
                if ending:
                    self._sending.hurry()
                if self._heard_to_look() or look or ending:
                    self._due, self.trouble = self._sending.outlook()
                busy = self.late and self.step()
                look, pause = False, self._pause(busy=busy)
            except Exception as error:  # noqa: BLE001 - the thread fence: a full disk now must not end it for good
                self.trouble = f"{type(error).__name__}: {error}"
                busy, look, pause = False, True, BACK_OFF_SECONDS
            if not busy and ending:
                break
        if self._channel is not None:
            self._channel.close()

    def _heard_to_look(self) -> bool:
        """Take in what was written meanwhile. Whether somebody wants all of it looked at."""
        heard = [self._hints.popleft() for _ in range(len(self._hints))]
        dues = [due for due in heard if due is not None]
        self._due = min([*dues, *([self._due] if self._due is not None else [])], default=None)
        return len(dues) < len(heard)

    def _pause(self, *, busy: bool) -> float | None:
        """How long to sleep; None: until woken."""
        if self._due is None:
            return None
        # Due, and yet there was nothing to take: whatever it is, it is not looked for again and again.
        return BACK_OFF_SECONDS if self.late and not busy else max(self._due - self._now().timestamp(), 0.0)
