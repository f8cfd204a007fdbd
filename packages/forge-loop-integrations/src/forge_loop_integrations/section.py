"""A sink's section of the configuration, read key by key, with every problem at once.

Owns: the types a key may have and the sentences of what is wrong. Must not: know a sink.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import time
from difflib import get_close_matches
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from forge_loop import OperatorError
from forge_loop.extension import duration
from forge_loop_integrations.secret import Secret, reference_problem

Chosen = TypeVar("Chosen")
Default = TypeVar("Default")
TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


class Section:
    """One mapping under `path`. Each `take` marks its key as known; `end` complains of what nobody took."""

    def __init__(self, path: str, values: Mapping[str, Any], problems: list[str]) -> None:
        self.path = path
        self.problems = problems
        self._values = values
        self._known: set[str] = set()

    def has(self, key: str) -> bool:
        return key in self._values

    def problem(self, key: str, sentence: str) -> None:
        self.problems.append(f"{self.path}.{key}: {sentence}" if key else f"{self.path}: {sentence}")

    def take(self, key: str, read: Callable[[Any], Chosen], default: Default) -> Chosen | Default:
        """The value of a key, `default` where it is left out or wrong. `read` raises ValueError with a sentence."""
        self._known.add(key)
        if key not in self._values:
            return default
        try:
            return read(self._values[key])
        except ValueError as error:
            self.problem(key, str(error))
            return default

    def secret(self, key: str, *, needed: bool) -> Secret | None:
        if needed and key not in self._values:
            self.problem(key, "is missing: env:NAME or file:/PATH")
        return self.take(key, secret, None)

    def readable(
        self, key: str, given: Iterable[Secret], environ: Mapping[str, str], check: Callable[[str], object]
    ) -> None:
        """Complain of secrets that cannot be read now, or of which `check` raises OperatorError."""
        for each in given:
            try:
                check(each.read(environ))
            except OperatorError as error:
                self.problem(key, f"{error.message}; {error.hint}" if error.hint else error.message)

    def inner(self, key: str) -> Section | None:
        """A mapping below this one."""
        found = self.take(key, mapping, None)
        return None if found is None else Section(f"{self.path}.{key}", found, self.problems)

    def end(self) -> None:
        for key in self._values:
            if key not in self._known:
                near = get_close_matches(key, self._known, n=1)
                meant = f", did you mean {near[0]!r}?" if near else f"; there are {', '.join(sorted(self._known))}"
                self.problem(key, f"there is no such key{meant}")


def mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError("expected a mapping")
    return value


def listing(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("expected a list")
    return value


def text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"expected a text, got {value!r}")
    return value


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts; one alone may stand without the list."""
    return tuple(text(each) for each in (value if isinstance(value, list) else [value]))


def truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, got {value!r}")
    return value


def secret(value: Any) -> Secret:
    problem = reference_problem(value)
    if problem is not None:
        raise ValueError(problem)
    return Secret(str(value))


def secrets(value: Any) -> tuple[Secret, ...]:
    """A list of references; one alone may stand without the list."""
    return tuple(secret(each) for each in (value if isinstance(value, list) else [value]))


def seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"expected a duration like 30s or 4h, got {value!r}")
    return duration(value)


def time_of_day(value: Any) -> time:
    found = TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f'expected a time of day like "22:30", got {value!r}')
    return time(int(found[1]), int(found[2]))


def zone(value: Any) -> ZoneInfo:
    try:
        return ZoneInfo(text(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"expected a time zone like Europe/Berlin, got {value!r}") from None


def member(names: Mapping[str, Chosen]) -> Callable[[Any], Chosen]:
    """One of `names`, with the nearest name for a slip."""

    def read(value: Any) -> Chosen:
        if isinstance(value, str) and value in names:
            return names[value]
        near = get_close_matches(str(value), names, n=1)
        meant = f", did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"expected one of {', '.join(names)}, got {value!r}{meant}")

    return read
