"""Rules whose gradients are clipped by their norm over the whole model."""

from dsl.combine import clipped_by_global_norm, zclip
from dsl.program import Program
from dsl.zoo.adaptive.adam import adamw
from dsl.zoo.entry import Dense, entry
from dsl.zoo.plain.sgd import sgd

_C = clipped_by_global_norm.numbers
_PASCANU = "On the difficulty of training Recurrent Neural Networks (Pascanu et al.)"


@entry(
    paper=_PASCANU,
    year=2013,
    reference=Dense(at={"lr": 0.05, "c": 0.75}),
    hypers=_C,
)
def sgd_clipped_by_global_norm() -> Program:
    """SGD, clipped: gradients above a norm are scaled down to it.

    The norm is over all tensors; no eps, where PyTorch's function adds 1e-6 to it. Weight decay is
    coupled and added after the clipping.
    """
    return clipped_by_global_norm(sgd.program)


@entry(
    paper=_PASCANU,
    year=2013,
    reference=Dense(at={"c": 0.75}),
    hypers=_C,
)
def adamw_clipped_by_global_norm() -> Program:
    """AdamW, clipped: gradients above a norm are scaled down to it before the averages.

    The norm is over all tensors; no eps there. Otherwise AdamW: eps is added to the corrected root,
    weight decay is decoupled.
    """
    return clipped_by_global_norm(adamw.program)


@entry(
    paper="ZClip: Adaptive Spike Mitigation for LLM Pre-Training (Kumar et al.)",
    year=2025,
    reference=Dense(at={"lr": 0.05, "c": 1.25, "z": 0.5, "a": 0.75, "factor": 0.9, "warmup": 6}),
    hypers=zclip.numbers,
)
def sgd_zclip() -> Program:
    """SGD with ZClip: gradients whose norm is an outlier of its own history are scaled down.

    The authors' defaults: a spike is cut the lower the higher it rose, it takes part in mean and
    variance as cut, and the first 25 steps are clipped at `c` alone. Their 1e-6 stands in three
    denominators. Weight decay is coupled and added after the clipping.
    """
    return zclip(sgd.program)
