"""actcli train."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, get_args

import click

from actcli.cli import options
from actcli.cli.groups import GATES, INPUT, NETWORK, TRAINING, grouped
from actcli.cli.inputs import numbers_and_paths
from actcli.cli.main import INTERRUPTED
from actcli.cli.messages import fail_gates, note
from actcli.cli.options import gather, option
from actcli.cli.types import FiniteRange, NumericCommand
from actcli.errors import UsageError
from actcli.output.files import write_files
from actcli.output.forms import training_result
from actcli.output.outputs import Outputs
from actcli.output.results import write
from actcli.text import counted
from actcli.training import words

if TYPE_CHECKING:
    from actcli.activation import Function
    from actcli.diagnosis.training import Experiment, Limit
    from actcli.reports.look import Look
    from actcli.tables.options import ReadOptions
    from actcli.training.data import Preparation
    from actcli.training.settings import Design, Recipe

_share = FiniteRange(0, 1)
_positive = FiniteRange(0, min_open=True)
_count = click.IntRange(1)


class WidthsType(click.ParamType[tuple[int, ...]]):
    """Widths of layers, 64,64."""

    name = "widths"

    def convert(
        self, value: str | tuple[int, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in value.split(",")]
        if not all(part.isdecimal() and 0 < int(part) <= 100_000 for part in parts):
            self.fail(f"{value!r} is not a list of widths from 1 to 100000, one per layer, such as 64,64", param, ctx)
        return tuple(int(part) for part in parts)


def _design(
    hidden: tuple[int, ...],
    init: words.Init,
    normalize: words.Normalize,
    dropout: float,
    residual: bool,
    learn: words.Learn,
    dtype: words.Dtype,
) -> Design:
    from actcli.training.settings import Design

    return Design(
        hidden=hidden,
        init=init,
        normalize=normalize,
        dropout=dropout,
        residual=residual,
        learn=learn,
        dtype=dtype,
    )


def _recipe(
    optimizer: words.Optimizer,
    lr: float | None,
    schedule: words.Schedule,
    weight_decay: float,
    clip: float | None,
    batch: int,
    epochs: int,
    patience: int | None,
    no_shuffle: bool,
) -> Recipe:
    from actcli.training.settings import Recipe

    return Recipe(
        optimizer=optimizer,
        lr=lr,
        schedule=schedule,
        weight_decay=weight_decay,
        clip=clip,
        batch=batch,
        epochs=epochs,
        patience=patience,
        shuffle=not no_shuffle,
    )


def _preparation(task: words.Task | None, split: float | None, scale: words.Scale, seed: int) -> Preparation:
    from actcli.training.data import Preparation

    return Preparation(task=task, split=split, scale=scale, seed=seed)


def _limits(min_accuracy: float | None, max_dead: float | None) -> list[Limit]:
    from actcli.diagnosis.training import Limit

    found = []
    if min_accuracy is not None:
        found.append(Limit("accuracy", min_accuracy))
    if max_dead is not None:
        found.append(Limit("dead_neuron_ratio", max_dead))
    return found


# The network to train, as `design`.
design_options = gather(
    "design",
    _design,
    option("--hidden WIDTHS", "Set the widths of the hidden layers.", WidthsType(), (64, 64), shown="64,64"),
    option("--init", "Initialise weights this way; auto uses f's gain.", get_args(words.Init), "auto"),
    option("--normalize", "Normalise pre-activations over the batch or the layer.", get_args(words.Normalize), "none"),
    option("--dropout SHARE", "Drop this share of hidden outputs.", FiniteRange(0, 1, max_open=True), 0.0),
    click.option("--residual", is_flag=True, help="Add each layer's input where the widths match."),
    option("--learn", "Learn the parameters of f, per layer or neuron.", get_args(words.Learn), "none"),
    option("--dtype", "Train in this precision.", get_args(words.Dtype), "float64"),
    group=NETWORK,
)
# How it is trained, as `recipe`.
recipe_options = gather(
    "recipe",
    _recipe,
    option("--optimizer", "Choose the optimizer.", get_args(words.Optimizer), "adam"),
    option("--lr NUMBER", "Set the learning rate (default: 0.001; sgd, momentum 0.01).", _positive),
    option("--schedule", "Keep the learning rate constant, or decay it.", get_args(words.Schedule), "constant"),
    option("--weight-decay NUMBER", "Decay all weights at this rate.", FiniteRange(0), 0.0),
    option("--clip NUMBER", "Clip the gradient norm at this value.", _positive),
    option("--batch COUNT", "Use this many rows per step.", _count, 32),
    option("--epochs COUNT", "Train for this many epochs.", click.IntRange(0), 30),
    option("--patience COUNT", "Stop after this many epochs without a lower loss.", _count),
    click.option("--no-shuffle", is_flag=True, help="Keep the rows in their order."),
    group=TRAINING,
)
# How the data is prepared, as `preparation`.
preparation_options = gather(
    "preparation",
    _preparation,
    option("--task", "Predict classes or a quantity (default: guess).", get_args(words.Task)),
    option(
        "--split SHARE",
        "Hold out this share of each class (default: 0.2).",
        FiniteRange(0, 1, max_open=True),
    ),
    option("--scale", "Standardise the features, or leave them alone.", get_args(words.Scale), "standard"),
    option("--seed NUMBER", "Split the rows and seed the first run.", click.IntRange(0), 0),
    group=INPUT,
)
# The limits that the result must keep to, as `limits`.
limit_options = gather(
    "limits",
    _limits,
    option("--min-accuracy SHARE", "Exit with 3 if a function has a smaller accuracy.", _share),
    option("--max-dead SHARE", "Exit with 3 if a layer has more dead neurons.", _share),
    group=GATES,
)


@click.command(
    "train",
    cls=NumericCommand,
    options_metavar="-i DATA --target COLUMN [OPTIONS]",
    help="""Train a small network under several functions and compare them.

