#!/usr/bin/python3
"""Makes tests/golden/torch.json: what PyTorch says of the activations, losses, optimisers and schedules of Inkling.

Debian's python3-torch computes everything in double precision, from inputs and options that a float holds exactly, and
nine digits are written: the vectors' own error is below a tenth of a float's rounding. What PyTorch 1.13 has not
(lion, muon, the focal loss, warm-up) is written here in its operations, from the papers. Matrices are written as
Inkling keeps them, (inputs, outputs). Run from the repository's root; the same bytes come out every time:
    tools/make_golden_torch.py tests/golden
"""
import json
import math
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

SEED = 13
STEPS = 12
CHECKED = [1, 2, 5, 12]  # the steps after which weights are written


def single(x):
    """The float nearest to x, as a double: what Inkling's options and weights can be."""
    return float(np.float32(x))


# ---- activations ----

ACTIVATIONS = {
    "linear": lambda z: z * 1.0,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "gelu_tanh": lambda z: F.gelu(z, approximate="tanh"),
    "silu": F.silu,
    "mish": F.mish,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "scaled_tanh": lambda z: 1.7159 * torch.tanh(2 * z / 3),
    "softplus": F.softplus,
}
# Tiny ones, where differences cancel; ordinary ones; large ones, where exponentials overflow and functions saturate.
MAGNITUDES = [1e-20, 1e-6, 1e-4, 1e-3, 0.01, 0.1, 0.25, 0.4, 0.6, 0.8, 1, 1.3, 1.7, 2.1, 2.7, 3.3, 4, 5, 6.5, 8, 9.5,
              12, 25, 60, 100]


def activations():
    z = [single(-m) for m in reversed(MAGNITUDES)] + [0.0] + [single(m) for m in MAGNITUDES]
    result = {"z": z}
    for name, f in ACTIVATIONS.items():
        x = torch.tensor(z, requires_grad=True)
        a = f(x)
        a.sum().backward()
        result[name] = {"a": a.tolist(), "slope": x.grad.tolist()}
    return result


# ---- losses: of a network without hidden layers, so that its logits are known ----

INK = 3
IMAGES, INPUTS, CLASSES = 6, 5, 4


def targets_of(labels, partners, mix, smoothing, binary):
    onehot = F.one_hot(labels, CLASSES) * 1.0
    if partners is not None:
        onehot = mix * onehot + (1 - mix) * F.one_hot(partners, CLASSES)
    return (1 - smoothing) * onehot + smoothing / (2 if binary else CLASSES)


def loss_of(logits, case, labels, partners):
    """Mean loss, and the images' own where no class weights are."""
    kind, mix = case["kind"], case.get("lambda", 1.0)
    smoothing, gamma = case.get("label_smoothing", 0.0), case.get("focal_gamma", 2.0)
    weights = torch.tensor(case["class_weights"]) if "class_weights" in case else None
    mixed = partners if "lambda" in case else None
    soft = targets_of(labels, mixed, mix, smoothing, kind == "binary_cross_entropy")
    w = torch.ones(CLASSES) if weights is None else weights
    if kind == "cross_entropy":
        # PyTorch's own smoothing and weighting; class probabilities as targets where labels are mixed
        target = labels if mixed is None else targets_of(labels, mixed, mix, 0, False)
        each, mean = (torch.nn.CrossEntropyLoss(weight=weights, label_smoothing=smoothing, reduction=r)(logits, target)
                      for r in ("none", "mean"))
    elif kind == "focal":
        log_p = F.log_softmax(logits, 1)
        each = -(soft * w * (1 - log_p.exp()) ** gamma * log_p).sum(1)
        mean = each.sum() / w[labels].sum()
    elif kind == "binary_cross_entropy":
        each = torch.nn.BCEWithLogitsLoss(weight=weights, reduction="none")(logits, soft).mean(1)
        mean = torch.nn.BCEWithLogitsLoss(weight=weights)(logits, soft)
    else:
        each = (torch.nn.MSELoss(reduction="none")(logits, soft) * w).mean(1)
        mean = torch.nn.MSELoss()(logits, soft) if weights is None else each.mean()
    return mean, each


