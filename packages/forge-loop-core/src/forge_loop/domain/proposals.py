"""What a maintenance session may propose: its schema, its strict validation, and what a person is told of each kind.

Owns: the kinds, the most there may be, the JSON schema that is sent and the parser that believes nothing. Must not:
change an issue; a proposal is nothing until the operator applies it, and none approves work.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from forge_loop.domain.review import MalformedReport

MOST_PROPOSALS = 12
MOST_CHARACTERS = 2000


class ProposalKind(StrEnum):
    STALE = "stale"
    DUPLICATE = "duplicate"
    VAGUE_TITLE = "vague_title"
    MISSING_CONTEXT = "missing_context"
    READY = "ready"


SAYS: Mapping[ProposalKind, str] = {
    ProposalKind.STALE: "It looks done or no longer wanted",
    ProposalKind.DUPLICATE: "It looks like a duplicate",
    ProposalKind.VAGUE_TITLE: "A title that says what is wanted",
    ProposalKind.MISSING_CONTEXT: "Nobody could start on it without an answer to this",
    ProposalKind.READY: "It looks ready to be approved",
}


class Unasked(StrEnum):
    """What the operator lets the loop do of proposals without being asked."""

    COMMENT = "comment"
    LABEL_TRIAGE = "label-triage"


TRIAGE_LABELS: Mapping[ProposalKind, str] = {
    ProposalKind.STALE: "triage:stale",
    ProposalKind.DUPLICATE: "triage:duplicate",
    ProposalKind.VAGUE_TITLE: "triage:vague-title",
    ProposalKind.MISSING_CONTEXT: "triage:missing-context",
}


def done_unasked(kind: ProposalKind, allowed: Collection[str]) -> tuple[Unasked, ...]:
    """What is done of a proposal of this kind without asking. Of `ready` nothing: only a person approves."""
    if kind is ProposalKind.READY:
        return ()
    return tuple(act for act in Unasked if act in allowed)


class ProposalState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"  # the operator applied it, or allowed it beforehand; it is being done
    APPLIED = "applied"
    SUPERSEDED = "superseded"  # a later session looked again


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposed:
    """One validated proposal of a report."""

    issue: int
    kind: ProposalKind
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """A proposal as it is kept. `issue_key` tells the issue from a later one of the same number, `acts` what is done of
    it while it is accepted."""

    id: int
    session: str
    issue: int
    issue_key: str
    kind: ProposalKind
    text: str
    state: ProposalState
    at: datetime
    acts: tuple[str, ...] = ()


PROPOSALS_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["proposals"],
    "properties": {
        "proposals": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["issue", "kind", "text"],
                "properties": {
                    "issue": {"type": "integer"},
                    "kind": {"enum": [member.value for member in ProposalKind]},
                    "text": {"type": "string", "pattern": r"\S"},
                },
            },
        },
    },
}


def parse_proposals(report: object, known: Collection[int]) -> tuple[Proposed, ...]:
    """The proposals of a report about issues of `known` numbers, or MalformedReport. Nothing is guessed or dropped."""
    entries = _exact(report, "report", {"proposals"})["proposals"]
    if not isinstance(entries, list):
        raise MalformedReport(f"proposals is not a list: {entries!r}")
    if len(entries) > MOST_PROPOSALS:
        raise MalformedReport(f"{len(entries)} proposals, where {MOST_PROPOSALS} are the most")
    proposals = tuple(_proposed(entry, f"proposals[{index}]", known) for index, entry in enumerate(entries))
    if len({(proposal.issue, proposal.kind) for proposal in proposals}) < len(proposals):
        raise MalformedReport("one kind is proposed twice for one issue")
    return proposals


def _proposed(entry: object, place: str, known: Collection[int]) -> Proposed:
    fields = _exact(entry, place, {"issue", "kind", "text"})
    issue, kind, text = fields["issue"], fields["kind"], fields["text"]
    if not isinstance(issue, int) or isinstance(issue, bool) or issue not in known:
        raise MalformedReport(f"{place}.issue is not one of the issues that were shown: {issue!r}")
    if not isinstance(kind, str) or kind not in set(ProposalKind):
        raise MalformedReport(f"{place}.kind is not a kind: {kind!r}")
    if not isinstance(text, str) or not text.strip() or len(text) > MOST_CHARACTERS:
        raise MalformedReport(f"{place}.text is empty, too long, or not a string")
    return Proposed(issue=issue, kind=ProposalKind(kind), text=text.strip())


def _exact(value: object, place: str, names: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or set(value) != names:
        raise MalformedReport(f"{place} is not an object of exactly {sorted(names)!r}: {value!r}")
    return value
