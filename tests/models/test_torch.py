"""Watching a PyTorch model: what its forwards show, and reports of what cannot be seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.frameworks import framework, marked

from actcli.diagnosis.arrays import diagnose
from actcli.errors import DataError, GateError, UsageError
from actcli.watching.watch import Watch, watch

torch = framework("torch")
nn, F = torch.nn, torch.nn.functional

pytestmark = [marked, pytest.mark.filterwarnings("default")]  # PyTorch's own, of what is tested here


class Swish(nn.Module):
    """Written by hand."""

    def forward(self, x: Any) -> Any:
        return x * torch.sigmoid(x)


class Of(nn.Module):
    """A module whose forward is a function of itself and x."""

    def __init__(self, forward: Callable[[Any, Any], Any], **modules: Any) -> None:
        super().__init__()
        self._forward = forward
        for name, module in modules.items():
            setattr(self, name, module)

    def forward(self, x: Any) -> Any:
        return self._forward(self, x)


def chain(inplace: bool = False) -> Any:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(inplace=inplace), nn.Linear(8, 6), nn.Tanh(), nn.Linear(6, 1))


def seen(model: Any, *shape: int, **options: Any) -> Watch:
    """The layers seen in a forward pass of random inputs and the backward pass of the squared output."""
    torch.manual_seed(1)
    with watch(model, every=1, **options) as w:
        y = model(torch.randn(*(shape or (10, 4))))
        y = y[0] if isinstance(y, tuple) else y
        if options.get("gradients"):
            y.square().sum().backward()
    return w


def listed(w: Watch) -> list[tuple[str, str, int, int]]:
    return [(layer.name, layer.function.label, layer.samples, layer.neurons) for layer in w.diagnosis().layers]


def test_modules_and_functions_are_seen_alike() -> None:
    """As module, function or method, or in place; each under the name that a person would use."""
    block = Of(lambda m, x: m.act(m.bn(m.conv(x))), conv=nn.Conv2d(4, 6, 3), bn=nn.BatchNorm2d(6), act=nn.ReLU(True))

    def forward(m: Any, x: Any) -> Any:
        x = m.swish(m.block(F.relu(m.conv(x)))).flatten(1)
        x = torch.tanh(m.fc1(x))
        return m.head(F.gelu(m.fc2(x).relu_(), approximate="tanh").clamp(0, 6)).sigmoid()

    model = Of(
        forward, conv=nn.Conv2d(1, 4, 3), block=block, swish=Swish(), fc1=nn.Linear(96, 16), fc2=nn.Linear(16, 8),
        head=nn.Linear(8, 2),
    )  # fmt: skip
    assert listed(seen(model, 5, 1, 8, 8)) == [
        ("conv.relu", "relu", 5, 4),
        ("block.act", "relu", 5, 6),
        ("swish", "silu", 5, 6),
        ("fc1.tanh", "tanh", 5, 16),
        ("fc2.relu", "relu", 5, 8),
        ("fc2.gelu", "gelu_tanh", 5, 8),
        ("clamp", "relu6", 5, 8),
        ("head.sigmoid", "sigmoid", 5, 2),
    ]


@pytest.mark.parametrize(
    ("call", "label"),
    [
        (nn.LeakyReLU(0.2), "leaky_relu:negative_slope=0.2"), (nn.PReLU(), "prelu"), (nn.ELU(0.5), "elu:alpha=0.5"),
        (nn.SELU(), "selu"), (nn.CELU(2.0), "celu:alpha=2.0"), (nn.Softplus(2.0), "softplus:beta=2.0"),
        (nn.Mish(), "mish"), (nn.Hardswish(), "hard_swish"), (nn.Softshrink(0.3), "softshrink:lambd=0.3"),
        (nn.LogSigmoid(), "log_sigmoid"), (nn.Softsign(), "softsign"), (nn.Tanhshrink(), "tanhshrink"),
        (nn.ReLU6(), "relu6"), (nn.Hardtanh(-2, 2), "hard_tanh:min_val=-2.0,max_val=2.0"), (nn.GELU(), "gelu"),
        (torch.special.expit, "sigmoid"), (lambda x: x.clamp(min=0), "relu"), (nn.GLU(), "glu"),
        (nn.Threshold(0.5, -2.0), "threshold:threshold=0.5,value=-2.0"), (nn.Hardshrink(), "hardshrink"),
    ],
)  # fmt: skip
def test_each_function_gets_its_name(call: Any, label: str) -> None:
    """With its parameters, as the registry writes them."""
    model = Of(lambda m, x: call(m.fc(x)), fc=nn.Linear(4, 6), call=call if isinstance(call, nn.Module) else None)
    assert [function for _, function, _, _ in listed(seen(model))] == [label]


def test_pre_activations_are_measured() -> None:
    """The model's inputs are not changed."""
    model = chain(inplace=True)
    x = torch.randn(300, 4)
    z = model[0](x).detach().double()
    own = {"1": ("relu", z.numpy()), "3": ("tanh", model[2](torch.relu(z.float())).detach().double().numpy())}
    with watch(model, every=1) as w:
        for part in x.split(100):
            model(part)
    found, told = w.diagnosis().layers, diagnose(own).layers
    for a, b in zip(found, told, strict=True):
        assert (a.name, a.function, a.samples, a.dead_neurons) == (b.name, b.function, b.samples, b.dead_neurons)
        assert a.vanishing_ratio == b.vanishing_ratio
        assert a.mean_abs_gradient == pytest.approx(b.mean_abs_gradient, rel=1e-6)


