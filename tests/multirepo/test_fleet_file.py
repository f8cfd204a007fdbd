"""The fleet file: what it says, every problem at once, and changes that keep its comments."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_loop import ConfigError, OperatorError
from forge_loop_multirepo import fleet_file
from forge_loop_multirepo.fleet_file import Fleet, Repository, added, fleet_path, load, parse, removed, switched, write
from forge_loop_multirepo.windows import window

TEXT = """\
# mine
slots: 6
repos:
  # the shop comes first
  shop:
    path: /srv/shop  # a checkout
    weight: 3
    max_slots: 2
    priority: 1
    windows: ["mon-fri 20:00-07:00", sat-sun]
  # and the rest
  blog:
    path: /srv/blog
    enabled: false
"""


def test_every_key_is_read() -> None:
    assert parse(TEXT, "repos.yaml") == Fleet(
        slots=6,
        repositories=(
            Repository(
                name="shop",
                path=Path("/srv/shop"),
                weight=3,
                max_slots=2,
                priority=1,
                windows=(window("mon-fri 20:00-07:00"), window("sat-sun")),
                line=5,
            ),
            Repository(name="blog", path=Path("/srv/blog"), enabled=False, line=12),
        ),
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", "repos:\n", "slots: 4\n"])
def test_a_file_without_repositories_is_an_empty_fleet(text: str) -> None:
    assert parse(text, "repos.yaml") == Fleet()


def test_every_problem_is_told_at_once_with_its_place() -> None:
    text = (
        "slots: none\nrepo: {}\nrepos:\n  Shop: {path: /a}\n  b: {path: rel}\n  c: {path: /a, weight: 0}\n"
        "  d: {}\n  e: {path: /e, enabled: 1, priority: 5, windows: [x], wieght: 2}\n"
    )
    with pytest.raises(ConfigError) as caught:
        parse(text, "repos.yaml")
    assert list(caught.value.problems) == [
        "repos.yaml:1:1: slots must be a whole number from 1 to 64",
        "repos.yaml:2:1: unknown key 'repo', did you mean 'repos'?",
        "repos.yaml:4:3: 'Shop' is no name: small letters, digits, . _ - and 40 at most",
        "repos.yaml:5:7: path must be absolute, got 'rel'",
        "repos.yaml:6:17: weight must be a number from 0.1 to 100",
        "repos.yaml:6:3: c and Shop are the same directory",
        "repos.yaml:7:3: d has no path",
        "repos.yaml:8:17: enabled must be true or false",
        "repos.yaml:8:29: priority must be a whole number from 0 to 4",
        "repos.yaml:8:52: windows: expected a window like 20:00-07:00 or mon-fri 20:00-07:00 or sat-sun, got 'x'",
        "repos.yaml:8:56: unknown key 'wieght', did you mean 'weight'?",
    ]


def test_what_is_added_is_read_back_and_comments_stay() -> None:
    entry = Repository(name="new", path=Path("/srv/new"), weight=0.5, max_slots=3, windows=(window("sat"),))
    text = added(TEXT, entry)
    assert text.startswith(TEXT)
    assert parse(text, "repos.yaml").repositories[-1] == Repository(
        name="new", path=Path("/srv/new"), weight=0.5, max_slots=3, windows=(window("sat"),), line=15
    )
    first = added("", Repository(name="new", path=Path("/srv/new")))
    assert parse(first, "repos.yaml") == Fleet(
        repositories=(Repository(name="new", path=Path("/srv/new"), line=first.splitlines().index("  new:") + 1),)
    )


def test_what_is_removed_goes_with_its_keys_and_nothing_else() -> None:
    text = removed(TEXT, parse(TEXT, "repos.yaml"), "shop")
    assert [each.name for each in parse(text, "repos.yaml").repositories] == ["blog"]
    assert "# and the rest" in text
    assert "# mine" in text
    assert "/srv/shop" not in text


@pytest.mark.parametrize("name", ["shop", "blog"])
@pytest.mark.parametrize("enabled", [True, False])
def test_a_repository_is_switched_on_and_off_and_the_rest_of_the_file_stays(name: str, enabled: bool) -> None:
    before = parse(TEXT, "repos.yaml")
    after = parse(switched(TEXT, before, name, enabled=enabled), "repos.yaml")
    assert after.named(name).enabled is enabled
    others = [each.name for each in before.repositories if each.name != name]
    assert [after.named(other).enabled for other in others] == [before.named(other).enabled for other in others]
    assert [each.weight for each in after.repositories] == [each.weight for each in before.repositories]


def test_a_bad_text_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "conf" / "repos.yaml"
    write(path, TEXT)
    with pytest.raises(ConfigError):
        write(path, TEXT + "nonsense: 1\n")
    assert path.read_text() == TEXT
    assert load(path).slots == 6
    assert load(tmp_path / "absent.yaml") == Fleet()
    assert sorted(each.name for each in path.parent.iterdir()) == ["repos.yaml"]


def test_an_unknown_name_is_an_error_with_the_nearest_one() -> None:
    with pytest.raises(OperatorError, match="no repository 'shpo', did you mean 'shop'"):
        parse(TEXT, "repos.yaml").named("shpo")


def test_the_file_lies_where_configuration_lies() -> None:
    assert fleet_path({"HOME": "/h"}) == Path("/h/.config/forge-loop/repos.yaml")
    assert fleet_path({"HOME": "/h", "XDG_CONFIG_HOME": "/c"}) == Path("/c/forge-loop/repos.yaml")
    with pytest.raises(OperatorError, match="HOME"):
        fleet_path({})
    assert fleet_file.SLOTS == 4
