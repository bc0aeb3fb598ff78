"""SAM's kin: other ascents, and other uses of the two gradients."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    dot,
    every,
    first_g,
    global_dot,
    global_norm,
    grad_at,
    interp,
    maximum,
    norm,
    when,
    where,
    zeros,
)
from dsl.zoo.entry import Dense, entry

_RHO = {"rho": Hyper("radius of the ascent")}


@entry(
    paper="Friendly Sharpness-Aware Minimization (Li et al.)",
    year=2024,
    reference=Dense(at={"sigma": 0.75}),
    hypers={
        **_RHO,
        "b2": Hyper("decay of the average gradient", 0, 1),
        "sigma": Hyper("part of the average gradient that the ascent leaves out"),
    },
)
def friendly_sam(
    w, g, t, m=zeros, past=first_g,
    *, lr=0.1, b1=0.9, b2=0.6, eps=1e-12, wd=5e-4, rho=0.05, sigma=1.0,
):  # fmt: skip
    """Friendly SAM: SAM whose ascent goes along what is the batch's own in the gradient.

    The average of gradients so far is subtracted from the gradient before it takes part in the
    average; the first ascent goes along the gradient itself. The length is measured over the whole
    model; eps is added to the norm. Heavy ball takes the step; weight decay is coupled and reads
    the parameters before the ascent.
    """
    own = g - where(t > 1, sigma, 0) * past
    past = interp(g, past, b2)
    e = rho / (global_norm(own) + eps) * own
    m = b1 * m + grad_at(w + e) + wd * w
    return lr * m


@entry(
    paper="Sharpness-Aware Minimization Revisited: Weighted Sharpness as a Regularization Term "
    "(Yue et al.)",
    year=2023,
    reference=Dense(),
    hypers={**_RHO, "gamma": Hyper("weight of the sharpness; 1/2 for SAM's", 0, 1)},
)
def wsam(w, g, m=zeros, *, lr=0.01, b1=0.9, eps=1e-12, wd=5e-4, rho=0.05, gamma=0.9):
    """WSAM: heavy ball plus a multiple of the change of the gradient along SAM's ascent.

    The change, which is the gradient of the sharpness, is no part of the momentum; its factor is
    gamma / (1 - gamma). The length of the ascent is measured over the whole model; eps is added to
    the norm. Weight decay is coupled and reads the parameters before the ascent.
    """
    e = rho / (global_norm(g) + eps) * g
    m = b1 * m + g + wd * w
    return lr * (m + gamma / (1 - gamma) * (grad_at(w + e) - g))


@entry(
    paper="Towards Efficient and Scalable Sharpness-Aware Minimization (Liu et al.)",
    year=2022,
    reference=Dense(
        at={"period": 4},
        ranks=(1, 2, 3, 4),
        undefined="nothing but rounding is at right angles to the gradient of a number",
    ),
    hypers={
        **_RHO,
        "alpha": Hyper("length of the kept part, as a part of the gradient's"),
        "period": Hyper("steps from one ascent to the next", 1, whole=True),
    },
)
def looksam(
    w, g, t, m=zeros, kept=zeros,
    *, lr=0.1, b1=0.9, eps=1e-12, wd=5e-4, rho=0.05, alpha=0.7, period=10,
):  # fmt: skip
    """LookSAM: SAM on every period-th step, between them the gradient plus what SAM would change.

    That is kept from the last ascent: the part of its gradient at right angles to the gradient
    before it, tensor by tensor. It is added at alpha times the norm of the present gradient, and
    1e-8 is added to its own. eps is added to the norm of the ascent, over the whole model, and
    bounds that of a tensor's gradient from below. Heavy ball takes the step; weight decay is
    coupled and reads the parameters before the ascent.
    """
    turn = every(t, period, 1)
    e = rho / (global_norm(g) + eps) * g
    sharp = when(turn, grad_at(w + e), g)
    unit = g / maximum(norm(g), eps)
    kept = when(turn, sharp - dot(unit, sharp) * unit, kept)
    between = g + alpha * norm(g) / (norm(kept) + 1e-8) * kept
    m = b1 * m + where(turn, sharp, between) + wd * w
    return lr * m


@entry(
    paper="Surrogate Gap Minimization Improves Sharpness-Aware Training (Zhuang et al.)",
    year=2022,
    reference=Dense(),
    hypers={**_RHO, "alpha": Hyper("weight of the surrogate gap")},
)
def gsam(w, g, m=zeros, *, lr=0.1, b1=0.9, eps=1e-12, wd=5e-4, rho=0.05, alpha=0.4):
    """GSAM: SAM less a part of the gradient at right angles to the one at the end of the ascent.

    So the gap between the two losses falls and the loss uphill does not rise. Norms and angles are
    those of the whole model; eps is added to each norm that divides, and to the product of both.
    The radius of the ascent is constant here; in the paper it falls with the rate. Heavy ball takes
    the step; weight decay is coupled and reads the parameters before the ascent.
    """
    size = global_norm(g)
    sharp = grad_at(w + rho / (size + eps) * g)
    length = global_norm(sharp)
    cosine = global_dot(g, sharp) / (size * length + eps)
    upright = g - cosine * size / (length + eps) * sharp
    m = b1 * m + (sharp - alpha * upright) + wd * w
    return lr * m
