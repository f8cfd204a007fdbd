"""The maintenance session: one reader of the open issues, whose proposals wait for the operator.

Owns: starting it, keeping its validated proposals, doing of them what the operator applied or allowed beforehand
(`maintenance.apply`). Must not: do more unasked, or approve anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from forge_loop.domain.events import MaintenanceProposed
from forge_loop.domain.issue import Issue
from forge_loop.domain.job import SessionRow
from forge_loop.domain.outward import harmless
from forge_loop.domain.proposals import (
    PROPOSALS_SCHEMA,
    SAYS,
    TRIAGE_LABELS,
    Proposal,
    ProposalKind,
    ProposalState,
    Unasked,
    done_unasked,
    parse_proposals,
)
from forge_loop.domain.review import MalformedReport
from forge_loop.domain.secret_shapes import kinds_in
from forge_loop.domain.session import Role, SessionOutcome
from forge_loop.errors import RefusedError
from forge_loop.runner import prompts, sessions
from forge_loop.runner.context import Context
from forge_loop.store import RequestRow

KEY = "backlog"


@dataclass(slots=True)
class Backlog:
    """`_shown` are the issues the present session was given: it can propose about no other."""

    context: Context
    _shown: dict[int, Issue] = field(default_factory=dict)

    def start(self) -> None:
        """Begin a session over the open issues, if that is wanted, there are any, and none is under way."""
        context, world = self.context, self.context.world
        issues = {number: issue for number, issue in ((world and world.issues) or {}).items() if issue.open}
        base = world.base_sha if world is not None else None
        if not context.settings.maintenance.session or not issues or base is None or self._busy():
            return
        context.errands.start(
            KEY,
            lambda: context.workspaces.create(self._clone(), sha=base, branch="maintenance", base_sha=base),
            then=lambda _: self._begin(issues),
            failed=lambda error: context.on_fault("maintenance", error),
        )

    def look(self) -> None:
        """Take the report of a session that ended, and do what the operator applied or allowed."""
        for row in self.context.store.sessions.select("job IS NULL AND ended_at IS NOT NULL AND acted_on = 0"):
            self._take(row)
        accepted = self.context.store.proposals.select("state = ?", ProposalState.ACCEPTED, limit=1)
        if accepted and not self.context.errands.busy(KEY):
            self._do(accepted[0])

    def _busy(self) -> bool:
        open_session = self.context.store.sessions.select("job IS NULL AND ended_at IS NULL", limit=1)
        return bool(open_session) or self.context.errands.busy(KEY)

    def _clone(self) -> Path:
        return self.context.layout.workspaces / "maintenance"

    def _begin(self, issues: dict[int, Issue]) -> None:
        self._shown = issues
        opening = sessions.Opening(
            role=Role.MAINTENANCE,
            purpose="propose",
            workspace=self._clone(),
            prompt=prompts.maintenance(self.context, issues.values()),
            report_schema=PROPOSALS_SCHEMA,
            settings=self.context.settings.maintenance,
        )
        sessions.begin(self.context, None, opening)

    def _take(self, row: SessionRow) -> None:
        context, shown, self._shown = self.context, self._shown, {}
        with context.store.transaction():
            context.store.sessions.update(row.id, acted_on=True)
            if row.outcome is SessionOutcome.DONE and shown:
                try:
                    self._keep(row, shown)
                except MalformedReport as error:
                    context.on_fault("maintenance", error)
        if not context.errands.busy(KEY):  # else the next session's clone takes its place
            context.errands.start(
                KEY,
                lambda: context.workspaces.remove(self._clone()),
                then=lambda _: None,
                failed=lambda error: context.on_fault("maintenance", error),
            )

    def _keep(self, row: SessionRow, shown: dict[int, Issue]) -> None:
        context = self.context
        proposals = parse_proposals(sessions.report_of(row), shown)
        for old in context.store.proposals.select("state = ?", ProposalState.OPEN):
            context.store.proposals.update(old.id, state=ProposalState.SUPERSEDED)
        for proposed in proposals:
            acts = done_unasked(proposed.kind, context.settings.maintenance.apply)
            kept = context.store.proposals.insert(
                session=row.session,
                issue=proposed.issue,
                issue_key=shown[proposed.issue].key,
                kind=proposed.kind,
                text=proposed.text,
                state=ProposalState.ACCEPTED if acts else ProposalState.OPEN,
                at=context.now(),
                acts=acts,
            )
            event = MaintenanceProposed(proposal=kept.id, proposed=kept.kind, text=kept.text)
            context.tell(event, session=row.session, issue=kept.issue)

    def _do(self, proposal: Proposal) -> None:
        """A note posted or a label put twice is there once, so what was interrupted is just done again."""
        context = self.context
        noted = Unasked.COMMENT in proposal.acts
        context.errands.start(
            KEY,
            lambda: _act(context, proposal),
            then=lambda _: self._move(proposal, ProposalState.APPLIED if noted else ProposalState.OPEN),
            failed=lambda error: self._not_done(proposal, error),
        )

    def _move(self, proposal: Proposal, state: ProposalState) -> None:
        self.context.store.proposals.update(proposal.id, state=state)

    def _not_done(self, proposal: Proposal, error: Exception) -> None:
        self._move(proposal, ProposalState.OPEN)
        self.context.on_fault(f"proposal {proposal.id}", error)


def _act(context: Context, proposal: Proposal) -> None:
    issue = context.tracker.issue(proposal.issue)
    if issue.key != proposal.issue_key or not issue.open:
        raise RefusedError(f"#{proposal.issue} is closed, or another issue by now")
    held = kinds_in([proposal.text])
    if held:
        raise RefusedError(f"proposal {proposal.id} looks as if it holds {' and '.join(held)}, so it was not sent")
    if Unasked.COMMENT in proposal.acts:
        text = f"{SAYS[proposal.kind]}:\n\n{harmless(proposal.text)}"
        context.tracker.post_note(proposal.issue, f"maintenance-{proposal.kind}", text)
    if Unasked.LABEL_TRIAGE in proposal.acts:
        label = TRIAGE_LABELS[proposal.kind]
        if label == context.settings.labels.ready:
            raise RefusedError(f"{label} approves work, which only a person does")
        context.tracker.add_label(proposal.issue, label)


def run(context: Context, _row: RequestRow) -> str:
    """The operator asks for a pass now."""
    context.maintain = True
    wanted = context.settings.maintenance.session
    return "a maintenance pass begins" + ("" if wanted else "; no session reads the backlog: maintenance.session")


def apply(context: Context, row: RequestRow) -> str:
    """The operator applies proposals: each becomes a note on its issue. `ready` is told how to approve, no more."""
    chosen = [_open(context, int(number)) for number in row.detail["proposals"]]
    with context.store.transaction():
        return "; ".join(_accept(context, proposal) for proposal in chosen)


def _open(context: Context, number: int) -> Proposal:
    found = context.store.proposals.last("id = ?", number)
    if found is None or found.state is not ProposalState.OPEN:
        stands = found.state if found is not None else "not known"
        raise RefusedError(f"proposal {number} is {stands}; see: forge-loop maintenance list")
    return found


def _accept(context: Context, proposal: Proposal) -> str:
    if proposal.kind is ProposalKind.READY:
        return f"the loop approves nothing; for #{proposal.issue}: forge-loop issue approve {proposal.issue}"
    context.store.proposals.update(proposal.id, state=ProposalState.ACCEPTED, acts=(Unasked.COMMENT,))
    return f"proposal {proposal.id} becomes a note on #{proposal.issue}"
