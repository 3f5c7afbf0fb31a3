"""A notebook that shows every kind of result, run as Jupyter runs it."""

from __future__ import annotations

from typing import Any

import pytest
from support.frameworks import marked, need
from support.run import DATA, ROOT

need("nbclient")
need("ipykernel")

pytestmark = [marked, pytest.mark.filterwarnings("ignore")]  # Jupyter's own


@pytest.fixture(scope="module")
def outputs() -> list[dict[str, Any]]:
    """What each cell gives, by media type."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(DATA / "results.ipynb", as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    return [cell.outputs[-1].data for cell in notebook.cells]


REPORTS = {
    0: ("relu on 7 layers: critical", "What helps"),
    4: ("relu, leaky_relu, gelu compared on input", "Functions"),
    5: ("elu fitted to gelu", "Trace"),
    6: ("2 layers over 10 states", "Course"),
    7: ("Take tanh: training accuracy", "Learning curves"),
    8: ("f(x) and f'(x) of relu, gelu, tanh", ""),
}


@pytest.mark.parametrize("cell", REPORTS)
def test_a_result_shows_its_report(cell: int, outputs: list[dict[str, Any]]) -> None:
    """As a page with its figure, which looks up nothing of another one's; as text in fewer than 20 lines."""
    title, section = REPORTS[cell]
    page, text = outputs[cell]["text/html"], outputs[cell]["text/plain"]
    assert title in text
    assert len(text.splitlines()) < 20
    assert page.startswith('<div class="actcli">')
    assert section in page
    assert "<svg" in page
    assert "<script" not in page
    assert "How it was run" not in page  # nobody knows


def test_names_of_a_frame_are_kept(outputs: list[dict[str, Any]]) -> None:
    assert "'bias'" in outputs[1]["text/plain"]
    assert "height" in outputs[2]["text/html"]


def test_ids_are_apart(outputs: list[dict[str, Any]]) -> None:
    """Two figures in one page share no id."""
    import re

    ids = [set(re.findall(r'\bid="([^"]+)"', outputs[cell]["text/html"])) for cell in REPORTS]
    assert sum(map(len, ids)) == len(set().union(*ids))


def test_a_figure_is_shown(outputs: list[dict[str, Any]]) -> None:
    """Without a magic command, and without pyplot."""
    assert "image/png" in outputs[3]
    assert "with 0 Axes" not in outputs[3]["text/plain"]
