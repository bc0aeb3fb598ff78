"""AdaMax, with decay in either of its places."""

from dsl.combine import decoupled_decay, fix
from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, maximum, zeros
from dsl.program import Program
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Adam: A Method for Stochastic Optimization (Kingma and Ba)",
    year=2015,
    reference=Reference(
        "torch.optim:Adamax",
        {"lr": "lr", "betas": ("b1", "b2"), "eps": "eps", "weight_decay": "wd"},
    ),
    hypers={"b2": Hyper("decay of the largest magnitude", 0, 1)},
)
def adamax(w, g, t, m=zeros, v=zeros, *, lr=2e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0):
    """AdaMax: momentum over the largest of the past magnitudes, each faded by its age.

    Only the momentum is bias-corrected. eps is added to each magnitude before the maximum is taken,
    as PyTorch and Optax do; the paper has none. Weight decay is coupled.
    """
    g = g + wd * w
    m = interp(g, m, b1)
    v = maximum(b2 * v, abs(g) + eps)
    return lr / (1 - b1**t) * m / v


@entry(
    paper="Decoupled Weight Decay Regularization (Loshchilov and Hutter)",
    year=2019,
    reference=Reference(
        "optax:adamaxw",
        {"learning_rate": "lr", "b1": "b1", "b2": "b2", "eps": "eps", "weight_decay": "wd"},
    ),
    hypers={"b2": Hyper("decay of the largest magnitude", 0, 1)},
)
def adamaxw() -> Program:
    """AdaMaxW: AdaMax with decay on the parameters themselves, scaled by the rate but not adapted.

    The decay reads the parameters before the step; eps is added to each magnitude before the
    maximum is taken.
    """
    return decoupled_decay(fix(adamax.program, wd=0), wd=1e-4)
