"""When a message is tried again."""

from __future__ import annotations

import pytest

from forge_loop_integrations.outbox.retry import LONGEST_WISH_SECONDS, delay, probe_delay, wish


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 5), (2, 20), (3, 80), (4, 320), (5, 1280), (6, 3600), (99, 3600)]
)
def test_the_delay_grows_to_an_hour_give_or_take_a_tenth(attempts: int, seconds: float) -> None:
    found = {delay(f"msg_{number}", attempts) for number in range(200)}
    assert all(seconds * 0.9 <= each <= seconds * 1.1 for each in found)
    assert len(found) > 100, "not all at the same instant"


def test_the_delay_of_an_attempt_is_always_the_same() -> None:
    assert delay("msg_a", 3) == delay("msg_a", 3)


def test_a_receiver_is_looked_for_every_five_minutes_at_least() -> None:
    assert max(probe_delay(f"msg_{number}", 50) for number in range(200)) <= 330


@pytest.mark.parametrize(("asked", "given"), [(None, 0), (-5, 0), (7.5, 7.5), (10**9, LONGEST_WISH_SECONDS)])
def test_a_wish_is_followed_within_reason(asked: float | None, given: float) -> None:
    assert wish(asked) == given