def losses():
    rng = np.random.default_rng(SEED)
    pixels = rng.integers(0, 256, size=(IMAGES, INPUTS))
    pixels[rng.random(pixels.shape) < 0.2] = 0
    W = rng.integers(-60, 61, size=(INPUTS, CLASSES)) / 64  # exact in a float
    b = rng.integers(-60, 61, size=CLASSES) / 64
    labels = torch.tensor([0, 3, 1, 1, 2, 0])
    partners = torch.tensor([2, 3, 0, 1, 1, 3])

    some = [single(w) for w in (0.5, 2.0, 0.7, 1.3)]
    with_zero = [1.5, 0.0, 1.0, 0.25]
    s = single(0.1)
    lam = single(0.3)
    cases = []
    for kind, extras in (("cross_entropy", [{}]), ("focal", [{"focal_gamma": 2.0}, {"focal_gamma": 0.5}]),
                         ("binary_cross_entropy", [{}]), ("mean_squared_error", [{}])):
        for extra in extras:
            for more in ({}, {"label_smoothing": s}, {"class_weights": some},
                         {"class_weights": with_zero, "label_smoothing": s}, {"lambda": lam},
                         {"lambda": lam, "label_smoothing": s}, {"scale": 8}):
                cases.append({"kind": kind, **extra, **more})

    for case in cases:
        scale = case.get("scale", 1)  # steep logits: probabilities close to 0 and 1
        x = torch.tensor(pixels) * INK / 255.0
        logits = (x @ torch.tensor(W * scale) + torch.tensor(b * scale)).requires_grad_()
        mean, each = loss_of(logits, case, labels, partners)
        mean.backward()
        case["loss"] = mean.item()
        if "class_weights" not in case:
            case["each"] = each.tolist()
        case["dz"] = logits.grad.flatten().tolist()
        most = targets_of(labels, partners if "lambda" in case else None, case.get("lambda", 1.0), 0, False).argmax(1)
        case["correct"] = int((logits.argmax(1) == most).sum())  # where labels are mixed: the one that has the most
    return {"ink": INK, "pixels": pixels.tolist(), "weight": W.tolist(), "bias": b.tolist(), "labels": labels.tolist(),
            "partners": partners.tolist(), "cases": cases}


# ---- optimisers: twelve steps with gradients that are given ----

UNIT = 128  # initial weights, gradients, ... are whole numbers over this


def network(rng, widths):
    """A network's table as Inkling orders it, and numbers for each parameter."""
    count = sum(i * o + o for i, o in zip(widths, widths[1:]))
    gradients = rng.integers(-255, 256, size=(STEPS, count))
    gradients[rng.random(gradients.shape) < 0.03] = 0
    gradients[0:3, 1] = 0  # a parameter without a gradient for a while
    gradients[:, 2] = 0    # and one that never has any
    return {"widths": widths, "initial": rng.integers(-200, 201, size=count).tolist(), "gradients": gradients.tolist()}


def tensors_of(flat, widths):
    """Weights as PyTorch keeps them, (outputs, inputs), and biases."""
    result, at = [], 0
    for i, o in zip(widths, widths[1:]):
        result.append(flat[at:at + i * o].reshape(i, o).T.contiguous())
        result.append(flat[at + i * o:at + i * o + o].clone())
        at += i * o + o
    return result


def flat_of(tensors):
    return torch.cat([t.T.flatten() if t.dim() == 2 else t for t in tensors])


class Lion:
    """Chen et al. 2023, algorithm 2; decay is put in by the caller."""

    def __init__(self, params, lr, betas):
        self.param_groups = [{"params": params, "lr": lr}]
        self.betas, self.m = betas, [torch.zeros_like(p) for p in params]

    def step(self):
        for p, m in zip(self.param_groups[0]["params"], self.m):
            update = self.betas[0] * m + (1 - self.betas[0]) * p.grad
            # a sign that hangs by a rounding would be no test
            assert ((update == 0) | (update.abs() > 1e-5)).all()
            p.sub_(update.sign(), alpha=self.param_groups[0]["lr"])
            m.mul_(self.betas[1]).add_(p.grad, alpha=1 - self.betas[1])


