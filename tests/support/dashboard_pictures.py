"""The pictures of the dashboard in the documentation, taken from a demo that is played for them.

Owns: which screens, at which moment, and making small files of them. Must not: show anything of this machine.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from support.dashboard_browser import launch, log_in
from support.dashboard_server import Served, serve

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
PATIENCE = 300.0
QUALITY = 0.6
WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 800}
# While the demo runs, and after it.
DURING = {"now": "/", "board": "/board"}
AFTER = {
    **{"issue": "/issues/6", "diff": "/issues/6/diff", "session": "/sessions/3", "attempts": "/attempts"},
    **{"issues": "/issues", "queue": "/queue", "trends": "/trends", "events": "/events", "requests": "/requests"},
    **{"settings": "/settings", "health": "/health"},
}
# Chromium writes WebP, which PNG is several times as large as.
ENCODE = """async ([png, quality]) => {
  const bytes = Uint8Array.from(atob(png), each => each.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], {type: 'image/png'}));
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext('2d').drawImage(image, 0, 0);
  const blob = await canvas.convertToBlob({type: 'image/webp', quality});
  const found = new Uint8Array(await blob.arrayBuffer());
  return btoa(Array.from(found, each => String.fromCharCode(each)).join(''));
}"""
RENAME = """(names) => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) for (const [from, to] of names)
    walk.currentNode.data = walk.currentNode.data.replaceAll(from, to);
}"""


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="forge-loop-") as found, sync_playwright() as playwright:
        place = Path(found) / "demo"
        browser = launch(playwright)
        demo = subprocess.Popen(
            [sys.executable, "-m", "forge_loop", "demo", "--keep", str(place)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(lambda: (place / "state" / "state.db").exists() and (place / "larder" / "forge-loop.yaml").exists())
            with serve(place / "larder", place / "state") as served:
                _wait(lambda: _busy(served))
                for name, path in DURING.items():
                    _take(browser, served, place, name, path)
                assert demo.wait(PATIENCE) == 0, "the demo failed"
                for name, path in AFTER.items():
                    _take(browser, served, place, name, path)
                _take(browser, served, place, "phone", "/issues/6", phone=True)
        finally:
            if demo.poll() is None:
                demo.terminate()
                demo.wait(PATIENCE)
    total = sum(each.stat().st_size for each in PICTURES.iterdir())
    print(f"{len(list(PICTURES.iterdir()))} pictures, {total // 1024} KiB, in {PICTURES}")


def _wait(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise SystemExit("the demo did not get so far")
        time.sleep(0.2)


def _busy(served: Served) -> bool:
    """Something is merged and something runs: there is a story to see."""
    state = json.loads(served.api("/state").body)
    return state["jobs"].get("merged", 0) >= 2 and len(state["sessions"]) >= 2


def _take(browser: Browser, served: Served, place: Path, name: str, path: str, *, phone: bool = False) -> None:
    size, scheme = (PHONE, "dark") if phone else (WIDE, "light")
    context = browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = log_in(context, served)
    page.goto(served.url + path)
    page.wait_for_selector("#line:text-is('live')")
    if name == "health":
        page.get_by_text("Looked at within the last minute").wait_for()
    page.evaluate("document.querySelectorAll('.where').forEach(each => each.remove())")
    page.evaluate(RENAME, [[sys.executable, "python"], [str(place), "~/demo"], [sys.prefix, "~/.venv"]])
    _write(page, PICTURES / f"{name}.webp")
    context.close()


def _write(page: Page, path: Path) -> None:
    png = base64.b64encode(page.screenshot()).decode()
    blank = page.context.new_page()
    path.write_bytes(base64.b64decode(blank.evaluate(ENCODE, [png, QUALITY])))


if __name__ == "__main__":
    main()