Each function is trained from the same seeds, with the same starting weights and the same order of rows, and scored
on held-out rows. The result says which function to take and how certain that is, and reports the gradients and
neurons of each layer after every epoch. -o FILE.png, .svg, .pdf, .eps or .pgf draws the learning curves, gradients,
dead neurons and learned functions.""",
    epilog="""\b
Examples:
  actcli train relu gelu -i digits.csv --target digit --seeds 2 --epochs 3
  actcli train tanh -i xor.csv --target xor --split 0 --task classify
  actcli train tanh -i xor.csv --target xor --split 0 --min-accuracy 0.5
  actcli train elu -i digits.csv --target digit --test digits.csv --epochs 2
  actcli train prelu -i xor.csv --target xor --split 0 --hidden 8
  actcli train prelu -i xor.csv --target xor --split 0 --learn layer
  actcli train relu -i xor.csv --target xor --split 0 --scale none --init he
  actcli train silu -i xor.csv --target xor --split 0 --residual --lr 0.01
  actcli train relu -i xor.csv --target xor --split 0 --normalize layer
  actcli train relu -i xor.csv --target xor --split 0 --dropout 0.1 --clip 1
  actcli train relu -i xor.csv --target xor --split 0 --optimizer adamw
  actcli train relu -i xor.csv --target xor --split 0 --schedule cosine
  actcli train relu -i xor.csv --target xor --split 0 --patience 2 --timing
  actcli train relu -i xor.csv --target xor --split 0 --weight-decay 0.01
  actcli train relu -i xor.csv --target xor --split 0 --save init.npz
  actcli train relu -i xor.csv --target xor --split 0 --weights init.npz
  actcli train relu -i xor.csv --target xor --split 0 --no-shuffle""",
)
@options.functions_argument
@options.inputs_option("Train on this table or NPZ; x=NAME is its feature array.")
@grouped(
    INPUT,
    option("--target column COLUMN", "Predict this column, or array of an NPZ.", required=True, complete="columns"),
    option("--test FILE", "Score on this table instead of held-out rows.", complete="files"),
)
@preparation_options
@design_options
@recipe_options
@grouped(
    TRAINING,
    option("--seeds COUNT", "Train from this many seeds.", _count, 3),
    option("--search METHOD", "Try random:COUNT settings, or drop the worse by halving.", many=True),
    option("--weights FILE", "Start from arrays W1, b1, W2, b2, ... of an NPZ.", complete="files"),
)
@option("--save saves FILE", "Write the best network, .npz or .onnx (repeatable).", many=True, complete="files")
@limit_options
@option("--by", "Print one row per run, epoch or layer (default: function).", ["run", "epoch", "layer"])
@click.option("--timing", is_flag=True, help="Also report the seconds per epoch.")
@options.look_options
@options.table_options
@options.outputs_options(figures=True, reports=True)
@click.pass_context
def command(
    ctx: click.Context,
    functions: list[Function],
    inputs: tuple[str, ...],
    column: str,
    test: str | None,
    preparation: Preparation,
    design: Design,
    recipe: Recipe,
    seeds: int,
    search: tuple[str, ...],
    weights: str | None,
    saves: tuple[str, ...],
    limits: list[Limit],
    by: str | None,
    timing: bool,
    look: Look,
    reading: ReadOptions,
    outputs: Outputs,
) -> None:
    from actcli.diagnosis.experiment import train
    from actcli.output.progress import training_watch
    from actcli.training.saving import check, encoded

    check(saves)
    data, arrays = _data(inputs)
    if test is not None and preparation.split is not None:
        raise UsageError("scores come from the --test rows, so --split does nothing", "leave out --split")
    with training_watch(functions, seeds, recipe.epochs) as watch:
        result = train(
            functions, data, column, test=test, arrays=arrays, preparation=preparation, reading=reading,
            design=design, recipe=recipe, seeds=seeds, search=search, weights=weights, threads=reading.threads,
            watch=watch, note=note,
        )  # fmt: skip
    if any(limit.measure == "accuracy" for limit in limits) and result.trained.data.task == "regress":
        raise UsageError("--min-accuracy is for classes, but the target is a quantity", "leave it out")
    if not result.trained.runs:
        ctx.exit(INTERRUPTED)
    # A figure does not give the advice, so the result is also printed.
    write(
        outputs if outputs.has_tables else outputs.printed(), training_result(result, by, look, limits, timing=timing)
    )
    if saves:
        best = result.best
        write_files([(path, [encoded(path, result.trained, best)]) for path in saves])
        note(f"{', '.join(saves)}: {best.function.label} from seed {best.seed}")
    _end(ctx, result, limits)


def _data(inputs: Sequence[str]) -> tuple[str, str]:
    """The table or NPZ, and the name of its array of features if one is given."""
    named = [word for word in inputs if word.startswith("x=") and not os.path.exists(word)]
    numbers, paths = numbers_and_paths([word for word in inputs if word not in named], required=True)
    if numbers or len(paths) != 1 or len(named) > 1:
        raise UsageError("training needs exactly one table", "name it with -i FILE, or pipe it in")
    return paths[0], named[0].removeprefix("x=") if named else ""


def _end(ctx: click.Context, result: Experiment, limits: Sequence[Limit]) -> None:
    """Note the gates that failed and the runs that were interrupted, and exit with the matching status."""
    failed = [line for limit in limits for line in limit.failures(result)]
    if not result.trained.unfinished:
        fail_gates(ctx, failed)
        return
    for line in (*failed, f"interrupted: {counted(result.trained.unfinished, 'runs')} did not finish"):
        note(line)
    ctx.exit(INTERRUPTED)
