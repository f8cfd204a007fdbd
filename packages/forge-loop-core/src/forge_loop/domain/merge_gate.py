"""The merge gate: merge only if every line is known and true.

Owns: the list of conditions and the reason each gives. Must not: look anything up. None means not known, and not known
never merges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from forge_loop.domain.reason import Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class GateFacts:
    """What is known just before a merge.

    `change_reviewed` says whether the change onto `base_sha` is, line by line, what the verdict was given for.
    `pull_request_head` and `pushed_sha` must be the same commit, `pull_request_base` and `base` the same branch;
    `checked_base` is the base the checks were green on. `host_checks_green` speaks of the code host's own checks and
    is true where it runs none. `evidence` counts positive evidence (the loop's checks, the code host's): at least one
    is needed.
    """

    issue_open: bool | None
    approval_unchanged: bool | None
    ready_label: bool | None
    risk_label: bool | None
    pull_request_open: bool | None
    pull_request_ours: bool | None
    pull_request_draft: bool | None
    pull_request_base: str | None
    base: str | None
    pull_request_head: str | None
    pushed_sha: str | None
    verdict_approves: bool | None
    change_reviewed: bool | None
    checks_green: bool | None
    checked_base: str | None
    base_sha: str | None
    host_checks_green: bool | None
    evidence: int
    withheld: tuple[str, ...]
    automatic: bool


# What each condition wants, and what is so where it does not hold.
_WORDS: Mapping[str, tuple[str, str]] = {
    "issue_closed": ("the issue is open", "the issue is closed"),
    "approval_changed": ("the approved text is unchanged", "the text is no longer the approved one"),
    "label_removed": ("the issue still carries the ready label", "the issue no longer carries the ready label"),
    "pull_request_closed": ("the pull request is open", "the pull request is closed"),
    "not_ours": ("the pull request is the loop's own", "the pull request is not the loop's own"),
    "draft": ("the pull request is no draft", "the pull request is a draft"),
    "retargeted": ("the pull request goes to the loop's base", "the pull request goes to another branch than base"),
    "not_reviewed": ("the critic approved this commit", "the critic has not approved this commit"),
    "change_moved": ("the change is the one that was reviewed", "the change is not, line by line, the reviewed one"),
    "checks_not_green": ("the checks are green on the merge result", "the checks are not green on the merge result"),
    "risk_label": ("no risk label stands on the issue", "a risk label stands on the issue"),
    "foreign_commit": ("the pull request is the commit pushed", "the pull request is not the commit pushed"),
    "base_moved": ("base is still the commit the checks ran on", "base has moved since the checks ran"),
    "host_checks": ("the code host's checks are green", "the code host's checks are not green"),
}


def refusals(facts: GateFacts) -> tuple[Reason, ...]:
    """Every reason why this must not be merged now; empty means merge."""
    conditions = {
        "issue_closed": facts.issue_open,
        "approval_changed": facts.approval_unchanged,
        "label_removed": facts.ready_label,
        "pull_request_closed": facts.pull_request_open,
        "not_ours": facts.pull_request_ours,
        "draft": _not(facts.pull_request_draft),
        "retargeted": _same(facts.pull_request_base, facts.base),
        "not_reviewed": facts.verdict_approves,
        "change_moved": facts.change_reviewed,
        "checks_not_green": facts.checks_green,
        "risk_label": _not(facts.risk_label),
        "foreign_commit": _same(facts.pull_request_head, facts.pushed_sha),
        "base_moved": _same(facts.checked_base, facts.base_sha),
        "host_checks": facts.host_checks_green,
    }
    reasons = [_reason(code, known) for code, known in conditions.items() if known is not True]
    if facts.evidence < 1:
        text = "no checks are configured and the code host ran none, so nothing shows that it works"
        reasons.append(Reason(code="no_evidence", text=text))
    reasons.extend(Reason(code="withheld", text=text) for text in facts.withheld)
    if not facts.automatic:
        reasons.append(Reason(code="manual", text="merge.mode is manual"))
    return tuple(reasons)


def _not(known: bool | None) -> bool | None:
    return None if known is None else not known


def _same(one: str | None, other: str | None) -> bool | None:
    """Whether two names are the same; None if one of them is not known. An empty one is none."""
    return None if not one or not other else one == other


def _reason(code: str, known: bool | None) -> Reason:
    wanted, wrong = _WORDS[code]
    if known is False:
        return Reason(code=code, text=wrong)
    return Reason(code=f"{code}_unknown", text=f"it is not known whether {wanted}")