class Muon:
    """Jordan 2024, kellerjordan.github.io/posts/muon; decay is put in by the caller."""

    def __init__(self, params, lr, momentum):
        self.param_groups = [{"params": params, "lr": lr}]
        self.mu, self.m = momentum, [torch.zeros_like(p) for p in params]

    @staticmethod
    def orthogonal(G):
        X = G / (G.norm() + 1e-7)
        if tall := G.shape[0] > G.shape[1]:
            X = X.T
        for _ in range(5):
            A = X @ X.T
            X = 3.4445 * X + (-4.7750 * A + 2.0315 * A @ A) @ X
        return X.T if tall else X

    def step(self):
        for p, m in zip(self.param_groups[0]["params"], self.m):  # (outputs, inputs)
            m.mul_(self.mu).add_(p.grad)
            update = self.orthogonal(p.grad + self.mu * m)
            p.sub_(update, alpha=self.param_groups[0]["lr"] * max(1, p.shape[0] / p.shape[1]) ** 0.5)


def optimizers_of(case, weights, biases):
    """The optimisers that make the case's, each with its factor to the rate; and whether they decay weights."""
    option = {"momentum": 0.9, "beta1": 0.9, "beta2": 0.999, "alpha": 0.99, "epsilon": 1e-8, "weight_decay": 0,
              "muon_adamw_rate": 0.05, "history": 100}
    option = {key: case.get(key, single(value)) for key, value in option.items()}
    kind, every, lr = case["kind"], weights + biases, case["learning_rate"]
    betas, eps, decay = (option["beta1"], option["beta2"]), option["epsilon"], option["weight_decay"]
    optim = torch.optim
    if kind == "adamw":  # PyTorch's own decay
        groups = [{"params": weights, "weight_decay": decay}, {"params": biases, "weight_decay": 0.0}]
        return [(optim.AdamW(groups, lr=lr, betas=betas, eps=eps), 1)], True
    if kind == "muon":
        return [(Muon(weights, lr, option["momentum"]), 1),
                (optim.AdamW(biases, lr=lr, betas=betas, eps=eps, weight_decay=0), option["muon_adamw_rate"])], False
    made = {
        "sgd": lambda: optim.SGD(every, lr=lr),
        "momentum": lambda: optim.SGD(every, lr=lr, momentum=option["momentum"]),
        "nesterov": lambda: optim.SGD(every, lr=lr, momentum=option["momentum"], nesterov=True),
        "rmsprop": lambda: optim.RMSprop(every, lr=lr, alpha=option["alpha"], eps=eps),
        "adagrad": lambda: optim.Adagrad(every, lr=lr, eps=eps),
        "adam": lambda: optim.Adam(every, lr=lr, betas=betas, eps=eps),
        "lion": lambda: Lion(every, lr, betas),
        "rprop": lambda: optim.Rprop(every, lr=lr),
    }[kind]()
    return [(made, 1)], False


def run_with_gradients(case, net):
    widths = net["widths"]
    tensors = tensors_of(torch.tensor(net["initial"]) / UNIT, widths)
    weights, biases = tensors[0::2], tensors[1::2]
    parts, decays = optimizers_of(case, weights, biases)
    case["weights"], largest = {}, 0
    for t in range(STEPS):
        before = flat_of(tensors)
        rate = case["rates"][t] if "rates" in case else case["learning_rate"]
        for tensor, grad in zip(tensors, tensors_of(torch.tensor(net["gradients"][t]) / UNIT, widths)):
            tensor.grad = grad
        if not decays:
            for w in weights:
                w.mul_(1 - rate * case.get("weight_decay", 0))
        for part, factor in parts:
            for group in part.param_groups:
                group["lr"] = rate * factor
            part.step()
        after = flat_of(tensors)
        largest = max(largest, (after - before).abs().max().item())
        if t + 1 in CHECKED:
            case["weights"][str(t + 1)] = after.tolist()
    case["largest_step"] = largest


