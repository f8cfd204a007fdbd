"""The six distributions move as one: versions, pins, scripts, extras, and the table in the code that describes them.

uv does not check pins between members of a workspace, so these tests do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import forge_loop
from forge_loop.plugins import COMMANDS, EVENT_SINKS
from forge_loop.stability import CORE, DISTRIBUTIONS, META, SATELLITES, Distribution
from support.tree import PACKAGES, pyprojects

FAMILY = re.compile(r"(forge-loop(?:-[a-z]+)?)(\[[^]]*\])?(.*)")


def project(name: str) -> dict[str, Any]:
    found: dict[str, Any] = pyprojects()[name]["project"]
    return found


def requirements(name: str) -> Iterator[str]:
    yield from project(name)["dependencies"]
    for extra in project(name).get("optional-dependencies", {}).values():
        yield from extra


def entry_points(name: str, group: str) -> set[str]:
    return set(project(name).get("entry-points", {}).get(group, {}))


def test_the_table_in_the_code_lists_the_distributions_on_disk() -> None:
    assert {each.name for each in DISTRIBUTIONS} == set(pyprojects())
    assert {each.name for each in DISTRIBUTIONS if each is not META} == {path.name for path in PACKAGES.iterdir()}


def test_all_six_have_one_version_and_so_does_the_package() -> None:
    versions = {each["project"]["version"] for each in pyprojects().values()}
    assert versions == {forge_loop.__version__}


def test_pins_inside_the_family_are_exact_and_outside_it_none_is() -> None:
    for name in pyprojects():
        for requirement in requirements(name):
            match = FAMILY.fullmatch(requirement)
            if match:
                assert match[3] == f"=={forge_loop.__version__}", (name, requirement)
            else:
                assert "==" not in requirement, (name, requirement)


def test_satellites_depend_on_core_and_the_meta_package_on_core_alone() -> None:
    pin = f"forge-loop-core=={forge_loop.__version__}"
    assert project("forge-loop")["dependencies"] == [pin]
    assert [each.name for each in SATELLITES if pin not in project(each.name)["dependencies"]] == []


def test_experimental_is_the_four_satellites_and_each_has_an_extra_of_its_own() -> None:
    extras = project("forge-loop")["optional-dependencies"]
    pins = {each.extra: [f"{each.name}=={forge_loop.__version__}"] for each in SATELLITES}
    assert sorted(extras.pop("experimental")) == sorted(pin for (pin,) in pins.values())
    assert extras == pins


def test_the_meta_package_declares_the_command_that_core_declares() -> None:
    # uv exposes only the executables of the distribution it is asked for.
    assert project(META.name)["scripts"] == project(CORE.name)["scripts"] == {"forge-loop": "forge_loop.cli.main:main"}
    assert [each.name for each in SATELLITES if "scripts" in project(each.name)] == []


def test_a_satellite_registers_what_the_table_says_or_nothing_while_it_is_not_built() -> None:
    for each in SATELLITES:
        assert entry_points(each.name, COMMANDS) == (set(each.commands) if each.built else set()), each.name
        assert entry_points(each.name, EVENT_SINKS) == (set(each.sinks) if each.built else set()), each.name


def test_every_distribution_carries_complete_and_equal_metadata() -> None:
    shared = ("requires-python", "license", "license-files", "authors", "readme", "urls")
    for name, each in pyprojects().items():
        assert {key: each["project"].get(key) for key in shared} == {
            key: project("forge-loop").get(key) for key in shared
        }, name
        assert each["project"]["description"], name
        assert "Typing :: Typed" in each["project"]["classifiers"], name


def test_the_status_in_the_classifiers_says_how_far_each_can_be_relied_on() -> None:
    def status(each: Distribution) -> str:
        (found,) = [line for line in project(each.name)["classifiers"] if line.startswith("Development Status")]
        return str(found).partition(" :: ")[2]

    expected = {each.name: "4 - Beta" if each in (META, CORE) else "2 - Pre-Alpha" for each in DISTRIBUTIONS}
    assert {each.name: status(each) for each in DISTRIBUTIONS} == expected
