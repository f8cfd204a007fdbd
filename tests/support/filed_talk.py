"""A conversation kept in files beside a code host that has none: it outlives the process that is killed.

Owns: the Conversation port for fault tests, and drafts. Must not: lose or double anything by itself; every write is one
rename.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from forge_loop.domain.issue import PullRequest
from forge_loop.domain.remarks import Agreement, LineRemark, Remark
from forge_loop.ports import CodeHost


class FiledTalk:
    """`said` is everything that was ever written, in order: a write that is done twice stands there twice."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def said(self) -> list[dict[str, Any]]:
        return list(json.loads(self._path.read_text())) if self._path.exists() else []

    def _say(self, what: str, number: int, **detail: Any) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps([*self.said, {"what": what, "number": number, **detail}]))
        fresh.rename(self._path)

    def describe(self, number: int, *, body: str) -> None:
        self._say("describe", number, body=body)

    def mark_ready(self, number: int) -> None:
        self._say("ready", number)

    def post_review(self, number: int, *, key: str, sha: str, text: str, lines: Sequence[LineRemark]) -> None:
        self._say("review", number, key=key, sha=sha, text=text, lines=[asdict(line) for line in lines])

    def review_posted(self, number: int, key: str) -> bool:
        return any(entry.get("key") == key and entry["number"] == number for entry in self.said)

    def remarks(self, number: int) -> list[Remark]:
        return []

    def agreements(self, number: int) -> list[Agreement]:
        return []

    def is_ready(self, number: int) -> bool:
        return any(entry["what"] == "ready" and entry["number"] == number for entry in self.said)


class TalkedAbout:
    """A code host that opens drafts and where people talk; everything else is the host's."""

    def __init__(self, host: CodeHost, talk: FiledTalk) -> None:
        self._host = host
        self.talk = talk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._host, name)

    def conversation(self) -> FiledTalk:
        return self.talk

    def pull_request(self, number: int) -> PullRequest:
        return self._shown(self._host.pull_request(number))

    def open_pull_requests(self, prefix: str) -> list[PullRequest]:
        return [self._shown(pull) for pull in self._host.open_pull_requests(prefix)]

    def _shown(self, pull: PullRequest) -> PullRequest:
        return replace(pull, draft=not self.talk.is_ready(pull.number))
