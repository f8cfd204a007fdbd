"""Events by kind and issue, from either end."""

from __future__ import annotations

import pytest

from forge_loop.domain.events import JobMerged, JobQueued, LoopStopped
from forge_loop.status.history import Wanted, events_after, newest_events
from forge_loop.store import Store
from support.samples import NOW


@pytest.fixture
def history(store: Store) -> Store:
    with store.transaction():
        for issue in range(1, 6):
            store.events.append(JobQueued(title="t", priority=2), at=NOW, issue=issue, job=issue)
            store.events.append(JobMerged(commit="c", pull_request=None), at=NOW, issue=issue, job=issue)
        store.events.append(LoopStopped(reason="r"), at=NOW)
    return store


FILTERS = [
    Wanted(),
    Wanted(kinds=("job",)),
    Wanted(kinds=("job.merged",)),
    Wanted(kinds=("job.*", "loop")),
    Wanted(kinds=("jo",)),
    Wanted(kinds=("job.merged", "loop.stopped"), issue=3),
]


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_the_database_and_the_filter_mean_the_same(history: Store, wanted: Wanted) -> None:
    expected = [event for event in history.events.after(0) if event in wanted]
    assert events_after(history, 0, wanted) == expected
    assert newest_events(history, wanted) == expected[::-1]


def test_pages_go_on_where_the_last_one_ended(history: Store) -> None:
    first = newest_events(history, Wanted(kinds=("job",)), limit=4)
    second = newest_events(history, Wanted(kinds=("job",)), before=first[-1].seq, limit=4)
    assert [event.seq for event in [*first, *second]] == [10, 9, 8, 7, 6, 5, 4, 3]
    assert [event.seq for event in events_after(history, 8, Wanted())] == [9, 10, 11]
