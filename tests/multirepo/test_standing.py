"""The fleet as a dashboard or metrics read it, through core's public read API."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forge_loop import status
from forge_loop.extension import AccountLimit
from forge_loop_multirepo.lanes import Lane
from forge_loop_multirepo.records import Records

NOW = datetime(2030, 1, 1, tzinfo=UTC)
FILE = """\
slots: 3
repos:
  shop: {path: /src/shop, weight: 2, max_slots: 2}
  blog: {path: /src/blog, priority: 0, enabled: false}
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "config/forge-loop").mkdir(parents=True)
    return {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_STATE_HOME": str(tmp_path / "state"), "HOME": "/nowhere"}


def write(environ: dict[str, str], text: str) -> None:
    (Path(environ["XDG_CONFIG_HOME"]) / "forge-loop/repos.yaml").write_text(text)


def test_without_a_file_there_is_no_fleet(environ: dict[str, str]) -> None:
    assert status.read_fleet(environ, now=NOW) is None


def test_a_fleet_that_never_ran_is_what_its_file_says(environ: dict[str, str]) -> None:
    write(environ, FILE)
    found = status.read_fleet(environ, now=NOW)
    assert found is not None
    assert (found.pid, found.slots, found.limited_until) == (None, (0, 3), None)
    shop, blog = found.repositories
    assert (shop.name, shop.path, shop.state_dir, shop.weight, shop.ceiling) == ("shop", Path("/src/shop"), None, 2, 2)
    assert (blog.enabled, blog.priority, blog.ceiling) == (False, 0, 3)


def test_a_running_fleet_tells_its_slots_its_limit_and_where_the_state_of_each_repository_lies(
    environ: dict[str, str], tmp_path: Path
) -> None:
    write(environ, FILE)
    records = Records(tmp_path / "state/forge-loop/fleet")
    records.begin()
    records.keep_limit(AccountLimit(until=NOW + timedelta(hours=1), reason="five_hour"))
    lanes = [
        Lane(name="shop", weight=2, ceiling=2, used=1, wants=4, served=60.0),
        Lane(name="blog", closed="it does not run"),
    ]
    state = tmp_path / "state/forge-loop/shop-1"
    records.keep(
        lanes, slots=3, now=0.0, problem="bad", problems={"blog": "its checkout is gone"}, places={"shop": state}
    )
    found = status.read_fleet(environ, now=NOW)
    assert found is not None
    assert (found.pid, found.slots, found.problem) == (os.getpid(), (1, 3), "bad")
    assert (found.limited_until, found.limit_reason) == (NOW + timedelta(hours=1), "five_hour")
    shop, blog = found.repositories
    assert (shop.state_dir, shop.used, shop.wants, shop.served) == (state, 1, 4, 60.0)
    assert (blog.closed, blog.problem) == ("it does not run", "its checkout is gone")
    records.end()
    over = status.read_fleet(environ, now=NOW + timedelta(hours=1))
    assert over is not None
    assert (over.pid, over.slots, over.limited_until) == (None, (0, 3), None)
    assert over.repositories[0].state_dir == state
    records.close()
