"""Tests of what counts as taking tests away."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_loop.git.changes import changes
from forge_loop.git.command import Git
from forge_loop.git.weakened import is_test, weakened_tests
from support.repositories import commit, git, head, make_checkout

TEST = "def test_one() -> None:\n    assert one() == 1\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_checkout(tmp_path / "repository", {"tests/test_one.py": TEST, "src/app.py": "x = 1\n"})


def weakened(repository: Path, base: str) -> tuple[str, ...]:
    plumbing = Git(repository / ".git")
    return weakened_tests(plumbing, changes(plumbing, base, head(repository)))


@pytest.mark.parametrize(
    "path",
    [
        "tests/a.py",
        "test_a.py",
        "src/a_test.go",
        "src/a.spec.ts",
        "a.test.tsx",
        "src/test/java/ATest.java",
        "conftest.py",
        "__tests__/a.js",
        "spec/a_spec.rb",
    ],
)
def test_test_files_are_known_by_name_or_directory(path: str) -> None:
    assert is_test(path)


@pytest.mark.parametrize("path", ["src/app.py", "src/latest.py", "tests/data.json", "src/contest.py", "testing.md"])
def test_other_files_are_not(path: str) -> None:
    assert not is_test(path)


def test_a_deleted_test_file_is_named(repository: Path) -> None:
    base = head(repository)
    commit(repository, {"tests/test_one.py": None, "src/app.py": None})
    assert weakened(repository, base) == ("deletes tests/test_one.py",)


def test_a_test_file_that_is_only_moved_is_not_weakened(repository: Path) -> None:
    base = head(repository)
    git(repository, "mv", "tests/test_one.py", "tests/test_uno.py")
    git(repository, "commit", "--quiet", "-m", "move")
    assert weakened(repository, base) == ()


def test_a_test_file_that_moves_out_of_the_tests_is_deleted(repository: Path) -> None:
    base = head(repository)
    git(repository, "mv", "tests/test_one.py", "src/one.py")
    git(repository, "commit", "--quiet", "-m", "move")
    assert weakened(repository, base) == ("deletes tests/test_one.py",)


@pytest.mark.parametrize(
    "marker",
    [
        "@pytest.mark.skip",
        "@pytest.mark.skipif(True, reason='x')",
        "@pytest.mark.xfail",
        "pytest.skip('x')",
        "@unittest.skip('x')",
        "@skip",
        "it.skip('x', () => {})",
        "xit('x', () => {})",
        "describe.only('x')",
        "t.Skip()",
        "#[ignore]",
        "raise SkipTest('x')",
    ],
)
def test_a_new_skip_marker_is_named(repository: Path, marker: str) -> None:
    base = head(repository)
    commit(repository, {"tests/test_one.py": f"{marker}\n{TEST}"})
    assert weakened(repository, base) == ("skips tests in tests/test_one.py",)


def test_a_marker_that_stood_there_before_is_not_new(repository: Path) -> None:
    base = commit(repository, {"tests/test_one.py": f"@pytest.mark.skip\n{TEST}"})
    commit(repository, {"tests/test_one.py": f"# moved\n\n@pytest.mark.skip\n{TEST}"})
    assert weakened(repository, base) == ()


def test_a_new_test_file_may_not_be_skipped_from_the_start(repository: Path) -> None:
    base = head(repository)
    commit(repository, {"tests/test_two.py": f"@pytest.mark.skip\n{TEST}", "tests/test_three.py": TEST})
    assert weakened(repository, base) == ("skips tests in tests/test_two.py",)


def test_a_marker_outside_of_tests_does_not_count(repository: Path) -> None:
    base = head(repository)
    commit(repository, {"src/app.py": "t.Skip()\n"})
    assert weakened(repository, base) == ()


@pytest.mark.parametrize(
    ("path", "test"),
    [
        ("tests/test_one.py", "def test_{0}():\n    assert x\n"),
        ("tests/test_one.py", "class TestIt:\n    async def test_{0}(self):\n        assert x\n"),
        ("a_test.go", "func Test{0}(t *testing.T) {{\n}}\n"),
        ("a.test.ts", "  it('does {0}', () => {{}});\n"),
        ("a.test.ts", "test.each([1, 2])('does {0}', () => {{}});\n"),
        ("tests/it.rs", "#[tokio::test]\nfn {0}() {{}}\n"),
        ("src/test/ATest.java", "  @Test\n  void {0}() {{}}\n"),
        ("tests/ATests.cs", "  [Fact]\n  public void {0}() {{}}\n"),
        ("tests/a.bats", '@test "{0}" {{\n}}\n'),
        ("tests/ATest.php", "  public function test_{0}() {{}}\n"),
        ("spec/a_spec.rb", "  it 'does {0}' do\n  end\n"),
    ],
)
def test_a_test_that_is_taken_out_of_its_file_is_told(path: str, test: str, repository: Path) -> None:
    commit(repository, {path: test.format("one") + test.format("two")})
    base = head(repository)
    commit(repository, {path: test.format("two") + "# and other words\n"})
    assert weakened(repository, base) == (f"takes tests out of {path}",)


def test_a_test_that_is_renamed_moved_or_replaced_is_not_taken_out(repository: Path) -> None:
    other = "def test_two() -> None:\n    assert two() == 2\n"
    commit(repository, {"tests/test_one.py": f"{TEST}\n\n{other}", "tests/test_three.py": "x = 3\n"})
    base = head(repository)
    renamed = TEST.replace("test_one", "test_another")
    commit(repository, {"tests/test_one.py": renamed, "tests/test_three.py": f"x = 3\n\n\n{other}"})
    assert weakened(repository, base) == ()


def test_a_list_of_tests_that_are_not_collected_is_a_skip(repository: Path) -> None:
    base = head(repository)
    commit(repository, {"tests/conftest.py": "collect_ignore = ['test_one.py']\n"})
    assert weakened(repository, base) == ("skips tests in tests/conftest.py",)
