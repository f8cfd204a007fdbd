"""From settings to a GitHub that can be asked.

Owns: which token, which address, how the parts hang together. Must not: send a request.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from forge_loop.config.model import Settings
from forge_loop.forge.github.client import Client
from forge_loop.forge.github.code_host import GitHubCodeHost
from forge_loop.forge.github.place import Place, TokenFound, find_token, place_of
from forge_loop.forge.github.repository import Repository
from forge_loop.forge.github.tracker import GitHubTracker
from forge_loop.forge.github.wire import Wire
from forge_loop.git import Access, with_token
from forge_loop.ports import Clock


@dataclass(frozen=True)
class GitHub:
    """One repository, the token for it, and the adapters over both."""

    settings: Settings
    place: Place
    token: TokenFound
    repository: Repository
    clock: Clock
    pause: Callable[[float], None]

    @cached_property
    def tracker(self) -> GitHubTracker:
        return GitHubTracker(self.repository, self.clock, ready_label=self.settings.labels.ready)

    def code_host(self, base: str) -> GitHubCodeHost:
        return GitHubCodeHost(self.repository, base=base, pause=self.pause)

    def access(self, environ: Mapping[str, str]) -> Access:
        """How git gets there."""
        return with_token(self.place.git, self.token.value, environ)


def open_github(
    settings: Settings, environ: Mapping[str, str], clock: Clock, *, pause: Callable[[float], None] = time.sleep
) -> GitHub:
    """Raises OperatorError for an address that is none, AuthenticationError where there is no token."""
    place = place_of(settings.github.url, settings.repository)
    token = find_token(place, settings.github.token, environ)
    client = Client(place, Wire(token.value), clock, pause=pause)
    repository = Repository(client, clock, settings.approvers)
    return GitHub(settings=settings, place=place, token=token, repository=repository, clock=clock, pause=pause)
