"""Bugs put into the loop on purpose, to show that the simulation sees them.

Owns: what each one breaks and the words of the guarantee it must be caught by. Must not: stay in once its block ends.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from forge_loop.domain import retry
from forge_loop.domain.host_checks import Judgement
from forge_loop.domain.job import FailureKind, Job
from forge_loop.domain.merge_gate import GateFacts
from forge_loop.domain.pipeline import Node, NodeState
from forge_loop.errors import UnreadableError
from forge_loop.queue import statements
from forge_loop.runner import critique, dispatch, effect_kinds, effects, loop, merge, observe, reconcile, remarks, work
from forge_loop.runner.context import Context
from forge_loop.store import EffectRow

Patch = pytest.MonkeyPatch
KINDS = cast(dict[str, effect_kinds.EffectKind], effect_kinds.KINDS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Planted:
    """`plant` breaks the loop; `caught` are words of the violation that must be found."""

    plant: Callable[[Patch], None]
    caught: str


@contextlib.contextmanager
def planted(name: str) -> Iterator[Planted]:
    """The loop with one bug, until the block ends."""
    with pytest.MonkeyPatch.context() as patch:
        PLANTED[name].plant(patch)
        yield PLANTED[name]


def _record_after_act(patch: Patch) -> None:
    def start(self: effects.EffectPump, row: EffectRow) -> None:
        context = self._context
        job = context.store.jobs.get(row.job)
        context.errands.start(
            f"effect:{row.job}",
            lambda: effects._carry_out(context, row, job, lambda: None, False),
            then=lambda outcome: self._ended(row, outcome),
            failed=lambda error: self._failed(row, error),
        )

    patch.setattr(effects.EffectPump, "_start", start)


def _merge_whatever_is_there(patch: Patch) -> None:
    def act(context: Context, detail: Any) -> dict[str, Any]:
        head = context.code_host.pull_request(detail["number"]).head_sha
        return effect_kinds._merge(context, {**detail, "head_sha": head})

    merging = replace(effect_kinds.KINDS["merge"], act=act, forbidden=effect_kinds._withdrawn)
    patch.setitem(KINDS, "merge", merging)


def _nothing_for_unreadable(patch: Patch) -> None:
    real = observe._issues

    def issues(context: Context, known: Any) -> Any:
        try:
            return real(context, known)
        except UnreadableError:
            return {}, frozenset(known)

    patch.setattr(observe, "_issues", issues)


def _unfenced(patch: Patch) -> None:
    for name in ("ACK", "NACK", "RELEASE", "EXTEND"):
        patch.setattr(statements, name, getattr(statements, name).replace(statements.HELD, " WHERE id = :id"))


def _any_verdict(patch: Patch) -> None:
    def state(_self: critique.Reviews, context: Context, job: Job, node: Node) -> NodeState | None:
        last = context.store.reviews.last("job = ?", job.id)
        return NodeState.PASSED if last is not None and last.approves else real(_self, context, job, node)

    real = critique.Reviews.state
    patch.setattr(critique.Reviews, "state", state)
    patch.setattr(critique, "newest", lambda context, job, _node: context.store.reviews.last("job = ?", job.id))


def _one_slot_too_many(patch: Patch) -> None:
    real = dispatch.dispatch

    def fill(context: Context) -> None:
        scheduling = replace(context.settings.scheduling, parallel=context.settings.scheduling.parallel + 1)
        settings, context.settings = context.settings, replace(context.settings, scheduling=scheduling)
        real(context)
        context.settings = settings

    patch.setattr(dispatch, "dispatch", fill)


def _act_without_looking(patch: Patch) -> None:
    real = effects._carry_out
    patch.setattr(effects, "_carry_out", lambda context, row, job, over, _: real(context, row, job, over, False))


def _any_text(patch: Patch) -> None:
    real_facts, real_merge = merge.facts, merge._merge

    def facts(context: Context, job: Job, seen: merge.Seen, judgement: Judgement) -> GateFacts:
        return replace(real_facts(context, job, seen, judgement), approval_unchanged=True)

    def detail(context: Context, job: Job, seen: merge.Seen) -> dict[str, object]:
        return {name: value for name, value in real_merge(context, job, seen).items() if name != "approved"}

    patch.setattr(merge, "facts", facts)
    patch.setattr(merge, "_merge", detail)


def _charge_a_limit(patch: Patch) -> None:
    patch.setitem(retry._POLICIES, FailureKind.LIMIT, retry.Policy.CHARGE)


def _nothing(_context: Context, _job: Job) -> None:
    return None


def _index_once(patch: Patch) -> None:
    patch.setattr(reconcile, "_keep_indexed", _nothing)


def _write_without_asking(patch: Patch) -> None:
    for name, kind in effect_kinds.KINDS.items():
        patch.setitem(KINDS, name, replace(kind, forbidden=effect_kinds._allowed, work=False))


def _any_base(patch: Patch) -> None:
    real = merge.facts

    def facts(context: Context, job: Job, seen: merge.Seen, judgement: Judgement) -> GateFacts:
        found = real(context, job, seen, judgement)
        return replace(found, checked_base=found.base_sha)

    patch.setattr(merge, "facts", facts)


def _deaf(patch: Patch) -> None:
    patch.setattr(remarks, "read", lambda _code_host, _number: ())


def _full_speed(patch: Patch) -> None:
    patch.setattr(dispatch, "slots", lambda context: context.settings.scheduling.parallel)


def _halt_ends_with_a_start(patch: Patch) -> None:
    real = loop.Runner._start

    def start(self: loop.Runner) -> None:
        self.context.store.update_loop(halt_reason=None)
        real(self)

    patch.setattr(loop.Runner, "_start", start)


def _base_left_out_is_refused(patch: Patch) -> None:
    real = work._look
    patch.setattr(work, "_look", lambda context, job, began: (real(context, job, began)[0], False))


PLANTED: dict[str, Planted] = {
    "it records after it acts": Planted(plant=_record_after_act, caught="was not journalled before it was done"),
    "it merges whatever the head is by now": Planted(plant=_merge_whatever_is_there, caught="not journalled"),
    "what cannot be read counts as empty": Planted(plant=_nothing_for_unreadable, caught="yielded to nobody"),
    "a lease is not fenced": Planted(plant=_unfenced, caught="a delivery that was lost could still change"),
    "a verdict is not bound to its commit": Planted(plant=_any_verdict, caught="no critic approved it"),
    "a cap lets one more through": Planted(plant=_one_slot_too_many, caught="slots"),
    "a nearly used limit slows nothing": Planted(plant=_full_speed, caught="where a limit leaves"),
    "a start ends a halt": Planted(plant=_halt_ends_with_a_start, caught="a halt ended and nobody had resumed"),
    "base left out after a conflict costs the attempt": Planted(
        plant=_base_left_out_is_refused, caught="was charged for base left out once"
    ),
    "an interrupted effect is repeated blindly": Planted(
        plant=_act_without_looking, caught="more than one pull request"
    ),
    "the approved text is not compared": Planted(plant=_any_text, caught="was edited after its approval"),
    "a limit is charged": Planted(plant=_charge_a_limit, caught="was charged for"),
    "a lost queue entry is not pushed again": Planted(plant=_index_once, caught="neither queued nor in hand"),
    "a write is not asked for once more": Planted(plant=_write_without_asking, caught="a person had"),
    "what people ask for is not read": Planted(plant=_deaf, caught="although changes were asked for"),
    "a merge takes any base": Planted(plant=_any_base, caught="was not green"),
}