def run_lbfgs(case, net, curvature, target):
    """objective = sum curvature (w - target)^2 / 2"""
    widths = net["widths"]
    tensors = [t.requires_grad_() for t in tensors_of(torch.tensor(net["initial"]) / UNIT, widths)]
    c, a = (tensors_of(torch.tensor(v) / UNIT, widths) for v in (curvature, target))
    made = torch.optim.LBFGS(tensors, lr=case["learning_rate"], max_iter=1, history_size=case.get("history", 100),
                             tolerance_grad=0, tolerance_change=0)

    def objective():
        made.zero_grad()
        value = sum((c_ * (t - a_) ** 2).sum() / 2 for c_, t, a_ in zip(c, tensors, a))
        value.backward()
        return value

    case["weights"], case["objectives"], largest = {}, [], 0
    for t in range(STEPS):
        with torch.no_grad():
            before = flat_of(tensors)
        value = made.step(objective)
        gradient = flat_of([t.grad for t in tensors])
        with torch.no_grad():
            after = flat_of(tensors)
            moved = after - before
        largest = max(largest, moved.abs().max().item())
        # falls as Armijo asks, with much to spare (he asks for 0.0001): no step is to be halved
        assert (objective() - value).item() < 0.02 * (gradient @ moved).item() < 0, t
        case["objectives"].append(value.item())
        if t + 1 in CHECKED:
            case["weights"][str(t + 1)] = after.tolist()
    case["largest_step"] = largest


def optimizers():
    rng = np.random.default_rng(SEED)
    nets = [network(rng, [5, 4, 3]), network(rng, [3, 7, 4])]
    count = len(nets[0]["initial"])
    curvature = rng.integers(64, 513, size=count).tolist()
    target = rng.integers(-200, 201, size=count).tolist()
    decay = {"weight_decay": single(0.1)}
    falling = {"rates": [single(0.05 * 0.8 ** t) for t in range(STEPS)]}
    coarse = {"epsilon": single(0.3)}  # so that its place can be seen
    rate = lambda r: {"learning_rate": single(r)}
    cases = [
        {"name": "sgd", "kind": "sgd", **rate(0.1)},
        {"name": "sgd_decay", "kind": "sgd", **rate(0.1), **decay},
        {"name": "momentum", "kind": "momentum", **rate(0.05)},
        {"name": "momentum_falling", "kind": "momentum", **rate(0.05), **decay, **falling},
        {"name": "nesterov", "kind": "nesterov", **rate(0.05), "momentum": single(0.8), **decay},
        {"name": "rmsprop", "kind": "rmsprop", **rate(0.01)},
        {"name": "rmsprop_coarse", "kind": "rmsprop", **rate(0.03), "alpha": single(0.9), **coarse, **decay},
        {"name": "adagrad", "kind": "adagrad", **rate(0.05)},
        {"name": "adagrad_coarse", "kind": "adagrad", **rate(0.05), **coarse, **decay},
        {"name": "adam", "kind": "adam", **rate(0.01)},
        {"name": "adam_coarse", "kind": "adam", **rate(0.05), "beta1": single(0.8), "beta2": single(0.95), **coarse,
         **decay},
        {"name": "adamw_falling", "kind": "adamw", **rate(0.05), **decay, **falling},
        {"name": "lion", "kind": "lion", **rate(0.01), "beta2": single(0.99), **decay},
        {"name": "muon", "kind": "muon", **rate(0.02), **decay},
        {"name": "muon_wide", "kind": "muon", "net": 1, **rate(0.1), "momentum": single(0.8), "muon_adamw_rate": 0.25},
        {"name": "rprop", "kind": "rprop", **rate(0.01)},
    ]
    for case in cases:
        run_with_gradients(case, nets[case.get("net", 0)])
    quadratic = [
        {"name": "lbfgs", "kind": "lbfgs", **rate(1)},
        {"name": "lbfgs_short_memory", "kind": "lbfgs", **rate(0.75), "history": 3},
    ]
    for case in quadratic:
        run_lbfgs(case, nets[0], curvature, target)
    return {"unit": UNIT, "nets": nets, "curvature": curvature, "target": target, "cases": cases, "lbfgs": quadratic}