@pytest.mark.parametrize("every", [1, 3])
def test_the_loss_is_the_same_to_the_last_bit(every: int) -> None:
    """With dropout, which draws the same random numbers, and a module that is recognised by trying it."""

    def losses(watched: bool) -> list[float]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 16), Swish(), nn.Dropout(0.5), nn.Linear(16, 8), nn.ReLU(True), nn.RReLU())
        optimizer = torch.optim.Adam(model.parameters())
        found = []

        def step() -> None:
            loss = model(torch.randn(8, 4)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            found.append(loss.item())

        if not watched:
            [step() for _ in range(7)]
            return found
        with watch(model, every=every, gradients=True) as w:
            [step() for _ in range(7)]
        assert [one.step for one in w.history] == list(range(0, 7, every))
        return found

    assert losses(True) == losses(False)


def test_the_gradient_of_the_loss_is_exact() -> None:
    """Even if a ReLU works in place, and however small; the ratio is that of the first layer to the last."""
    for inplace in (False, True):
        model = chain(inplace)
        w = seen(model, gradients=True)
        torch.manual_seed(1)
        x = torch.randn(10, 4)
        a = model[0](x)
        b = model[2](torch.relu(a))
        y = model[4](torch.tanh(b)).square().sum()
        expected = [float(g.double().square().mean().sqrt()) for g in torch.autograd.grad(y, (a, b))]
        layers = w.diagnosis().layers
        assert [layer.gradient_rms for layer in layers] == pytest.approx(expected, rel=1e-6)
        assert w.diagnosis().gradient_ratio == pytest.approx(expected[0] / expected[1], rel=1e-6)
    far = Of(lambda m, x: torch.tanh(m.fc(x)) * 1e-15, fc=nn.Linear(4, 3))
    (layer,) = seen(far, gradients=True).diagnosis().layers
    assert 0.0 < (layer.gradient_rms or 0.0) < 1e-25


def test_a_vanished_gradient_is_a_verdict() -> None:
    """Through ten layers of sigmoid, the first gets a millionth of the gradient of the last."""
    torch.manual_seed(0)
    model = nn.Sequential(*[part for _ in range(10) for part in (nn.Linear(16, 16), nn.Sigmoid())])
    layers = seen(model, 20, 16, gradients=True).diagnosis().layers
    assert layers[0].verdict == "critical"
    assert any("the gradient of the loss" in reason for reason in layers[0].reasons)


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.compile(chain(), backend="eager"),
        lambda: nn.Sequential(torch.compile(chain(), backend="eager")),
        lambda: torch.jit.script(chain()),
        lambda: torch.jit.trace(chain(), torch.randn(2, 4)),
        lambda: 3,
    ],
)
def test_opaque_models_are_refused(make: Callable[[], Any]) -> None:
    """Compiled, scripted, traced, not a module: before the first step, with the way out."""
    with pytest.raises(UsageError, match="\n"):
        watch(make())


def test_a_module_compiled_in_place_is_refused() -> None:
    model = chain()
    model.compile(backend="eager")
    with pytest.raises(UsageError, match=r"before torch\.compile"):
        watch(model)


