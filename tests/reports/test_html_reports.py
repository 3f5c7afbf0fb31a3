"""A report is one self-contained page, or Markdown with figures beside it, and agrees with the JSON."""

from __future__ import annotations

import html.parser
import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from support.run import DATA, Cli
from support.sweep import part
from support.texts import ANY

from actcli.reports.html import html_page
from actcli.reports.markdown import markdown_page
from actcli.reports.model import Drawing, Grid, Judgement, Points, Report, Section
from actcli.tables.sheet import Sheet
from actcli.text import percent, visible

FOLDERS = {"tanh_saturated": "tanh", "sigmoid_deep": "sigmoid"}
VOID = {"meta", "img", "br", "hr", "path", "use", "rect", "image", "stop", "circle", "line"}
HOSTILE = [
    "<script>alert(1)</script>",
    "--><script>alert(1)</script>",
    "[red]x[/red]",
    "a|b",
    "&amp;",
    '"><img src=x>',
    "**b** _i_ `c`",
    "$x$",
    "{x}",
]


class Page(html.parser.HTMLParser):
    """The text, tables, tags and links of a page. Tags that do not match fail."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        for name, value in attrs:
            assert not name.startswith("on")
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "xlink:href", "action", "srcset", "data", "poster"):
                self.links.append(value or "")
            self.links += re.findall(r"url\(([^)]*)\)", value or "")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            assert not re.search(r"url\(|@import", data)
        elif "svg" not in self.open:
            self.text.append(data)
            if self.open and self.open[-1] in ("td", "th"):
                self.tables[-1][-1][-1] += data


def report(cli: Cli, tmp_path: Path, *command: str, name: str = "report.html", **environment: str) -> str:
    path = tmp_path / name
    cli.ok(*command, "-o", str(tmp_path / "rest.csv"), "--report", str(path), **environment)
    return path.read_text(encoding="utf-8")


def layers(folder: str) -> list[str]:
    return [str(path) for path in sorted((DATA / folder).glob("*.csv"))]


ILL = layers("relu_negative_bias")
COMMANDS = [
    ["saturation", "relu", *ILL, "--digits", "9"],
    *(["saturation", function, *layers(folder)] for folder, function in FOLDERS.items()),
    ["saturation", "gelu"],
    ["saturation", "softmax", layers("relu_trained")[0]],
    ["saturation", "relu", layers("relu_trained")[0], "--rule", "redo", "--dtype", "float16"],
    ["saturation", "tanh", "-3", "0", "3"],
    ["compare", "relu", "elu", "softmax", "-i", layers("relu_trained")[0], "-i", layers("relu_trained")[1]],
    ["compare", "relu", "gelu", "--sigma-w", "1.5", "--depth", "5"],
    ["fit", "elu", "--to", "gelu"],
]


@pytest.fixture(scope="module")
def pages(cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Page]:
    """The report of a command, made once."""
    return cache(lambda *command: Page(report(cli, tmp_path_factory.mktemp("page"), *command)))


@pytest.mark.sweep
@pytest.mark.parametrize("command", part(COMMANDS, 7), ids=lambda command: " ".join(command[:2]))
def test_a_page_is_well_formed_and_self_contained(command: list[str], pages: Callable[..., Page]) -> None:
    """Tags match, ids are unique, links lead within the page or to data in it, and nothing is run."""
    page = pages(*command)
    assert page.tags["h1"] == 1
    assert page.tags["svg"] == 2
    assert not page.tags.keys() & {"script", "link", "iframe", "object", "embed", "base", "form"}
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        assert link.startswith("data:image/") or link.removeprefix("#") in page.ids
    words = " ".join(page.text)
    places = [words.index(title) for title in ("How it was run", "Definitions")]
    assert places == sorted(places)


@pytest.fixture(scope="module")
def page(pages: Callable[..., Page]) -> Page:
    """The report of layers that are ill."""
    return pages(*COMMANDS[0])


@pytest.fixture(scope="module")
def document(cli: Cli) -> dict[str, Any]:
    """And what JSON says of them."""
    return dict(json.loads(cli.ok("saturation", "relu", *ILL, "-f", "json")))


def test_verdicts_come_first_and_say_what_json_says(page: Page, document: dict[str, Any]) -> None:
    """Each layer's verdict with its reasons, before how it was run."""
    words = "\n".join(page.text)
    place = -1
    for layer in document["layers"]:
        found = words.index(f"{layer['name']}: \n{layer['verdict']}")
        assert place < found < words.index("How it was run")
        place = found
        for reason in layer["reasons"]:
            assert reason in words
        for remedy in layer["remedies"]:
            assert f"{remedy['remedy']} ({remedy['source']})" in words


