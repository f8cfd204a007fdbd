"""What this project's stable surface must do: a stable id and a sentence each, and the tests that show it.

Owns: the list. `tests/test_requirements.py` checks it both ways: no sentence without a test, no test named that is not
there. Ids are never reused. A guarantee that is not kept yet says so, names no test, and the README shows it as such.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    id: str
    says: str
    tests: tuple[str, ...] = ()

    @property
    def kept(self) -> bool:
        return bool(self.tests)


SURFACE = "tests/test_install_surface.py::test_"
FAMILY = "tests/packaging/test_family.py::test_"
SHAPES = "tests/packaging/test_shapes.py::test_"
PLUGINS = "tests/core/test_plugins.py::test_"

GUARANTEES = (
    Requirement(
        id="G1",
        says=(
            "**Nothing claimed is lost.** Once an issue is recorded as claimed, stopping the process at any instant, "
            "`kill -9` included, leaves it either resumed or shown as blocked with a reason after restart."
        ),
    ),
    Requirement(
        id="G2",
        says=(
            "**Work may repeat; effects do not.** An attempt can run more than once. For each approval the loop opens "
            "at most one pull request and merges at most once."
        ),
    ),
    Requirement(
        id="G3",
        says=(
            "**Only what was reviewed is merged.** A merge names one commit, with an approving verdict, every required "
            "check successful and no protected path touched. If any of these cannot be read, the loop does not merge."
        ),
    ),
    Requirement(
        id="G4",
        says=(
            "**Only your approval starts work.** The label must come from an account you trust; the text is used as it "
            "stood then. Later edits need a new approval."
        ),
    ),
    Requirement(
        id="G5",
        says=(
            "**Humans win.** Once the loop sees a closed issue, a removed label, a closed pull request or a foreign "
            "commit, it changes nothing more there except one note. It checks before every write."
        ),
    ),
    Requirement(
        id="G6",
        says=(
            "**One loop, no strays.** A second loop on the same state directory refuses to start. With bubblewrap no "
            "agent outlives the loop by more than 5 seconds; without it, leftovers that still carry the attempt's "
            "marker are stopped before new work."
        ),
    ),
    Requirement(
        id="G7",
        says=(
            "**Outages wait.** Rate limits, usage limits, lost network and full disks pause the work and use no attempts."
        ),
    ),
)

INSTALL = (
    Requirement(
        id="INSTALL-1",
        says="core requires exactly its short list, and the meta package core alone",
        tests=(
            SURFACE + "core_requires_exactly_its_short_list",
            SURFACE + "meta_requires_core_and_nothing_else",
            SURFACE + "nothing_of_the_experimental_stack_is_required",
            SURFACE + "this_guard_bites_when_core_is_given_fastapi",
        ),
    ),
    Requirement(
        id="INSTALL-2",
        says="the default install cannot import the experimental stack, and core imports only what it declares",
        tests=(
            SURFACE + "the_default_install_cannot_import_the_experimental_stack",
            SURFACE + "the_default_install_imports_core",
            SURFACE + "core_imports_only_what_it_declares",
        ),
    ),
    Requirement(
        id="INSTALL-3",
        says="a satellite that is missing is named with the command that installs it; exit 2",
        tests=(
            SURFACE + "a_satellite_command_in_the_default_install_names_what_to_install",
            PLUGINS + "a_missing_satellite_is_named_with_the_command_that_installs_it",
            PLUGINS + "a_sink_of_a_missing_satellite_is_named_in_the_same_words",
            PLUGINS + "in_an_environment_of_uv_tool_the_hint_is_for_uv_tool",
            PLUGINS + "the_error_of_a_missing_satellite_is_an_import_error_and_exits_with_2",
        ),
    ),
    Requirement(
        id="INSTALL-4",
        says="an ImportError inside an installed satellite is shown as itself",
        tests=(PLUGINS + "an_import_error_inside_an_installed_satellite_is_shown_as_itself",),
    ),
    Requirement(
        id="INSTALL-5",
        says="after forge-loop[experimental] each satellite command is there, or says that it is not built",
        tests=(
            SURFACE + "after_everything_is_installed_each_command_is_there_or_says_that_it_is_not_built",
            FAMILY + "a_satellite_registers_what_the_table_says_or_nothing_while_it_is_not_built",
        ),
    ),
    Requirement(
        id="INSTALL-6",
        says="every install shape brings what it names, and all of it imports",
        tests=(
            SHAPES + "a_shape_brings_what_it_names_and_all_of_it_imports",
            SHAPES + "the_demo_runs_where_only_the_stable_part_is_installed",
            SHAPES + "uv_tool_install_gives_the_command",
            SHAPES + "uvx_runs_the_command_without_installing_it",
            SHAPES + "an_installed_distribution_carries_complete_metadata",
            SHAPES + "the_files_render_on_an_index",
        ),
    ),
    Requirement(
        id="INSTALL-7",
        says="the six distributions have one version and pin each other exactly",
        tests=(
            FAMILY + "all_six_have_one_version_and_so_does_the_package",
            FAMILY + "pins_inside_the_family_are_exact_and_outside_it_none_is",
            FAMILY + "experimental_is_the_four_satellites_and_each_has_an_extra_of_its_own",
            FAMILY + "the_meta_package_declares_the_command_that_core_declares",
        ),
    ),
    Requirement(
        id="INSTALL-8",
        says="no Redis backend, cluster, election or per-token budget exists in any wheel",
        tests=(
            SURFACE + "no_wheel_holds_what_was_removed_for_good",
            SURFACE + "a_redis_queue_is_refused_with_a_sentence_that_names_what_to_use",
        ),
    ),
)

PROMISES = (*INSTALL,)
REQUIREMENTS = (*GUARANTEES, *PROMISES)
