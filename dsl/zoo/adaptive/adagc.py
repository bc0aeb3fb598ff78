"""AdaGC."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    equal,
    global_norm,
    interp,
    maximum,
    minimum,
    norm,
    scalar,
    sqrt,
    square,
    where,
    zeros,
)
from dsl.zoo.entry import Reference, entry


@entry(
    paper="AdaGC: Improving Training Stability for Large Language Model Pretraining (Wang et al.)",
    year=2025,
    reference=Reference(
        "pytorch_optimizer:AdaGC",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "beta": "b3",
            "eps": "eps",
            "weight_decay": "wd",
            "lambda_abs": "absolute",
            "lambda_rel": "relative",
            "warmup_steps": "warmup",
            "weight_decouple": True,
            "foreach": False,
        },
        at={"absolute": 0.25, "warmup": 10, "b3": 0.9},
        agrees=1e-9,
        note="keeps the norm of the model's gradient in float32, which makes 3e-10",
    ),
    hypers={
        "b3": Hyper("decay of the average norm of a tensor's gradient", 0, 1),
        "absolute": Hyper("largest norm of the model's gradient in the warm-up"),
        "relative": Hyper("largest norm of a tensor's gradient, as a multiple of its average"),
        "warmup": Hyper("first step after the warm-up", 1, whole=True),
    },
)
def adagc(
    w, g, t, m=zeros, v=zeros, size=scalar(0),
    *, lr=1e-3, b1=0.9, b2=0.999, b3=0.98, eps=1e-8, wd=0.1,
    absolute=1.0, relative=1.05, warmup=100,
):  # fmt: skip
    """AdaGC: AdamW on gradients that are clipped, tensor by tensor, at about their average norm.

    In the warm-up the gradient of the model is clipped as a whole, and the least norm that a tensor
    has then is where its average begins. The average is of clipped norms. eps is added to Adam's
    corrected root, to the norm of the model's gradient, and is the least norm and average that
    counts. Weight decay is decoupled and reads the parameters before the step.
    """
    early = t < maximum(warmup, 2)
    whole = minimum(absolute / (global_norm(g) + eps), 1)
    part = minimum(relative * maximum(size, eps) / maximum(norm(g), eps), 1)
    g = where(early, whole, part) * g
    least = where(equal(t, 1), norm(g), minimum(size, norm(g)))
    size = where(early, least, interp(norm(g), size, b3))
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    u = m / (1 - b1**t) / (sqrt(v / (1 - b2**t)) + eps)
    return lr * (u + wd * w)
