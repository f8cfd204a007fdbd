"""The GitHub adapters over the fake, with time that nobody waits for.

Owns: putting them together as the product does. Must not: change how they behave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forge_loop.forge.github import Client, GitHubCodeHost, GitHubTracker, Repository, Wire, place_of
from support.fake_github import FakeGitHub
from support.repositories import BASE
from support.simulated_clock import SimulatedClock

READY = "loop:ready"


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    clock: SimulatedClock
    client: Client
    repository: Repository
    tracker: GitHubTracker
    host: GitHubCodeHost

    def close(self) -> None:
        self.client.close()


def parts_of(
    hub: FakeGitHub,
    *,
    approvers: Sequence[str] = ("me",),
    token: str = "",
    repository: str = "",
    read_seconds: float = 20.0,
) -> Parts:
    """A pause only moves the clock."""
    clock = SimulatedClock()
    wire = Wire(token or hub.token, read_seconds=read_seconds)
    client = Client(place_of(hub.url, repository or hub.full_name), wire, clock, pause=clock.advance)
    of = Repository(client, clock, approvers)
    return Parts(
        clock=clock,
        client=client,
        repository=of,
        tracker=GitHubTracker(of, clock, ready_label=READY),
        host=GitHubCodeHost(of, base=BASE, pause=clock.advance),
    )
