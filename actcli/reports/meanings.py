"""What the fields of the JSON documents mean that are no field of a record which says so itself."""

from __future__ import annotations

DOCUMENTS = {
    "saturation": "saturation -f json: the regions, every layer and every neuron",
    "compare": "compare -f json: every function, and every layer under every function",
    "fit": "fit -f json: the parameters that bring a function closest to another, and the way to them",
    "run": "a line of what actcli.watch saves: every layer at one step of a training",
    "layers": "saturation --by layer -f json: a row a layer",
    "neurons": "saturation --by neuron -f json: a row a neuron",
    "regions": "saturation --by region -f json: a row a vanishing region",
    "rows": "any table as JSON, as of eval, grad, list and show: a row an object, its keys the columns",
}

# A field of an object that another word says more of is named with what holds it.
_MEANINGS = {
    "schema": "name and version of this form: the version changes when a field goes or changes its meaning",
    "function": "the function, as actcli names it",
    "functions": "each function by itself",
    "saturation.functions": "the functions of the layers, in the order of their first use",
    "name": "the name",
    "parameters": "the value of each parameter",
    "thresholds": "what counts as vanishing, saturated and dead",
    "rule": "the rule by which layers are judged",
    "definition": "what the rule says, with its limits",
    "source": "where it comes from",
    "regions": "the vanishing regions, by x ascending",
    "from": "where the region begins; unbounded: null in a document, -Infinity in a row",
    "to": "where the region ends; unbounded: null in a document, Infinity in a row",
    "kind": "zero: f' is 0 throughout; tail: it reaches to infinity or to the end of f's domain; stationary: it is "
    "bounded, around a zero of f'",
    "precision": "what a smaller precision loses (--dtype)",
    "dtype": "the precision",
    "zero_gradient": "where f' is 0 in that precision",
    "constant_output": "where f is constant in that precision",
    "gradient_falls_at": "the layer at which the product of mean|f'|, from the last layer back, falls below epsilon",
    "loss_gradient_ratio": "the rms of dL/dx of the first layer over that of the last, as the backward pass gave them",
    "layers": "the layers, first to last of the network",
    "compare.layers": "every layer under every function, those first that let most gradient through",
    "neurons": "every neuron of every layer",
    "layer": "after how many layers",
    "mean": "E[f(z)] over z ~ N(0, q)",
    "mean_square": "E[f(z)^2] over z ~ N(0, q)",
    "range": "the least and the largest value of f; null where it is unbounded",
    "at_zero": "f(0)",
    "monotone": "whether and how f is monotone",
    "max_abs_gradient": "sup|f'|; null where it is unbounded",
    "smoothness": "how many derivatives of f are continuous",
    "q": "variance of the normal distribution that the means are over",
    "fixed_point.q": "the variance of the pre-activations there; null where it grows for ever",
    "steps.q": "the variance of the pre-activations",
    "mean_square_gradient": "E[f'^2], over z ~ N(0, q) or over the layer's values",
    "gaussian_mean_square_gradient": "E[f'(z)^2] over the normal distribution of the variance mean_square",
    "he_gain": "sqrt(q / E[f(z)^2]): the gain of the weights that keeps the variance q",
    "chi_1": "what a layer of that gain multiplies the square of a gradient with",
    "critical_weight_variance": "1 / E[f'(z)^2]: the variance of the weights, times fan_in, that keeps gradients",
    "vanishing_depth": "the number of layers of the He gain after which a gradient is below 1e-7 of itself",
    "torch_gain": "what torch.nn.init.calculate_gain gives",
    "fixed_point": "where the length map of a network of these sigmas leads (--sigma-w)",
    "sigma_w": "the weights have variance sigma_w^2 / fan_in",
    "sigma_b": "the biases have variance sigma_b^2",
    "chi": "what a layer multiplies the square of a gradient with there",
    "phase": "ordered: gradients vanish with depth; chaotic: they explode; critical: neither; unbounded: q grows",
    "steps": "layer after layer of such a network (--depth)",
    "gradient_variance": "the square of a gradient that was 1 at the end and has come back through so many layers",
    "label": "the function with its parameters, as FUNCTION is written",
    "target": "the function, or the table of points, to come close to",
    "over": "the x that the distance is over",
    "fitted": "the names of the parameters that were fitted",
    "start": "the function as it was given",
    "end": "the function as it was found",
    "rms": "root of the mean of (f(x) - target(x))^2",
    "largest": "the largest |f(x) - target(x)|",
    "largest_at": "the x where it is",
    "gradient": "the largest derivative, in absolute value, of half the mean square by a fitted parameter",
    "trace": "every step of the way",
    "step": "number of the step, from 0",
    "run.step": "number of the forward, from 0",
    "by": "what made the step: start, the search or polish",
    "trace.parameters": "the fitted parameters after the step",
    "changes": "what another function would make of a layer",
}


def meaning(field: str, within: str) -> str:
    """What a field of an object that is held by the field `within` means. Each field must have a meaning, here or where
    it is declared."""
    return _MEANINGS.get(f"{within}.{field}") or _MEANINGS[field]
