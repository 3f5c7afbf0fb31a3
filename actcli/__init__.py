"""Evaluate, differentiate, plot and compare neural-network activation functions, and diagnose layers.

    import actcli

    gelu = actcli.get("gelu")
    gelu.df([-1.0, 0.0, 1.0])
    actcli.vanishing_regions(gelu, 1e-3)

The names in `__all__` are public and keep their meaning within a minor version; everything else may change.
"""

# Not imported from `typing`: during an import here, Ctrl-C would print a traceback.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from actcli.activation import Activation, Function
    from actcli.analysis.meanfield import MeanField, mean_field
    from actcli.analysis.profile import Network
    from actcli.analysis.regions import Region, vanishing_regions
    from actcli.diagnosis.arrays import compare, diagnose
    from actcli.diagnosis.comparison import Comparison
    from actcli.diagnosis.diagnose import Diagnosis
    from actcli.diagnosis.experiment import train
    from actcli.diagnosis.records import Layer, Neuron
    from actcli.diagnosis.states import trend
    from actcli.diagnosis.training import Experiment
    from actcli.diagnosis.trends import Trend
    from actcli.errors import ActcliError, DataError, GateError, UsageError
    from actcli.fitting.fit import Fit, fit
    from actcli.output.filtering import filter_tables
    from actcli.output.plotting import Plot, plot
    from actcli.parameters import Parameter
    from actcli.registry.additions import names
    from actcli.registry.specs import get
    from actcli.reports.schema import schema
    from actcli.training.data import Preparation
    from actcli.training.settings import Design, Recipe
    from actcli.watching.callbacks import callback
    from actcli.watching.inspect import inspect
    from actcli.watching.watch import watch

__version__ = "0.1.0"

__all__ = [
    "ActcliError",
    "Activation",
    "Comparison",
    "DataError",
    "Design",
    "Diagnosis",
    "Experiment",
    "Fit",
    "Function",
    "GateError",
    "Layer",
    "MeanField",
    "Network",
    "Neuron",
    "Parameter",
    "Plot",
    "Preparation",
    "Recipe",
    "Region",
    "Trend",
    "UsageError",
    "__version__",
    "callback",
    "compare",
    "diagnose",
    "filter_tables",
    "fit",
    "get",
    "inspect",
    "mean_field",
    "names",
    "plot",
    "schema",
    "train",
    "trend",
    "vanishing_regions",
    "watch",
]

# The module of each name, imported on first use: the command line needs none of them to start.
_HOMES = {
    "ActcliError": "errors",
    "Activation": "activation",
    "Comparison": "diagnosis.comparison",
    "DataError": "errors",
    "Design": "training.settings",
    "Diagnosis": "diagnosis.diagnose",
    "Experiment": "diagnosis.training",
    "Fit": "fitting.fit",
    "Function": "activation",
    "GateError": "errors",
    "Layer": "diagnosis.records",
    "MeanField": "analysis.meanfield",
    "Network": "analysis.profile",
    "Neuron": "diagnosis.records",
    "Plot": "output.plotting",
    "Parameter": "parameters",
    "Preparation": "training.data",
    "Recipe": "training.settings",
    "Region": "analysis.regions",
    "Trend": "diagnosis.trends",
    "UsageError": "errors",
    "callback": "watching.callbacks",
    "compare": "diagnosis.arrays",
    "diagnose": "diagnosis.arrays",
    "filter_tables": "output.filtering",
    "fit": "fitting.fit",
    "inspect": "watching.inspect",
    "get": "registry.specs",
    "mean_field": "analysis.meanfield",
    "names": "registry.additions",
    "plot": "output.plotting",
    "schema": "reports.schema",
    "train": "diagnosis.experiment",
    "trend": "diagnosis.states",
    "vanishing_regions": "analysis.regions",
    "watch": "watching.watch",
}


if not TYPE_CHECKING:  # with `__getattr__`, type checkers would accept any name

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module 'actcli' has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"actcli.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
