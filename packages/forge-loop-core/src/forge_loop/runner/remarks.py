"""What trusted people ask for on a pull request: each is taken up in one round of revision, once.

Owns: which remarks are new, and their rows. Must not: decide who is trusted (the code host does).
"""

from __future__ import annotations

from collections.abc import Sequence

from forge_loop.domain.events import RemarkReceived
from forge_loop.domain.job import Job
from forge_loop.domain.remarks import Remark
from forge_loop.ports import CodeHost
from forge_loop.runner.context import Context
from forge_loop.store import RemarkRow


def read(code_host: CodeHost, number: int) -> Sequence[Remark]:
    """In a thread: everything that stands there, taken up already or not."""
    talk = code_host.conversation()
    return () if talk is None else talk.remarks(number)


def taken(context: Context, job: Job) -> frozenset[str]:
    """The keys of what was taken up before."""
    return frozenset(row.key for row in context.store.remarks.select("job = ?", job.id))


def ask(asked: Sequence[Remark]) -> str:
    """That people want something, in a few words."""
    return f"{', '.join(dict.fromkeys(remark.author for remark in asked))} asks for changes"


def of_round(context: Context, job: Job) -> list[RemarkRow]:
    return context.store.remarks.select("job = ? AND round = ?", job.id, job.round)


def record(context: Context, job: Job, remarks: Sequence[Remark]) -> None:
    """Take them up in the job's next round. Within the transaction that sends the work back."""
    for remark in remarks:
        context.store.remarks.insert(
            job=job.id,
            round=job.round + 1,
            key=remark.key,
            author=remark.author,
            text=remark.text,
            file=remark.file,
            line=remark.line,
            at=remark.at,
        )
        event = RemarkReceived(
            pull_request=job.pull_request, author=remark.author, file=remark.file, line=remark.line, text=remark.text
        )
        context.tell(event, job)
