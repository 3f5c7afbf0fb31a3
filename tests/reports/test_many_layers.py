"""Networks of many layers, and results of many rows: output is capped and says so, and the work is linear."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.run import Cli

from actcli.diagnosis.diagnose import Criteria, Diagnosis, diagnose
from actcli.figures import layers, panels
from actcli.measuring.layer import PreActivations
from actcli.registry import specs
from actcli.reports.saturation import JUDGED
from actcli.reports.terminal import MOST_ROWS

RELU = specs.get("relu")


def of_layers(count: int) -> Diagnosis:
    """Layers of two neurons, one of them dead."""
    x = np.array([[-1.0, 1.0], [-2.0, 2.0]])
    found = [PreActivations.of_array(f"layer{i:03}", RELU, x * (1 + i % 3)) for i in range(count)]
    return diagnose(found, Criteria(histogram=True))


def write_layers(folder: Path, count: int) -> list[str]:
    paths = [folder / f"layer{i:03}.csv" for i in range(count)]
    for path in paths:
        path.write_text("a,b\n-1,1\n-2,2\n")
    return [str(path) for path in paths]


@pytest.mark.exhaustive
def test_a_report_of_many_layers_shows_some_and_says_so(cli: Cli, tmp_path: Path) -> None:
    """One picture, the reasons of a few layers, a table of all: three times the layers do not triple the page."""
    sizes = {}
    for count in (40, 120):
        page = tmp_path / f"{count}.html"
        paths = write_layers(tmp_path, count)
        cli.ok("saturation", "relu", *paths, "--report", str(page), "-o", str(tmp_path / "a.csv"))
        text = page.read_text()
        sizes[count] = len(text)
        assert text.count('class="verdict ') == JUDGED
        assert f"{count - JUDGED} more layers are not ok" in text
        assert all(f"layer{i:03}" in text for i in range(count))
    assert sizes[120] < 2 * sizes[40]


def test_many_distributions_are_rows_of_one_picture() -> None:
    """Each row is dark where a histogram of its values would be high; saturated values have the colour of their
    side."""
    few, many = (layers.layers_figure(of_layers(count)) for count in (32, 33))
    assert len(few.axes) == 32 + 2
    axes = many.axes[0]
    image = np.asarray(axes.images[0].get_array())
    assert (len(many.axes), image.shape[:2]) == (3, (33, panels.MANY_BINS))
    left, right, _, _ = axes.images[0].get_extent()
    at = {x: int((x - left) / (right - left) * panels.MANY_BINS) for x in (-1.0, 1.0)}
    blue, grey = image[0, at[-1.0]], image[0, at[1.0]]
    assert blue[2] > blue[0] + 0.3  # saturated on the low side
    assert abs(grey[2] - grey[0]) < 0.15


@pytest.mark.parametrize("count", [3, 6])
def test_a_diagnosis_is_searched_once(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the reasons of layers nor the map look at all neurons again for each layer."""
    asked = []
    of_layers_before = Diagnosis.neurons_of_layers.fget
    monkeypatch.setattr(
        Diagnosis, "neurons_of_layers", property(lambda self: (asked.append(1), of_layers_before(self))[1])
    )
    layers.layers_figure(of_layers(count))
    assert len(asked) == 1


def test_a_terminal_shows_no_more_rows_than_a_person_reads(cli: Cli, tmp_path: Path) -> None:
    count = MOST_ROWS + 1234
    path = tmp_path / "wide.csv"
    path.write_text("\n".join(",".join(["1"] * count) for _ in range(2)) + "\n")
    text = cli.ok("saturation", "relu", str(path), "--no-header", "--by", "neuron", "-f", "table").splitlines()
    assert text[-1] == "and 1,234 more rows: -f csv gives all"
    assert len(text) == MOST_ROWS + 3
    assert len(json.loads(cli.ok("saturation", "relu", str(path), "--no-header", "-f", "json"))["neurons"]) == count
