"""Mechanic around base rules, in the authors' form and in Optax's."""

from dsl.combine import fix, mechanic, mechanize, rename
from dsl.language.hyperparameters import Hyper
from dsl.program import Program
from dsl.zoo.adaptive.adam import adamw
from dsl.zoo.entry import Dense, Reference, entry
from dsl.zoo.plain.sgd import sgd
from dsl.zoo.structure.lion import lion

_PAPER = "Mechanic: A Learning Rate Tuner (Cutkosky et al.)"
_HYPERS = {
    "lr": Hyper("rate of the base rule; its schedule matters, its size hardly does"),
    "s_init": mechanic.numbers["s_init"],
    "s_decay": mechanic.numbers["s_decay"],
}
_HYPERS_WITH_EPS = {**_HYPERS, "eps_1": Hyper("Mechanic's own eps")}
_AT = {"s_init": 0.01, "s_decay": 0.1}
_AT_WITH_EPS = {**_AT, "eps_1": 1e-3}


def _optax(base: str, eps: str, near: float = 1.0) -> Reference:
    """Optax's wrapper around an expression for the base rule."""
    arguments = {"weight_decay": "s_decay", "eps": eps, "s_init": "s_init"}
    return Reference(
        "optax.contrib:mechanize",
        {"base_optimizer": base, **arguments},
        at=_AT if eps == "eps" else _AT_WITH_EPS,
        near=near,
    )


@entry(paper=_PAPER, year=2023, reference=Dense(at=_AT), hypers=_HYPERS)
def mechanic_sgd() -> Program:
    """Mechanic over SGD: the sum of SGD's steps, scaled by what six coin betters have learned.

    The form of the authors' PyTorch code, which recomputes the sum of steps from the parameters;
    eps is added to the sum of scales, to a norm and to the roots. s_decay pulls along the
    parameters after SGD's step, and is no weight decay of SGD's, which has none here. mechanize_sgd
    is Optax's form.
    """
    return mechanic(fix(sgd.program.with_hyperparameters(lr=0.01), wd=0))


@entry(paper=_PAPER, year=2023, reference=Dense(at=_AT_WITH_EPS), hypers=_HYPERS_WITH_EPS)
def mechanic_adamw() -> Program:
    """Mechanic over AdamW: the sum of AdamW's steps, scaled by what six coin betters have learned.

    The authors' form, as mechanic_sgd. eps is AdamW's, added to its corrected root, and eps_1
    Mechanic's. Weight decay is AdamW's, a part of the steps that are scaled; s_decay pulls the
    scale besides.
    """
    return mechanic(adamw.program)


@entry(paper=_PAPER, year=2023, reference=Dense(at=_AT_WITH_EPS), hypers=_HYPERS_WITH_EPS)
def mechanic_lion() -> Program:
    """Mechanic over Lion: the sum of Lion's steps, scaled by what six coin betters have learned.

    The authors' form, as mechanic_sgd; eps_1 is Mechanic's. Weight decay is Lion's, a part of the
    steps that are scaled; s_decay pulls the scale besides.
    """
    return rename(mechanic(lion.program), eps="eps_1")


@entry(
    paper=_PAPER,
    year=2023,
    reference=_optax("optax.sgd(lr)", "eps", near=0.25),
    hypers=_HYPERS,
)
def mechanize_sgd() -> Program:
    """Mechanic over SGD in Optax's form: bets are clipped at the largest product so far.

    Unlike in mechanic_sgd rewards may be negative, scales start at s_init, the product counts as
    eps more where its largest is kept, and s_decay pulls along the parameters before the step. It
    is no weight decay of SGD's, which has none here.
    """
    return mechanize(fix(sgd.program.with_hyperparameters(lr=0.01), wd=0))


@entry(
    paper=_PAPER,
    year=2023,
    reference=_optax("optax.adamw(lr, b1=b1, b2=b2, eps=eps, weight_decay=wd)", "eps_1"),
    hypers=_HYPERS_WITH_EPS,
)
def mechanize_adamw() -> Program:
    """Mechanic over AdamW in Optax's form: bets are clipped at the largest product so far.

    As mechanize_sgd. eps is AdamW's, added to its corrected root, and eps_1 Mechanic's. Weight
    decay is AdamW's, a part of the steps that are scaled.
    """
    return mechanize(adamw.program)


@entry(
    paper=_PAPER,
    year=2023,
    reference=_optax("optax.lion(lr, b1=b1, b2=b2, weight_decay=wd)", "eps_1"),
    hypers=_HYPERS_WITH_EPS,
)
def mechanize_lion() -> Program:
    """Mechanic over Lion in Optax's form: bets are clipped at the largest product so far.

    As mechanize_sgd; eps_1 is Mechanic's. Weight decay is Lion's, a part of the steps that are
    scaled.
    """
    return rename(mechanize(lion.program), eps="eps_1")
