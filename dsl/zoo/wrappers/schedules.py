"""SGD under schedules of its rate over the horizon T."""

from dsl.combine import cosine, linear_decay, uba, warmup
from dsl.program import Program
from dsl.zoo.entry import Dense, entry
from dsl.zoo.plain.sgd import sgd


@entry(
    paper="Optimal Linear Decay Learning Rate Schedules and Further Refinements (Defazio et al.)",
    year=2023,
    reference=Dense(at={"lr": 0.05}),
)
def sgd_linear_decay() -> Program:
    """SGD with linear decay: the rate times 1 - t / T, which makes the last iterate optimal.

    Steps count from 1, so step T and later ones do not move. Weight decay is coupled.
    """
    return linear_decay(sgd.program)


@entry(
    paper="SGDR: Stochastic Gradient Descent with Warm Restarts (Loshchilov and Hutter)",
    year=2017,
    reference=Dense(at={"lr": 0.05, "lr_min": 0.01}),
    hypers=cosine.numbers,
)
def sgd_cosine() -> Program:
    """SGD with cosine annealing: the rate falls to `lr_min` along half a period of a cosine.

    One cycle over T steps, without restarts; the first step has the whole rate, and step T is one
    short of the end. Weight decay is coupled.
    """
    return cosine(sgd.program)


@entry(
    paper="Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour (Goyal et al.)",
    year=2017,
    reference=Dense(at={"lr": 0.05, "warmup": 20}),
    hypers=warmup.numbers,
)
def sgd_warmup() -> Program:
    """SGD with gradual warm-up: the rate grows from step to step until it is whole.

    The first step has the part 1 / warmup of it, step `warmup` all. The paper warms up for five
    epochs, whatever number of steps that is, and starts at the rate of one worker. Weight decay is
    coupled.
    """
    return warmup(sgd.program)


@entry(
    paper="Stepsize anything: A unified learning rate schedule for budgeted-iteration training "
    "(Tang et al.)",
    year=2025,
    reference=Dense(
        at={"lr": 0.05, "lr_min": 0.01, "phi": 0.5},
        doubts="the equation is that of others' code; the authors' was not seen",
    ),
    hypers=uba.numbers,
)
def sgd_uba() -> Program:
    """SGD with the unified budget-aware schedule: one shape for every length of training.

    Between constant with a drop at the end (phi near 0), cosine (phi 2) and an early fall (above).
    One phase over T steps; the first step has the whole rate. Weight decay is coupled.
    status: unverified
    """
    return uba(sgd.program)
