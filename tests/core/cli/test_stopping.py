"""Signals to a running loop, in this process."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from forge_loop.cli.stopping import Stopping


@pytest.fixture
def said() -> Iterator[list[str]]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield []
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_asks_the_loop_to_end_and_afterwards_means_what_it_meant(
    number: signal.Signals, said: list[str]
) -> None:
    before = signal.getsignal(number)
    with Stopping(said.append) as stopping:
        os.kill(os.getpid(), number)
    assert said == [number.name]
    assert stopping.interrupted is (number is signal.SIGINT)
    assert signal.getsignal(number) is before


def test_a_second_interrupt_does_not_wait(said: list[str]) -> None:
    with Stopping(said.append):
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_a_signal_that_was_ignored_stays_ignored(said: list[str]) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with Stopping(said.append):
        os.kill(os.getpid(), signal.SIGHUP)
    assert said == []
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
