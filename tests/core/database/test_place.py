"""Where a database may stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_loop.database.place import check_place, filesystem
from forge_loop.errors import UnsupportedPlaceError


def mounts(tmp_path: Path, *lines: tuple[str, str]) -> Path:
    """A mountinfo file of (mount point, type)."""
    file = tmp_path / "mountinfo"
    text = [
        f"{36 + n} 35 98:{n} / {point} rw,noatime shared:1 - {kind} /dev/sda rw"
        for n, (point, kind) in enumerate(lines)
    ]
    file.write_text("\n".join(text) + "\n")
    return file


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuseblk", "virtiofs"])
def test_a_network_filesystem_is_refused_by_name(tmp_path: Path, kind: str) -> None:
    table = mounts(tmp_path, ("/", "ext4"), (str(tmp_path), kind))
    with pytest.raises(UnsupportedPlaceError, match=kind):
        check_place(tmp_path / "state.db", mounts=table)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "overlay", "tmpfs", "zfs"])
def test_a_local_filesystem_is_fine(tmp_path: Path, kind: str) -> None:
    check_place(tmp_path / "state.db", mounts=mounts(tmp_path, ("/", "nfs"), (str(tmp_path), kind)))


def test_the_longest_mount_point_decides_and_the_later_of_two_equal_ones(tmp_path: Path) -> None:
    inner = tmp_path / "with space" / "inner"
    inner.mkdir(parents=True)
    escaped = str(tmp_path / "with space").replace(" ", "\\040")
    table = mounts(tmp_path, (escaped, "nfs"), (escaped, "xfs"), ("/", "cifs"), (str(tmp_path), "9p"))
    assert filesystem(inner, mounts=table) == "xfs"


def test_a_name_that_only_begins_like_a_mount_point_is_not_on_it(tmp_path: Path) -> None:
    (tmp_path / "databases").mkdir()
    table = mounts(tmp_path, ("/", "ext4"), (str(tmp_path / "data"), "nfs"))
    assert filesystem(tmp_path / "databases", mounts=table) == "ext4"


def test_a_link_to_a_directory_is_followed_to_its_filesystem(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    table = mounts(tmp_path, ("/", "ext4"), (str(tmp_path / "real"), "nfs"))
    assert filesystem(tmp_path / "link", mounts=table) == "nfs"


def test_a_database_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.db").symlink_to("elsewhere.db")
    with pytest.raises(UnsupportedPlaceError, match="symbolic link"):
        check_place(tmp_path / "state.db")


def test_without_a_mount_table_nothing_is_refused(tmp_path: Path) -> None:
    check_place(tmp_path / "state.db", mounts=tmp_path / "missing")


def test_the_kernels_own_table_is_understood(tmp_path: Path) -> None:
    assert filesystem(tmp_path) not in ("", "proc", "sysfs")
