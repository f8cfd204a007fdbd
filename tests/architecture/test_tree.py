"""What the repository as a whole keeps: nothing of one machine in it, and one source for its dependencies."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from support.tree import ROOT, project_files, shown

HOME = re.compile(r"/(?:home|Users)/(?!(?:me|you|user|operator|x)\b)\w+/")
URL = re.compile(r"https?://[^\s\"']+")


def personal_paths(text: str) -> list[str]:
    here = [str(ROOT)] if str(ROOT) in text else []
    return here + HOME.findall(text)


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    texts = {shown(path): path.read_text(encoding="utf-8", errors="replace") for path in project_files()}
    assert {name: found for name, text in texts.items() if (found := personal_paths(text))} == {}


def test_such_a_path_would_be_seen() -> None:
    assert personal_paths(f"open('{ROOT}/x')") == [str(ROOT)]
    assert personal_paths("cd /home/" + "jane/project") == ["/home/" + "jane/"]


def test_the_lock_names_no_host_but_the_package_index() -> None:
    text = (ROOT / "uv.lock").read_text(encoding="utf-8")
    hosts = {urlsplit(url).hostname for url in URL.findall(text)}
    assert hosts == {"pypi.org", "files.pythonhosted.org"}
