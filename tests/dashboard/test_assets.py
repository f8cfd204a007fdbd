"""What the page is made of: published files, unchanged, with their licences, and nothing from elsewhere."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from forge_loop_dashboard import assets
from forge_loop_dashboard.assets import load_assets
from support.tree import ROOT

PACKAGE = Path(assets.__file__).parent
VENDORED = PACKAGE / "vendored"
AXE = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
EXPECTED = {
    "htmx.min.js": "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
    "hx-sse.min.js": "18ef2761356ec1fe0bb6d92612315b37517a7c1e9856b661c5ae81fef239d103",
    "hx-csp.min.js": "a7e1e6711ae6c3e50ad300fba7936cbe8d07599cdae313414a179ddd6b26e143",
    "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}


def manifest() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((VENDORED / "MANIFEST.json").read_text())
    return found


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_vendored_files_are_the_published_ones_and_the_manifest_says_so() -> None:
    scripts = {path.name for path in VENDORED.iterdir() if path.suffix in (".js", ".css")}
    assert scripts == set(EXPECTED)
    assert {name: sha256(VENDORED / name) for name in EXPECTED} == EXPECTED
    assert {entry["file"]: entry["sha256"] for entry in manifest()} == EXPECTED
    assert {entry["file"]: entry["bytes"] for entry in manifest()} == {
        name: (VENDORED / name).stat().st_size for name in EXPECTED
    }


def test_every_vendored_file_has_its_licence_beside_it() -> None:
    for entry in manifest():
        text = (VENDORED / entry["text"]).read_text()
        assert "Permission" in text
    texts = {entry["text"] for entry in manifest()}
    assert {path.name for path in VENDORED.iterdir()} == {*EXPECTED, *texts, "MANIFEST.json"}


def test_the_accessibility_rules_are_the_published_ones_and_are_not_shipped() -> None:
    assert sha256(Path(__file__).parent / "vendored" / "axe.min.js") == AXE
    assert not any("axe" in name for name in load_assets().contents)


def test_no_template_script_or_style_names_another_host() -> None:
    own = [*(PACKAGE / "templates").iterdir(), *(PACKAGE / "static").iterdir()]
    found = {path.name: re.findall(r"(?:https?:)?//[a-z][^\s\"'<]*", _code(path)) for path in own}
    assert {name: urls for name, urls in found.items() if urls} == {}


def test_no_template_trusts_a_text_or_runs_one() -> None:
    for path in (PACKAGE / "templates").iterdir():
        text = path.read_text()
        assert "safe }}" not in text.replace("| safe", "|safe").replace("|safe", "safe"), path.name
        assert not re.search(r"\bon[a-z]+=|hx-on|javascript:|style=", text), path.name


def test_every_htmx_element_of_a_template_carries_the_nonce() -> None:
    seen = 0
    for path in (PACKAGE / "templates").iterdir():
        for tag in re.findall(r"<[a-z]+\s[^>]*?hx-(?:get|post|sse:connect)[^>]*>", path.read_text(), re.DOTALL):
            seen += 1
            assert 'hx-nonce="{{ nonce }}"' in tag, (path.name, tag)
    assert seen > 12


def test_the_pictures_of_the_documentation_are_small_and_each_is_shown() -> None:
    pictures = sorted((ROOT / "docs" / "pictures").iterdir())
    assert sum(path.stat().st_size for path in pictures) < 600 * 1024
    document = (ROOT / "docs" / "dashboard.md").read_text()
    assert [path.name for path in pictures if f"pictures/{path.name}" not in document] == []


def _code(path: Path) -> str:
    """A file without its comments of whole lines."""
    return "\n".join(line for line in path.read_text().splitlines() if not line.lstrip().startswith(("//", "/*")))
