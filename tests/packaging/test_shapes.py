"""Every way to install the product, from built files, outside the workspace. `scripts/smoke` runs these."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_loop.stability import CORE, DISTRIBUTIONS, META, SATELLITES, Distribution
from support import shapes
from support.shapes import Place

pytestmark = [pytest.mark.long, pytest.mark.timeout(900), pytest.mark.xdist_group("installs")]

EXTRAS = [f"forge-loop[{each.extra}]" for each in SATELLITES]
REQUIREMENTS = [CORE.name, META.name, *EXTRAS, *(each.name for each in SATELLITES), "forge-loop[experimental]"]
IMPORT_ALL = """
import importlib, pkgutil
for package in {packages!r}:
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        if not module.name.endswith(".__main__"):
            importlib.import_module(module.name)
    print(package)
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shapes.build(tmp_path_factory.mktemp("built") / "dist")


def expected(requirement: str) -> list[Distribution]:
    """What of the family an install of `requirement` brings."""
    named = {each.name for each in SATELLITES if each.name == requirement or requirement == f"forge-loop[{each.extra}]"}
    if requirement == "forge-loop[experimental]":
        named = {each.name for each in SATELLITES}
    meta = {META.name} if requirement.partition("[")[0] == META.name else set()
    return [each for each in DISTRIBUTIONS if each.name in named | meta | {CORE.name}]


def installed(place: Place) -> set[str]:
    return {path.name.partition("-")[0].replace("_", "-") for path in place.site.glob("forge_loop*.dist-info")}


def check_demo(place: Place) -> None:
    done = place.run("forge-loop", "demo", "--json", timeout=300)
    assert done.status == 0, done.stderr
    assert json.loads(done.stdout)["ok"] is True


@pytest.mark.parametrize("install", [shapes.install, shapes.install_with_pip], ids=["uv", "pip"])
@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_a_shape_brings_what_it_names_and_all_of_it_imports(
    requirement: str, install: Callable[..., Place], dist: Path, tmp_path: Path
) -> None:
    place = install(tmp_path / "place", dist, requirement)
    family = expected(requirement)
    assert installed(place) == {each.name for each in family}
    packages = [each.package for each in family if each.package]
    imported = place.python(IMPORT_ALL.format(packages=packages))
    assert imported.stdout.split() == packages, imported.stderr
    version = place.run("forge-loop", "--version")
    assert (version.status, version.stderr) == (0, "")


@pytest.mark.parametrize("install", [shapes.install, shapes.install_with_pip], ids=["uv", "pip"])
@pytest.mark.parametrize("requirement", [CORE.name, META.name])
def test_the_demo_runs_where_only_the_stable_part_is_installed(
    requirement: str, install: Callable[..., Place], dist: Path, tmp_path: Path
) -> None:
    check_demo(install(tmp_path / "place", dist, requirement))


@pytest.mark.parametrize("requirement", [META.name, "forge-loop[experimental]"])
def test_uv_tool_install_gives_the_command(requirement: str, dist: Path, tmp_path: Path) -> None:
    place = shapes.install_as_tool(tmp_path / "tool", dist, requirement)
    assert place.run("forge-loop", "--version").status == 0
    if requirement == META.name:
        missing = place.run("forge-loop", "dashboard")
        assert missing.status == 2
        assert missing.stderr.endswith("hint: uv tool install 'forge-loop[experimental]'\n")
        check_demo(place)


def test_uvx_runs_the_command_without_installing_it(dist: Path, tmp_path: Path) -> None:
    variables = shapes.clean_variables(tmp_path / "home")
    said = shapes.ask_uv(
        ["tool", "run", "--isolated", "forge-loop", "--version"], dist=dist, variables=variables, cwd=tmp_path
    )
    assert said.status == 0, said.stderr
    assert said.stdout.startswith("forge-loop ")


def test_an_installed_distribution_carries_complete_metadata(dist: Path, tmp_path: Path) -> None:
    place = shapes.install(tmp_path / "place", dist, "forge-loop[experimental]")
    for each in DISTRIBUTIONS:
        info = place.distribution(each.name).metadata
        assert info["Summary"], each.name
        assert info["License-Expression"] == "MIT", each.name
        assert info["Description-Content-Type"] == "text/markdown", each.name
        assert info["Project-URL"] == "Homepage, https://pypi.org/project/forge-loop/", each.name
        assert info["Description"].startswith(f"# {each.name}\n"), each.name


def test_the_files_render_on_an_index(dist: Path, tmp_path: Path) -> None:
    variables = shapes.clean_variables(tmp_path / "home")
    files = [str(path) for path in sorted(dist.glob("forge_loop*"))]
    words = ["tool", "run", "--with", "readme-renderer[md]", "twine", "check", "--strict", *files]
    said = shapes.ask_uv(words, dist=dist, variables=variables, cwd=tmp_path)
    assert said.status == 0, said.stdout + said.stderr
    assert len(files) == 2 * len(DISTRIBUTIONS)