def test_a_model_that_is_compiled_while_watched_is_reported() -> None:
    model = chain()
    with watch(model, every=1) as w:
        torch.compile(model, backend="eager")(torch.randn(3, 4))
    with pytest.raises(DataError, match="uncompiled"):
        w.diagnosis()


def test_a_compiled_function_inside_is_seen() -> None:
    """At watched steps it runs uncompiled."""
    compiled = torch.compile(torch.relu, backend="eager")
    assert listed(seen(Of(lambda m, x: compiled(m.fc(x)), fc=nn.Linear(4, 3)))) == [("fc.relu", "relu", 10, 3)]


def test_hidden_activations_are_reported() -> None:
    """Recurrent cells and scripted parts, each by its name; alone they are an error that says so."""
    model = Of(lambda m, x: torch.sigmoid(m.out(m.rnn(x)[0])), rnn=nn.LSTM(4, 4), out=nn.Linear(4, 1))
    w = seen(model, 5, 3, 4)
    assert listed(w) == [("out.sigmoid", "sigmoid", 5, 1)]
    assert w.hidden == ("rnn.lstm: its activations are inside one operator",)
    with pytest.raises(DataError, match="scripted"):
        seen(nn.Sequential(torch.jit.script(chain()))).diagnosis()
    with pytest.raises(DataError, match="gru"):
        seen(nn.GRU(4, 4)).diagnosis()
    each = Of(lambda m, x: torch.func.vmap(lambda row: torch.relu(m.fc(row)))(x), fc=nn.Linear(4, 3))
    with pytest.raises(DataError, match=r"fc\.relu: torch\.func|relu: torch\.func"):
        seen(each).diagnosis()


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpointing_is_counted_once(reentrant: bool) -> None:
    """The second forward, in the backward pass, does not count; if dL/dx cannot be known, a note says so."""
    from torch.utils.checkpoint import checkpoint

    part = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
    model = Of(lambda m, x: checkpoint(m.part, m.fc(x), use_reentrant=reentrant), fc=nn.Linear(4, 8), part=part)
    w = seen(model, gradients=True)
    assert listed(w) == [("part.1", "relu", 10, 8)]
    known = w.diagnosis().layers[0].gradient_rms is not None
    assert known is not reentrant
    assert bool(w.hidden) is reentrant


def test_a_shared_module_is_a_layer_at_each_place() -> None:
    """With two widths, in a loop; a layer that is applied repeatedly is one layer."""

    def forward(m: Any, x: Any) -> Any:
        for part in (m.a, m.b):
            x = m.act(part(x))
        return x

    model = Of(forward, a=nn.Linear(4, 8), b=nn.Linear(8, 5), act=nn.ReLU())
    assert listed(seen(model)) == [("act", "relu", 10, 8), ("act after b", "relu", 10, 5)]

    def recurrent(m: Any, x: Any) -> Any:
        h = x[:, 0]
        for t in range(x.shape[1]):
            h = torch.tanh(m.w(x[:, t]) + m.u(h))
        return h

    assert listed(seen(Of(recurrent, w=nn.Linear(4, 4), u=nn.Linear(4, 4)), 3, 5, 4)) == [("tanh", "tanh", 15, 4)]


def test_neurons_are_channels_or_features() -> None:
    """The channels of a convolution, the features of a sequence, even after a sum or with channels last."""
    conv = Of(lambda m, x: torch.relu(m.c(x) + x), c=nn.Conv1d(4, 4, 3, padding=1))
    assert listed(seen(conv, 2, 4, 7)) == [("relu", "relu", 2, 4)]
    sequence = Of(lambda m, x: torch.relu(m.l(x)), l=nn.Linear(7, 5))
    assert listed(seen(sequence, 2, 4, 7)) == [("l.relu", "relu", 2, 5)]
    last = Of(lambda m, x: F.gelu(m.l(x.permute(0, 2, 3, 1))), l=nn.Linear(3, 5))
    assert listed(seen(last, 2, 3, 4, 4)) == [("l.gelu", "gelu", 2, 5)]
    single = Of(lambda m, x: torch.sigmoid(m.l(x).squeeze(-1)), l=nn.Linear(4, 1))
    assert listed(seen(single)) == [("sigmoid", "sigmoid", 10, 1)]


