"""Rules whose direction is changed: projected, masked, noisy."""

from dsl.combine import cautious, decoupled_decay, fix, gradient_noise, perp_grad
from dsl.program import Program
from dsl.zoo.adaptive.adam import adam
from dsl.zoo.entry import Dense, Reference, entry
from dsl.zoo.plain.sgd import sgd
from dsl.zoo.structure.lion import lion

_CAUTIOUS = "Cautious Optimizers: Improving Training with One Line of Code (Liang et al.)"


@entry(
    paper="Grokking at the Edge of Numerical Stability (Prieto et al.)",
    year=2025,
    reference=Dense(at={"lr": 0.05}),
)
def sgd_perp_grad() -> Program:
    """SGD with perpGrad: the gradient loses what is along the parameters, and keeps its norm.

    The released form: tensor by tensor, the rest scaled to the old norm, where the paper's equation
    is the projection alone. A gradient along the parameters is dropped, as libraries do, where the
    authors scale up the rounding that is left of it; so a single number does not move. 1e-30 keeps
    the denominators from zero. Weight decay is coupled and added after the projection, so it is
    along the parameters all the same.
    """
    return perp_grad(sgd.program)


@entry(
    paper="Adding Gradient Noise Improves Learning for Very Deep Networks (Neelakantan et al.)",
    year=2015,
    reference=Dense(at={"lr": 0.05}),
    hypers=gradient_noise.numbers,
)
def sgd_gradient_noise() -> Program:
    """SGD with gradient noise: normal noise whose variance falls with a power of the step.

    Of the paper's choices 0.01, 0.3 and 1 for eta the first is the default. Steps count from 1
    here, so that the noise of its step 0 is that of the first. Weight decay is coupled.
    """
    return gradient_noise(sgd.program)


@entry(paper=_CAUTIOUS, year=2024, reference=Dense())
def cautious_adamw_paper() -> Program:
    """Cautious AdamW: Adam's step without the entries that go up along the gradient.

    The others are scaled up by d / (kept + 1), the paper's form; the authors' code divides by the
    mean of the mask instead, at least 1e-3. eps is added to the corrected root. Weight decay is
    decoupled and not masked.
    """
    return decoupled_decay(cautious(fix(adam.program, wd=0)), wd=1e-2)


@entry(
    paper=_CAUTIOUS,
    year=2024,
    reference=Reference(
        "pytorch_optimizer:Lion",
        {
            **{"lr": "lr", "betas": ("b1", "b2"), "weight_decay": "wd", "weight_decouple": True},
            **{"cautious": True, "foreach": False},
        },
    ),
)
def cautious_lion() -> Program:
    """Cautious Lion: signs that oppose the gradient's are left out.

    The others are scaled up by d / (kept + 1), tensor by tensor. Weight decay is decoupled and not
    masked.
    """
    return decoupled_decay(cautious(fix(lion.program, wd=0)))
