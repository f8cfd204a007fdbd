from __future__ import annotations

import pytest

from forge_loop.domain.denials import TOO_OFTEN, denied_too_often


@pytest.mark.parametrize("count", range(TOO_OFTEN))
def test_a_few_denials_stop_nobody(count: int) -> None:
    assert denied_too_often(["Bash(git push)"] * count) is None


@pytest.mark.parametrize("count", [TOO_OFTEN, TOO_OFTEN + 3])
def test_five_denials_are_too_many_and_each_call_is_named_once(count: int) -> None:
    denials = ["Bash(git push)", *["Write(/etc/passwd)"] * (count - 1)]
    said = denied_too_often(denials)
    assert said == f"it was denied permission {count} times: Bash(git push), Write(/etc/passwd)"