def test_heads_and_gates_are_distinguished_from_hidden_layers() -> None:
    """By what comes after them; a stack is a chain, unless something bypasses or normalises it."""

    def forward(m: Any, x: Any) -> Any:
        x = torch.relu(m.a(x))
        return torch.sigmoid(m.out(x * torch.sigmoid(m.gate(x)))).squeeze(-1)

    w = seen(Of(forward, a=nn.Linear(4, 8), gate=nn.Linear(8, 8), out=nn.Linear(8, 1)))
    assert [layer.role for layer in w.diagnosis().layers] == ["hidden", "gate", "head"]
    assert w.diagnosis().layers[0].cumulative_mean_gradient is None
    assert seen(chain()).diagnosis().layers[0].cumulative_mean_gradient is not None
    skip = Of(lambda m, x: torch.relu(m.a(x)) + x, a=nn.Linear(4, 4))
    assert seen(nn.Sequential(skip, nn.Linear(4, 4), nn.ReLU())).diagnosis().layers[0].cumulative_mean_gradient is None


def test_silu_by_hand_is_a_gate() -> None:
    """In a product x * sigmoid(x) the sigmoid is seen, as a gate, though nothing comes after it."""
    by_hand = Of(lambda m, x: m.fc(x) * torch.sigmoid(m.fc(x)), fc=nn.Linear(4, 3))
    assert [(layer.function.label, layer.role) for layer in seen(by_hand).diagnosis().layers] == [("sigmoid", "gate")]


def test_a_failed_forward_leaves_nothing_behind() -> None:
    """The user's error passes through; no hook or mode remains, in and after the loop."""

    def forward(m: Any, x: Any) -> Any:
        torch.relu(x)
        raise ValueError("of the user")

    model = Of(forward)
    with watch(model, every=1):
        for _ in range(2):
            with pytest.raises(ValueError, match="of the user"):
                model(torch.randn(3, 4))
    assert not model._forward_hooks
    assert not model._forward_pre_hooks
    assert not torch.overrides._get_current_function_mode_stack()


def test_evaluation_in_a_training_loop_is_left_out() -> None:
    """Its forwards are not steps; a model that is only evaluated is watched in evaluation."""
    model = chain()
    with watch(model, every=2) as w:
        for _ in range(3):
            model.train()(torch.randn(3, 4))
            model.eval()(torch.randn(3, 4))
    assert [one.step for one in w.history] == [0, 2]
    with watch(model, every=2) as w:
        model(torch.randn(3, 4))
    assert w.diagnosis().layers[0].samples == 3
    with watch(model.train(), every=1) as w:
        model.eval()(torch.randn(3, 4))
    with pytest.raises(DataError, match=r"model\.eval"):
        w.diagnosis()


def test_mixed_precision_is_seen() -> None:
    w_of = chain()
    with watch(w_of, every=1, gradients=True) as w, torch.autocast("cpu", dtype=torch.bfloat16):
        w_of(torch.randn(5, 4)).sum().backward()
    assert [function for _, function, _, _ in listed(w)] == ["relu", "tanh"]


def test_a_gate_ends_the_training() -> None:
    """At the step where it fails, naming the layer; an unknown gate or a pattern that matches no layer is an error."""
    model = chain()
    nn.init.constant_(model[0].bias, -100.0)
    with pytest.raises(GateError, match=r"step 0: 1: dead_neuron_ratio is 1, above 0\.5"):
        seen(model, raise_on={"max_dead": 0.5})
    assert not model._forward_hooks
    with pytest.raises(UsageError, match="gates: max_dead"):
        watch(model, raise_on={"max": 0.5})
    for limit in (50, "half", float("nan")):
        with pytest.raises(UsageError, match="max_dead is a number from 0 to 1"):
            watch(model, raise_on={"max_dead": limit})  # type: ignore[dict-item]
    with pytest.raises(UsageError, match="layers: 1, 3"):
        seen(model, layers="9")
    assert [name for name, *_ in listed(seen(model, layers="3"))] == ["3"]


def test_reset_forgets_and_nothing_is_kept_alive() -> None:
    """No tensor of a forward is kept between steps."""
    import gc

    model = chain()
    with watch(model, every=1, gradients=True) as w:
        for _ in range(3):
            model(torch.randn(5, 4)).sum().backward()
        gc.collect()
        held = [x for x in gc.get_objects() if type(x) is torch.Tensor and x.shape == (5, 8)]
        assert not held
        assert len(w.history) == 3
        w.reset()
        assert w.history == ()
        with pytest.raises(DataError):
            w.diagnosis()
