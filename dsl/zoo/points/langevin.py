"""Langevin dynamics."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import exp, interp, norm, normal, scalar, sqrt
from dsl.zoo.entry import Dense, entry


@entry(
    paper="Adaptive Stepsizing for Stochastic Gradient Langevin Dynamics in Bayesian Neural "
    "Networks (Rajpal et al.)",
    year=2025,
    reference=Dense(
        at={"lr": 2**-5, "alpha": 4, "low": 0.1, "r": 0.75, "s": 1.5, "temperature": 0.25},
        doubts="read from code that is probably the authors'",
    ),
    hypers={
        "lr": Hyper("step in the rescaled time: learning rate over number of examples"),
        "alpha": Hyper("how fast the average of the gradient's size forgets"),
        "low": Hyper("the least part of the step, where gradients are large"),
        "high": Hyper("the largest part of the step, where the gradient is 0"),
        "r": Hyper("how sharply the step answers to the average"),
        "s": Hyper("power of the gradient's norm"),
        "temperature": Hyper("temperature of the posterior: 1 to sample, 0 for descent"),
    },
)
def sa_sgld(
    w, g, z=scalar(1), *, lr=1e-3, alpha=1, low=1e-6, high=1, r=1, s=1, temperature=1
):  # fmt: skip
    """SA-SGLD: Langevin dynamics whose step shrinks, tensor by tensor, where gradients are large.

    g is the gradient of the potential, the loss summed over the data. An average over time of the
    gradient's norm, from 1, is turned into a part of the step between low and high; averages over
    the samples are to be weighted by that part. There is one draw of noise a step.

    status: unverified
    """
    z = interp(norm(g) ** s / alpha, z, exp(-alpha * lr))
    part = low * (z**r + high) / (z**r + low)
    dt = part * lr
    return dt * g - sqrt(2 * dt * temperature) * normal(0)
