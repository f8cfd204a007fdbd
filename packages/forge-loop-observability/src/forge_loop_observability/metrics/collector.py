"""The collector: asks the state database for every family when it is scraped.

Owns: one reading of the database per scrape, and that a family which cannot be read does not take the others with it.
Must not: tell a 0 for what it could not read.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import accumulate, product
from pathlib import Path
from threading import Lock
from typing import cast

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from forge_loop import DatabaseError
from forge_loop.status.figures import Spread, read_figures
from forge_loop_observability.metrics.families import (
    COLLECTOR_ERRORS,
    COLLECTOR_SECONDS,
    OF_THE_OUTBOX,
    OF_THE_STATE,
    OTHER,
    Family,
    Kind,
    Labels,
    Source,
    Spreads,
    Values,
)
from forge_loop_observability.metrics.outbox import read_messages


class StateCollector(Collector):
    """The metrics of one state directory. Usable from many threads."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._errors = 0
        self._turn = Lock()

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering reads no database."""
        return []

    def collect(self) -> Iterator[Metric]:
        began = time.perf_counter()
        with self._turn:
            yield from list(self._families())
            spent = time.perf_counter() - began
            yield _single(GaugeMetricFamily, COLLECTOR_SECONDS, "Time spent reading the state database", spent)
            yield _single(CounterMetricFamily, COLLECTOR_ERRORS, "Failed reads of the state database", self._errors)

    def _families(self) -> Iterator[Metric]:
        try:
            with read_figures(self._state_dir, now=datetime.now(UTC)) as figures:
                for family in OF_THE_STATE:
                    yield from self._read(family, figures)
        except DatabaseError:
            self._errors += 1
        try:
            with read_messages(self._state_dir, now=datetime.now(UTC)) as messages:
                for each in OF_THE_OUTBOX:
                    yield from self._read(each, messages)
        except DatabaseError:
            self._errors += 1

    def _read(self, family: Family[Source], source: Source | None) -> Iterator[Metric]:
        try:
            found = family.read(source) if source is not None else {}
        except DatabaseError:
            self._errors += 1
            return
        yield metric(family, found)


def metric(family: Family[Source], found: Values | Spreads) -> Metric:
    """A family with a sample for every combination of its labels' values, 0 where nothing was found."""
    if family.kind is Kind.INFO:
        labels = {name: values[0] for name, values in family.labels.items()}
        return InfoMetricFamily(family.name.removesuffix("_info"), family.help, value=labels)
    if family.kind is Kind.HISTOGRAM:
        return _histogram(family, cast(Spreads, found))
    kind = GaugeMetricFamily if family.kind is Kind.GAUGE else CounterMetricFamily
    made = kind(family.name, family.help, labels=list(family.labels))
    values: dict[Labels, float] = dict.fromkeys(_combinations(family), 0)
    for labels_found, value in cast(Values, found).items():
        known = _known(family, labels_found)
        values[known] = values.get(known, 0) + value
    for combination, value in values.items():
        made.add_metric(list(combination), value)
    return made


def _histogram(family: Family[Source], found: Mapping[Labels, Spread]) -> Metric:
    made = HistogramMetricFamily(family.name, family.help, labels=list(family.labels))
    nothing = Spread(counts=(0,) * (len(family.bounds) + 1), total=0.0)
    known = {_known(family, labels): spread for labels, spread in found.items()}
    for combination in dict.fromkeys([*_combinations(family), *known]):
        spread = known.get(combination, nothing)
        bounds = [*(str(bound) for bound in family.bounds), "+Inf"]
        made.add_metric(
            list(combination),
            buckets=list(zip(bounds, accumulate(spread.counts), strict=True)),
            sum_value=spread.total,
        )
    return made


def _combinations(family: Family[Source]) -> Iterator[Labels]:
    return product(*family.labels.values())


def _known(family: Family[Source], labels: Labels) -> Labels:
    return tuple(
        value if value in values else OTHER for value, values in zip(labels, family.labels.values(), strict=True)
    )


def _single(
    kind: type[GaugeMetricFamily] | type[CounterMetricFamily], name: str, documentation: str, value: float
) -> Metric:
    made = kind(name, documentation)
    made.add_metric([], value)
    return made
