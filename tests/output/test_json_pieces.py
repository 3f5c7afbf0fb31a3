"""JSON in pieces equals that of `json.dumps`, and no piece waits for the last neuron."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.texts import ANY

from actcli.diagnosis.diagnose import Criteria, diagnose
from actcli.measuring.layer import of_numbers
from actcli.registry import specs
from actcli.reports import records
from actcli.reports.saturation import saturation_document
from actcli.text import json_pieces, json_text

cells = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(ANY)
documents = st.recursive(
    cells, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(ANY), inner, max_size=4), max_leaves=20
)


@given(documents)
def test_pieces_are_what_python_writes(value: Any) -> None:
    assert "".join(json_pieces(value)) == json.dumps(value, indent=1, ensure_ascii=False)
    assert json_text(value) == json.dumps(value, ensure_ascii=False)


def test_what_json_lacks_is_a_string_at_any_depth() -> None:
    value = {"a": math.inf, "b": [{"c": math.nan}, -math.inf], "d": (1, [])}
    expected = {"a": "Infinity", "b": [{"c": "NaN"}, "-Infinity"], "d": [1, []]}
    assert json.loads("".join(json_pieces(value))) == expected
    assert json.loads(json_text(value)) == expected


def test_neurons_are_written_as_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the first piece of a neuron arrives, only one record has been made."""
    made: list[object] = []
    record_of = records.record_of
    document = saturation_document(diagnose([of_numbers([0.5, 1.0], specs.get("softmax"))], Criteria()))
    monkeypatch.setattr(records, "record_of", lambda *given: (made.append(given), record_of(*given))[1])
    counts = [len(made) for piece in json_pieces(document) if '"samples"' in piece and '"neuron"' in piece]
    assert counts == [2, 3]  # the first was looked at before
