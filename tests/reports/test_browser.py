"""Reports in a real browser, headless Chromium: they render, light and dark, wide and narrow, and ask for nothing."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from support.run import DATA, Cli, needs
from support.sweep import part

pytestmark = needs("chromium")

OWN = ("google.com", "googleapis.com", "gvt1.com")  # requested by Chromium itself, whatever it shows
LIGHT, DARK = "rgb(255, 255, 255)", "rgb(22, 24, 29)"
# Runs in a copy of a page without its policy, and reports the layout.
MEASURE = """<script>
const shown = [...document.querySelectorAll("figure svg")].map(e => e.getBoundingClientRect());
parent.postMessage(JSON.stringify({
  needed: document.documentElement.scrollWidth, given: innerWidth,
  figures: shown.filter(box => box.height > 100).length, all: shown.length,
  background: getComputedStyle(document.body).backgroundColor,
}), "*");
</script>"""
FRAME = """<!DOCTYPE html><title>none</title>
<script>const seen = []; onmessage = event => { seen.push(event.data); document.title = `[${seen}]`; }</script>
<iframe src="measured.html" style="width: 400px; height: 900px; border: 0"></iframe>
<iframe src="measured.html" style="width: 1200px; height: 900px; border: 0"></iframe>"""


class Visit(NamedTuple):
    """A loaded page, Chromium's complaints, and the addresses requested."""

    dom: str
    complaints: list[str]
    requests: list[str]


def visit(page: Path, folder: Path, *flags: str) -> Visit:
    """Load a page in a fresh browser that can reach no host."""
    log = folder / "net.json"
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}",
         "--enable-logging=stderr", f"--log-net-log={log}", "--virtual-time-budget=3000", *flags,
         "--dump-dom", page.as_uri()],
        capture_output=True, timeout=100, check=True,
    )  # fmt: skip
    events = json.loads(log.read_text())["events"]
    urls = {event["params"]["url"] for event in events if "url" in (event.get("params") or {})}
    complaints = [line for line in done.stderr.decode().splitlines() if "CONSOLE" in line]
    asked = [url for url in urls if not (urlsplit(url).hostname or "").endswith(OWN)]
    return Visit(done.stdout.decode(), complaints, sorted(asked))


NAMES = part(["saturation", "compare"], 2)
COLOURS = part([(("--blink-settings=preferredColorScheme=0",), DARK), ((), LIGHT)], 2)


@pytest.fixture(scope="module")
def pages(cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    layers = [str(path) for path in sorted((DATA / "relu_negative_bias").glob("*.csv"))]
    inputs = [word for layer in layers for word in ("-i", layer)]
    commands = {"saturation": ["relu", *layers], "compare": ["relu", "elu", "gelu", *inputs, "--depth", "30"]}
    for name in NAMES:
        cli.ok(name, *commands[name], "-o", str(folder / "x.csv"), "--report", str(folder / f"{name}.html"))
    return {name: folder / f"{name}.html" for name in NAMES}


def test_what_is_looked_for_would_be_seen(tmp_path: Path) -> None:
    """A page that requests a picture, and whose script fails."""
    page = tmp_path / "page.html"
    page.write_text('<img src="http://picture.example/1.png"><script>nothing()</script>')
    seen = visit(page, tmp_path)
    assert seen.requests == ["http://picture.example/1.png"]
    assert any("nothing is not defined" in complaint for complaint in seen.complaints)


@pytest.mark.sweep
@pytest.mark.parametrize("name", NAMES)
def test_a_report_renders_without_error_or_request(name: str, pages: dict[str, Path], tmp_path: Path) -> None:
    """The browser shows everything in the page: both figures, every section."""
    seen = visit(pages[name], tmp_path)
    assert (seen.complaints, seen.requests) == ([], [])
    text = pages[name].read_text()
    for tag in ("<h1", "<h2", "<h3", "<svg", "<table", "<td", "<li", "<path", "<use"):
        assert len(re.findall(rf"{tag}\b", seen.dom)) == len(re.findall(rf"{tag}\b", text)) > 0


@pytest.mark.sweep
@pytest.mark.parametrize(("flags", "background"), COLOURS)
@pytest.mark.parametrize("name", NAMES)
def test_a_report_fits_its_window_in_the_readers_colours(
    name: str, flags: tuple[str, ...], background: str, pages: dict[str, Path], tmp_path: Path
) -> None:
    """Nothing makes the page wider than the window; one of the figure's two themes is visible, on its own
    background."""
    text = re.sub("<meta http-equiv[^>]*>", "", pages[name].read_text())
    (tmp_path / "measured.html").write_text(text.replace("</body>", MEASURE + "</body>"))
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME)
    dom = visit(frame, tmp_path, *flags, "--window-size=1300,1000").dom
    title = re.search("<title>(.*?)</title>", dom)
    assert title
    layouts = sorted(json.loads(title[1]), key=lambda layout: layout["given"])
    assert [layout["given"] for layout in layouts] == [400, 1200]
    for layout in layouts:
        assert layout["needed"] <= layout["given"]
        assert (layout["figures"], layout["all"]) == (1, 2)
        assert layout["background"] == background
