"""What each session was given, kept beside its transcript, so that it can be looked at and run again.

Owns: that file's name, its shape, writing and reading it. Must not: keep a path or an id that means nothing later, or
stop a session because the file cannot be written: a record that is missing is said to be missing.

It goes when the transcripts go (`retention`), and it holds what was sent to the model: the approved text included.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from forge_loop.config.model import Settings
from forge_loop.domain.job import Job, SessionRow
from forge_loop.domain.session import SessionOrder

VERSION = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedOrder:
    """One life of a session as it was ordered. `prompt` is its first message: the rendered brief, or what it was told
    when it was resumed. `base_sha` and `head_sha` are of the job then; `checks` and `block_on` of the settings."""

    session: str
    role: str
    purpose: str
    resume: bool
    system: str
    prompt: str
    model: str
    effort: str
    max_turns: int
    timeout: float
    report_schema: Mapping[str, Any]
    writes: bool
    base_sha: str | None
    head_sha: str | None
    checks: tuple[str, ...]
    block_on: str


def place(row: SessionRow) -> Path:
    """Where the order of a session's row is kept. A resumed session has one for each of its rows."""
    return Path(row.transcript).with_suffix(f".{row.id}.order.json")


def record(row: SessionRow, order: SessionOrder, job: Job | None, settings: Settings) -> None:
    """Write the order down. A disk that takes nothing is the storage watch's business."""
    kept = RecordedOrder(
        session=order.id,
        role=str(order.role),
        purpose=row.purpose,
        resume=order.resume,
        system=order.system,
        prompt=order.prompt,
        model=order.model,
        effort=order.effort,
        max_turns=order.max_turns,
        timeout=order.timeout,
        report_schema=order.report_schema,
        writes=order.writes,
        base_sha=job.base_sha if job is not None else None,
        head_sha=job.head_sha if job is not None else None,
        checks=settings.checks,
        block_on=str(settings.critic.block_on),
    )
    content = json.dumps({"v": VERSION, **asdict(kept)}).encode()
    with suppress(OSError):
        descriptor = os.open(place(row), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)


def recorded_order(row: SessionRow) -> RecordedOrder | None:
    """What was written for this row; None where it is gone, was never written, or was cut short."""
    try:
        document = json.loads(place(row).read_bytes())
        names = [field.name for field in fields(RecordedOrder)]
        values = {name: document[name] for name in names}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return RecordedOrder(**{**values, "checks": tuple(values["checks"])})