# ---- schedules ----

EPOCHS, STEPS_PER_EPOCH = 17, 3


def schedules():
    schedule = torch.optim.lr_scheduler
    total = EPOCHS * STEPS_PER_EPOCH
    # falls, stays, falls by less than a ten-thousandth, rises, falls by a little more than that, and is 0 in the end
    watched = [2.0, 1.0, 1.0, 0.99995, 1.2, 0.5, 0.6, 0.7, 0.8, 0.49999, 0.4999, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert len(watched) == EPOCHS
    made = {
        "constant": lambda o, c: schedule.ConstantLR(o, factor=1),
        "step": lambda o, c: schedule.StepLR(o, c["step_epochs"], c["gamma"]),
        "exponential": lambda o, c: schedule.ExponentialLR(o, c["gamma"]),
        "cosine": lambda o, c: schedule.CosineAnnealingLR(o, total, c.get("lowest", 0)),
        "one_cycle": lambda o, c: schedule.OneCycleLR(o, c["learning_rate"], total, cycle_momentum=False),
        "reduce_on_plateau": lambda o, c: schedule.ReduceLROnPlateau(o, factor=c["gamma"], patience=c["patience"],
                                                                     min_lr=c.get("lowest", 0)),
    }
    rate = {"learning_rate": single(0.1)}
    cases = [
        {"kind": "constant", **rate},
        {"kind": "constant", **rate, "warmup": 7},
        {"kind": "step", **rate, "gamma": single(0.3), "step_epochs": 4},
        {"kind": "exponential", **rate, "gamma": single(0.8)},
        {"kind": "exponential", **rate, "gamma": single(0.8), "warmup": 5},
        {"kind": "cosine", **rate},
        {"kind": "cosine", **rate, "lowest": single(0.01), "warmup": 5},
        {"kind": "one_cycle", **rate},
        {"kind": "reduce_on_plateau", **rate, "gamma": single(0.5), "patience": 1},
        {"kind": "reduce_on_plateau", **rate, "gamma": single(0.1), "patience": 2, "lowest": single(0.004),
         "warmup": 2},
    ]
    for case in cases:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=case["learning_rate"])
        watch = made[case["kind"]](optimizer, case)
        warmup = case.get("warmup", 0)
        case["rates"] = []
        for s in range(total):
            lr = optimizer.param_groups[0]["lr"]
            case["rates"].append(lr * (s + 1) / warmup if s < warmup else lr)
            optimizer.step()
            ends_epoch = s % STEPS_PER_EPOCH == STEPS_PER_EPOCH - 1
            if case["kind"] in ("cosine", "one_cycle"):
                if s + 1 < total:
                    watch.step()
            elif ends_epoch:
                watch.step(*([watched[s // STEPS_PER_EPOCH]] if case["kind"] == "reduce_on_plateau" else []))
    return {"total_steps": total, "steps_per_epoch": STEPS_PER_EPOCH, "watched": watched, "cases": cases}


def text(value, depth=0):
    """JSON with nine digits a number, one line an entry of the two outer levels."""
    if isinstance(value, float):
        assert math.isfinite(value)
        return f"{value:.9g}"
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}:{text(v, depth + 1)}" for key, v in value.items()]
    elif isinstance(value, (list, tuple)):
        parts = [text(v, depth + 1) for v in value]
    else:
        return json.dumps(value)
    many = depth < 2 or (depth == 2 and isinstance(value, list) and isinstance(value[0], dict))
    begin, end = "{}" if isinstance(value, dict) else "[]"
    return begin + ("\n" if many else "") + (",\n" if many else ",").join(parts) + end


def main():
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    golden = {"torch": torch.__version__, "activations": activations(), "losses": losses(), "optimizers": optimizers(),
              "schedules": schedules()}
    content = text(golden) + "\n"
    json.loads(content)
    assert len(content) < 100_000, len(content)
    pathlib.Path(sys.argv[1], "torch.json").write_text(content)


if __name__ == "__main__":
    main()
