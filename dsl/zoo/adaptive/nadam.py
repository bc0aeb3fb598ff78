"""Adam with Nesterov momentum: PyTorch's form, where momentum grows, and Optax's constant one."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, number, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry

_NADAM = "Incorporating Nesterov Momentum into Adam (Dozat)"


@entry(
    paper=_NADAM,
    year=2016,
    reference=Reference(
        "torch.optim:NAdam",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "momentum_decay": "psi",
        },
        note="keeps the product of momenta in float32, which makes 4e-11",
    ),
    hypers={"psi": Hyper("how soon the momentum grows from b1 / 2 to b1")},
)
def nadam(
    w, g, t, m=zeros, v=zeros, p=number(1),
    *, lr=2e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0, psi=4e-3,
):  # fmt: skip
    """Nadam: Adam that uses the momentum of the next step on this one, with momentum that grows.

    PyTorch's form: the average has the constant b1, and the schedule of the momentum stands in the
    weights of gradient and average only; the bias corrections are one minus products of it. eps is
    added to the corrected root. Weight decay is coupled.
    """
    g = g + wd * w
    k = b1 * (1 - 0.5 * 0.96 ** (t * psi))
    k_next = b1 * (1 - 0.5 * 0.96 ** ((t + 1) * psi))
    p = p * k
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    u = (1 - k) / (1 - p) * g + k_next / (1 - p * k_next) * m
    return lr * u / (sqrt(v / (1 - b2**t)) + eps)


@entry(
    paper=f"{_NADAM}, with the decay of AdamW (Loshchilov and Hutter)",
    year=2019,
    reference=Reference(
        "optax:nadamw",
        {"learning_rate": "lr", "b1": "b1", "b2": "b2", "eps": "eps", "weight_decay": "wd"},
    ),
)
def nadamw(w, g, t, m=zeros, v=zeros, *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=1e-4):
    """NadamW: Adam that looks one step of momentum ahead, with decoupled decay.

    Optax's form, with a constant momentum (Nadam's grows): the average is corrected as of the next
    step, the gradient as of this one. eps is added to the corrected root. Weight decay reads the
    parameters before the step.
    """
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    ahead = interp(g / (1 - b1**t), m / (1 - b1 ** (t + 1)), b1)
    return lr * (ahead / (sqrt(v / (1 - b2**t)) + eps) + wd * w)