def test_tables_say_what_json_says(page: Page, document: dict[str, Any]) -> None:
    """Every neuron, its measures with the digits asked for; the inputs with bytes, samples and neurons."""
    rows = {tuple(row[:2]): row for row in max(page.tables, key=len)[1:]}
    assert len(rows) == len(document["neurons"])
    for neuron in document["neurons"]:
        row = rows[neuron["layer"], neuron["neuron"]]
        assert row[2] == ("yes" if neuron["dead"] else "no")
        assert row[3] == percent(neuron["vanishing_ratio"])
        numbers = [neuron[name] for name in ("mean_abs_gradient", "min", "max", "mean")]
        assert [float(cell) for cell in row[4:]] == pytest.approx(numbers, rel=1e-8)
    (inputs,) = (table for table in page.tables if "bytes" in table[0])
    for file, layer, row in zip(ILL, document["layers"], inputs[1:], strict=True):
        assert row == [layer["name"], file, str(Path(file).stat().st_size), "1797", "32", "0", "0"]
    (settings,) = ({row[0]: row[1] for row in table} for table in page.tables if table[0] == ["what", "value"])
    assert settings["epsilon"] == "0.001"
    assert ILL[0] in settings["command"]


def test_only_the_date_differs_from_run_to_run(cli: Cli, tmp_path: Path) -> None:
    """SOURCE_DATE_EPOCH fixes it; without it, the date is today's."""
    command = ["saturation", "relu", layers("relu_trained")[0]]
    fixed = report(cli, tmp_path, *command, SOURCE_DATE_EPOCH="1700000000")
    assert "2023-11-14 22:13 UTC" in fixed
    before = datetime.now(UTC).replace(second=0, microsecond=0)
    now = report(cli, tmp_path, *command)
    date = re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", now)
    assert date
    assert before <= datetime.strptime(date[0], "%Y-%m-%d %H:%M UTC").replace(tzinfo=UTC) <= datetime.now(UTC)
    assert now.replace(date[0], "2023-11-14 22:13 UTC") == fixed


@pytest.mark.parametrize("epoch", ["yesterday", "1e3", "9" * 30])
def test_an_invalid_date_is_wrong_usage(epoch: str, cli: Cli, tmp_path: Path) -> None:
    done = cli("saturation", "relu", "--report", str(tmp_path / "r.html"), SOURCE_DATE_EPOCH=epoch)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"SOURCE_DATE_EPOCH" in done.stderr
    assert b"SOURCE_DATE_EPOCH" not in cli("saturation", "relu", SOURCE_DATE_EPOCH=epoch).stderr  # no report, no date


def test_names_are_shown_as_they_are(cli: Cli, tmp_path: Path) -> None:
    """Of columns and of files, on the page and in Markdown."""
    files = [tmp_path / f"{'~'.join(HOSTILE[i::3]).replace('/', '')}.csv" for i in range(3)]
    for i, file in enumerate(files):
        header = ",".join('"{}"'.format(name.replace('"', '""')) for name in HOSTILE[i::3])
        file.write_text(f"{header}\n-1,2,5\n-3,4,6\n", encoding="utf-8")
    beside = tmp_path / "report.md"
    page = Page(report(cli, tmp_path, "saturation", "relu", *map(str, files), "--report", str(beside)))
    markdown = beside.read_text(encoding="utf-8")
    read = Page(MarkdownIt("commonmark").enable("table").render(markdown))
    for shown in (page, read):
        assert "script" not in shown.tags
        for name in HOSTILE:
            assert any(name == cell for table in shown.tables for row in table for cell in row)
        for file in files:
            assert any(file.stem in text for text in shown.text)


def test_a_report_says_which_gate_failed(cli: Cli, tmp_path: Path) -> None:
    """2 of the 32 neurons of layer2 are dead: this comes first, in the words of standard error; or that all gates
    passed."""
    page, markdown = tmp_path / "r.html", tmp_path / "r.md"
    command = ["saturation", "relu", layers("relu_trained")[1], "-o", str(tmp_path / "a.csv")]
    command += ["--report", str(page), "--report", str(markdown), "--max-dead"]

    def texts() -> list[list[str]]:
        return [
            Page(text).text for text in (page.read_text(), MarkdownIt().enable("table").render(markdown.read_text()))
        ]

    done = cli(*command, "0.05")
    assert done.returncode == 3
    (line,) = done.stderr.decode().splitlines()
    for shown in texts():
        assert "relu on layer2: ok, gate failed" in [text.strip() for text in shown]
        told = "".join(shown)
        reason = told.index(line.removeprefix("actcli: "))
        assert told.index("Gates: failed") < reason < told.index("layer2: ok", reason)
    cli.ok(*command, "0.1")
    for shown in texts():
        told = "".join(shown)
        assert told.index("Gates: passed") < told.index("dead_neuron_ratio of every layer is at most 0.1")
        assert "gate failed" not in told


