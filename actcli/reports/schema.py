"""The JSON Schemas of JSON output, made from the records themselves so that the two always agree."""

import dataclasses
import types
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from actcli.activation import Function
from actcli.analysis.meanfield import FixedPoint, Step
from actcli.analysis.regions import Monotone, RegionKind, Smoothness
from actcli.diagnosis.comparison import Change
from actcli.diagnosis.records import Layer, Neuron
from actcli.diagnosis.training import Comparison as Pair
from actcli.diagnosis.training import Summary
from actcli.diagnosis.trends import MEASURES
from actcli.diagnosis.trends import Change as TrendChange
from actcli.errors import UsageError
from actcli.measuring.measures import Meaning, meanings
from actcli.measuring.probe import Thresholds
from actcli.numerics.student import Mean
from actcli.reports.meanings import DOCUMENTS, meaning
from actcli.reports.profiles import MEANS
from actcli.reports.records import Document
from actcli.training.records import LayerState, Scores
from actcli.training.settings import Design, Recipe
from actcli.training.words import Task

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NUMBER: Document = {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
_PLAIN = {bool: "boolean", int: "integer", str: "string", Function: "string", types.NoneType: "null"}


def _record(record: type, without: tuple[str, ...] = (), *, intervals: bool = True) -> dict[str, Any]:
    """The fields of a record with their types, except those of the occasions `without`; with `intervals`, each share is
    followed by the ends of its interval. The names of fields that are not always present end in `?`."""
    hints = get_type_hints(record, include_extras=True)
    fields: dict[str, Any] = {}
    for name, declared in meanings(record).items():
        if declared.when in without:
            continue
        mark = "?" if declared.when else ""
        fields[name + mark] = hints[name]
        if name.endswith("_ratio") and intervals:
            for end, side in (("from", "lower"), ("to", "upper")):
                text = f"{side} end of the 95 % interval of {name}"
                fields[f"{name}_{end}{mark}"] = Annotated[float | None, Meaning(text)]
    return fields


# A schema is a type, a mapping of the fields of an object, or a list with the one type of an array's items.
_REGION = {"from": float | None, "to": float | None, "kind": RegionKind}
_OF_FUNCTIONS = [{"function": str, **_REGION}]
_FUNCTION = {"name": str, "parameters": dict[str, float]}
_LAYER = _record(Layer)
_NEURON = _record(Neuron)
_MEAN = {
    "mean": Annotated[float, Meaning("mean over seeds")],
    "from": Annotated[float | None, Meaning("lower end of its 95 % interval by Student's t; null for one value")],
    "to": Annotated[float | None, Meaning("upper end of the interval")],
}
_SUMMARY = {f"{name}?" if name == "seconds" else name: kind for name, kind in _record(Summary, intervals=False).items()}
_POINT: dict[str, Any] = {"layer": str, "function": str, "state": str, "step": float, "samples": int, "neurons": int}
for _one in MEASURES:
    _POINT[f"{_one.field}?"] = Annotated[float | None, meanings(Layer)[_one.field]]
    for _end, _side in (("from", "lower"), ("to", "upper")):
        _text = f"{_side} end of its 95 % interval; null if unknown"
        _POINT[f"{_one.field}_{_end}?"] = Annotated[float | None, Meaning(_text)]
# In a row, lists are one cell.
_TEXTS = {name: Annotated[str, meanings(Layer)[name]] for name in ("reasons", "remedies")}
_DISTANCE: dict[str, Any] = {"rms": float, "largest": float, "largest_at": float, "parameters": dict[str, float]}
_FORMS: dict[str, Any] = {
    "saturation": {
        "schema": Literal["actcli.saturation/2"],
        "functions": [{"label": str, "name": str, "parameters": dict[str, float | tuple[float, ...]]}],
        "thresholds": Thresholds,
        "rule": {"name": str, "definition": str, "source": str},
        "regions": _OF_FUNCTIONS,
        "layers": [_LAYER],
        "gradient_falls_at": str | None,
        "gradient_ratio?": float | None,
        "neurons": [_NEURON],
        "precision?": {"dtype": str, **dict.fromkeys(("zero_gradient", "underflow", "constant_output"), _OF_FUNCTIONS)},
    },
    "compare": {
        "schema": Literal["actcli.compare/1"],
        "functions": [
            {
                **_FUNCTION,
                "range": tuple[float | None, float | None],
                "at_zero": float | None,
                "monotone": Monotone | None,
                "max_abs_gradient": float | None,
                "smoothness": Smoothness | None,
                "regions": [_REGION],
                "q": float,
                **dict.fromkeys(MEANS, float | None),
                "vanishing_depth": int | None,
                "torch_gain": float | None,
                "fixed_point?": {**get_type_hints(FixedPoint), "q": float | None, "phase": str | None},
                "steps?": [Step],
            }
        ],
        "layers": [
            {
                **_record(Layer, without=("precision", "rule", "backward")),
                "mean_square_gradient": float | None,
                "gaussian_mean_square_gradient": float | None,
            }
        ],
        "changes": [Change],
    },
    "fit": {
        "schema": Literal["actcli.fit/1"],
        "function": _FUNCTION,
        "label": str,
        "target": str,
        "over": str,
        "fitted": [str],
        "start": _DISTANCE,
        "end": {**_DISTANCE, "gradient": float},
        "trace": [{"step": int, "by": str, "rms": float, "parameters": dict[str, float]}],
    },
    "run": {
        "schema": Literal["actcli.run/1"],
        "step": int,
        "layers": [_LAYER],
        "gradient_ratio?": float | None,
    },
    "train": {
        "schema": Literal["actcli.train/1"],
        "task": Task,
        "data": {
            "source": str,
            "target": Annotated[str, Meaning("the column to predict")],
            "features": [str],
            "classes": [str],
            "train_rows": int,
            "test_rows": int,
            "held_out": bool,
            "left_out": int,
            "missing": dict[str, int],
            "constant": [str],
        },
        "network": {**_record(Design), **_record(Recipe)},
        "seeds": [int],
        "probe_rows": int,
        "runs": [
            {
                "function": str,
                "seed": int,
                "parameters": [{"layer": str, "parameter": str, "values": [float]}],
                "epochs": [
                    {
                        "epoch": int,
                        "train_loss": float | None,
                        **{f"test_{name}": kind for name, kind in _record(Scores).items()},
                        "gradient_ratio": float | None,
                        "layers": [_record(LayerState, ("precision", "rule"), intervals=False)],
                        "seconds?": float,
                    }
                ],
                "diverged": int | None,
                "ended": str,
            }
        ],
        "summary": [_SUMMARY],
        "comparisons": [_record(Pair)],
        "advice": str,
    },
    "trend": {"schema": Literal["actcli.trend/1"], "points": [_POINT], "changes": [_record(TrendChange)]},
    "layers": [{**_LAYER, **_TEXTS}],
    "neurons": [_NEURON],
    "regions": [{"function": str, "from": float, "to": float, "kind": RegionKind, "what?": str}],
    "rows": [dict[str, str | float | bool | None]],
}
NAMES = tuple(_FORMS)


def schema(name: str) -> Document:
    """A JSON Schema, draft 2020-12. Raises UsageError for an unknown name."""
    if name not in _FORMS:
        raise UsageError(f"no schema {name!r}", f"schemas: {', '.join(NAMES)}")
    head = {"$schema": _DIALECT, "title": f"actcli {name}", "description": DOCUMENTS[name]}
    return {**head, **_form(_FORMS[name], name), "$defs": {"number": _NUMBER}}


def _form(kind: Any, within: str) -> Document:
    """The schema of a type, of an object (its fields) or of an array (its items); `within` is the field around it."""
    if isinstance(kind, Mapping):
        return _object(kind, within)
    if isinstance(kind, list):
        return {"type": "array", "items": _form(kind[0], within)}
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    if kind is Mean:
        return _object(_MEAN, within)
    if dataclasses.is_dataclass(kind):
        return _object(get_type_hints(kind, include_extras=True), within)
    if kind is float:
        return {"$ref": "#/$defs/number"}
    return _GENERIC[get_origin(kind)](get_args(kind), within)


def _object(fields: Mapping[str, Any], within: str) -> Document:
    properties = {}
    for mark, kind in fields.items():
        name = mark.rstrip("?")
        bare, *declared = get_args(kind) if get_origin(kind) is Annotated else (kind,)
        text = declared[0].meaning if declared else meaning(name, within)
        properties[name] = {"description": text, **_form(bare, name)}
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in fields if not name.endswith("?")],
        "additionalProperties": False,
    }


def _either(kinds: tuple[Any, ...], within: str) -> Document:
    return {"anyOf": [_form(kind, within) for kind in kinds]}


def _array(kinds: tuple[Any, ...], within: str) -> Document:
    if kinds[-1] is Ellipsis:
        return {"type": "array", "items": _form(kinds[0], within)}
    return {"type": "array", "prefixItems": [_form(kind, within) for kind in kinds], "items": False,
            "minItems": len(kinds)}  # fmt: skip


_GENERIC: dict[Any, Callable[[tuple[Any, ...], str], Document]] = {
    Union: _either,
    types.UnionType: _either,
    Literal: lambda values, within: {"enum": list(values)},
    tuple: _array,
    dict: lambda kinds, within: {"type": "object", "additionalProperties": _form(kinds[1], within)},
}
