"""An approval that counts for nothing is told on its issue, once, where the people who gave it read along.

Owns: which refusals are told, and the one note an issue has for them. Must not: refuse (`domain.approval` does), or
write into a tracker of files: there `explain` says it to the operator.

One note an issue, replaced when the label is given anew: whoever may set labels can make the loop write one thing.
Posting the same note twice leaves one, so a post that was interrupted is just done again.
"""

from __future__ import annotations

from collections.abc import Sequence

from forge_loop.domain import status_note
from forge_loop.domain.issue import Issue, LabelEvent
from forge_loop.domain.outward import one_line
from forge_loop.domain.reason import Reason
from forge_loop.errors import NoSuchIssueError, RefusedError
from forge_loop.runner import pull_request
from forge_loop.runner.context import Context
from forge_loop.store import RefusalRow

KEY = "refused"
ERRAND = "refusals"
LONGEST = 1_000
LATER = 60.0
# What a person must mend. The rest passes by itself, or is not known yet.
TOLD = frozenset({"approver_not_trusted", "edited", "hidden_text", "blocked_label"})


def keep(context: Context, issue: Issue, label: LabelEvent | None, reasons: Sequence[Reason]) -> None:
    """Remember to tell it, unless this label's was told. Within the transaction that records the refusal."""
    said = [reason.text for reason in reasons if reason.code in TOLD]
    if not said or label is None or label.at is None or not pull_request.talks(context):
        return
    at = label.at.replace(microsecond=0)
    if context.store.refusals.last("issue_key = ? AND label_at = ?", issue.key, at) is None:
        context.store.refusals.insert(
            issue=issue.number, issue_key=issue.key, label_at=at, text=one_line("; ".join(said), LONGEST)
        )


def tell(context: Context) -> None:
    """Post the oldest that has not been told."""
    waiting = context.store.refusals.select("told_at IS NULL", limit=1)
    if not waiting or context.errands.busy(ERRAND) or context.clock.monotonic() < context.untold_until:
        return
    row = waiting[0]
    context.errands.start(
        ERRAND,
        lambda: _post(context, row),
        then=lambda _: _told(context, row),
        failed=lambda error: _not_told(context, row, error),
    )


def _post(context: Context, row: RefusalRow) -> None:
    """In a thread, and only where the label still stands as it was given."""
    issue = context.tracker.issue(row.issue)
    label = context.tracker.labelled(issue, context.settings.labels.ready)
    stands = label is not None and label.at is not None and label.at.replace(microsecond=0) == row.label_at
    if issue.key == row.issue_key and issue.open and stands:
        context.tracker.post_note(row.issue, KEY, status_note.refused(row.text))


def _told(context: Context, row: RefusalRow) -> None:
    context.store.refusals.update(row.id, told_at=context.now())


def _not_told(context: Context, row: RefusalRow, error: Exception) -> None:
    if isinstance(error, NoSuchIssueError | RefusedError):
        _told(context, row)
    else:
        context.untold_until = context.clock.monotonic() + LATER
    context.on_fault(f"refusal on #{row.issue}", error)
