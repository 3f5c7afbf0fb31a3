"""How the results of library calls become text, frames, figures and files: see `Outcome`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actcli import __version__
from actcli.errors import UsageError
from actcli.outcome import Outcome
from actcli.output import forms
from actcli.output.outputs import FIGURES, REPORTS, Outputs
from actcli.output.results import Result, write
from actcli.output.sheets import output_formats
from actcli.reports.look import DEFAULT, Look
from actcli.reports.model import Report, Run
from actcli.tables.format import USUAL

if TYPE_CHECKING:
    from actcli.figures.style import Figure
    from actcli.tables.results import Frame

# By the class name of a result: the function that makes its forms, and the values that `by` may have.
_FORMS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "Diagnosis": (forms.diagnosis_result, ("layer", "neuron", "region")),
    "Experiment": (forms.training_result, ("run", "epoch", "layer")),
    "Comparison": (forms.comparison_result, ()),
    "Fit": (forms.fit_result, ()),
    "Trend": (forms.trend_result, ()),
    "Plot": (forms.plot_result, ()),
}


def _result(outcome: Outcome, by: str | None = None, look: Look | None = None) -> Result:
    make, rows = _FORMS[type(outcome).__name__]
    if by is not None and by not in rows:
        known = f"by is one of {', '.join(rows)}" if rows else "leave it out: all rows are of one kind"
        raise UsageError(f"by = {by!r}", known)
    result: Result = make(outcome, by, look or DEFAULT) if rows else make(outcome, look or DEFAULT)
    return result


def _report(outcome: Outcome) -> Report:
    """Return the report without the sections on how the command was run."""
    result = _result(outcome)
    assert result.report is not None
    found = result.report(lambda theme: result.drawn("svg", theme), Run("", __version__, "", ()), USUAL.digits)
    return found._replace(sections=tuple(section for section in found.sections if not section.reference))


def in_short(outcome: Outcome) -> str:
    """Return the summary of the report as text."""
    from actcli.reports.brief import brief

    return brief(_report(outcome))


def for_notebook(outcome: Outcome) -> str:
    """Return the report as an HTML fragment."""
    from actcli.reports.html import html_part

    return html_part(_report(outcome), USUAL.digits)


def to_frame(outcome: Outcome, by: str | None) -> Frame:
    """Return the rows as a frame."""
    result = _result(outcome, by)
    assert result.sheet is not None
    return result.sheet().frame()


def to_dict(outcome: Outcome) -> dict[str, Any]:
    """Return the JSON document, or the columns of a plot, which has no document."""
    result = _result(outcome)
    if result.document is None:
        columns: dict[str, Any] = to_frame(outcome, None).to_dict(as_series=False)
        return columns
    document: dict[str, Any] = _plain(result.document())
    return document


def _plain(value: Any) -> Any:
    """Return the value with containers of other types as dicts and lists."""
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    is_list = hasattr(value, "__iter__") and not isinstance(value, str)
    return [_plain(entry) for entry in value] if is_list else value


def figure(outcome: Outcome, theme: str, **look: Any) -> Figure:
    """Return the matplotlib figure."""
    from actcli.figures.looks import looking

    result = _result(outcome)
    assert result.figure is not None
    with looking(Look.of(theme, **look)) as asked:
        return result.figure(asked.theme)


def save(outcome: Outcome, path: str, theme: str, **look: Any) -> None:
    """Write the result to a file, as the command line does."""
    report = path.lower().endswith(REPORTS)
    formats = (*output_formats(), *FIGURES)
    outputs = Outputs.of(None, [] if report else [path], formats, reports=[path] if report else [])
    if report:  # nothing goes to standard output
        outputs = outputs._replace(destinations=())
    write(outputs, _result(outcome, None, Look.of(theme, **look)))