def everywhere(text: str) -> Report:
    """A report with a text in each of its places."""
    grid = Grid(text, Sheet(("a", text), ((text, 1.5), (None, text))), fold=text)
    blocks = (text, Judgement(text, "ok", (text,)), Points(text, (text, text), ordered=True), grid)
    return Report(text, (Section("", blocks), Section(text, blocks)))


def squeezed(text: str) -> str:
    return " ".join(text.split())


@given(
    st.one_of(
        st.text(ANY, max_size=20),
        st.lists(st.sampled_from([*HOSTILE, "1. ", "- ", "# ", "\n", "\t", "\\"])).map("".join),
    )
)
def test_any_text_is_shown_as_it_is(text: str) -> None:
    """A reader of HTML, and one of CommonMark, find the text itself in every place."""
    wanted = squeezed(visible(text))
    page = Page(html_page(everywhere(text), 6))
    read = Page(MarkdownIt("commonmark").enable("table").render(markdown_page(everywhere(text), "r", 6)))
    for shown, html_titles in ((page, 1), (read, 0)):
        if wanted:
            places = "".join(shown.text)
            assert squeezed(places).count(wanted) >= 24 + html_titles
        assert [[squeezed(cell) for cell in row] for row in shown.tables[0]] == [
            ["a", wanted], [wanted, "1.5"], ["", wanted]
        ]  # fmt: skip


def test_markdown_has_its_figures_beside_it(cli: Cli, tmp_path: Path) -> None:
    """They are named after the report, and found from it whatever its name is."""
    for name in ("report.md", "a report (1) [#%].md"):
        text = report(cli, tmp_path, "saturation", "relu", layers("relu_trained")[0], name=name)
        (link,) = Page(MarkdownIt("commonmark").enable("table").render(text)).links
        figure = tmp_path / unquote(link)
        assert figure.name == name.removesuffix(".md") + "-layers.svg"
        assert figure.read_bytes().startswith(b"<?xml")


def test_drawings_of_one_page_do_not_share_ids() -> None:
    """Every id and every reference to it has the figure's name, its theme, and a part that differs between figures."""
    svg = b'<?xml version="1.0"?><svg x="1"><path id="a"/><use xlink:href="#a"/><g clip-path="url(#a)"/></svg>'
    drawings = (Drawing("one", "1", lambda theme: svg), Drawing("two", "2", lambda theme: svg))
    page = Page(html_page(Report("t", (Section("", drawings),)), 6))
    assert [re.sub("[0-9a-f]{8}", "#", name) for name in page.ids] == [
        "one-light-#-a", "one-dark-#-a", "two-light-#-a", "two-dark-#-a"
    ]  # fmt: skip
    assert page.links == [f"#{name}" for name in page.ids for _ in range(2)]


def test_a_figure_that_is_too_tall_for_a_sheet_of_paper_may_be_cut() -> None:
    """Others are printed in one piece, as large as the sheet allows."""
    tall, flat = (f'<svg viewBox="0 0 540 {height}"></svg>'.encode() for height in (1200, 1000))
    drawings = (Drawing("a", "tall", lambda theme: tall), Drawing("b", "flat", lambda theme: flat))
    text = html_page(Report("t", (Section("", drawings),)), 6)
    assert re.findall(r"<figure[^>]*>", text) == ['<figure class="long">', "<figure>"]


def test_a_report_of_many_neurons_stays_small(cli: Cli, tmp_path: Path) -> None:
    """It shows the worst thousand and says where the others are."""
    columns = 3000
    data = tmp_path / "wide.csv"
    rows = [",".join(f"n{i}" for i in range(columns)), *(",".join([str(k)] * columns) for k in (-1, 2))]
    data.write_text("\n".join(rows) + "\n")
    text = report(cli, tmp_path, "saturation", "relu", str(data))
    assert len(max(Page(text).tables, key=len)) == 1001
    assert "--by neuron" in text
