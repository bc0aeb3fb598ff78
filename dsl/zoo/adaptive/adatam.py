"""AdaTAM."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry
from dsl.zoo.plain.tam import ALONG_ROWS, alignment


@entry(
    paper="Torque-Aware Momentum (Malviya et al.)",
    year=2024,
    reference=Reference(
        "pytorch_optimizer:AdaTAM",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "weight_decouple": True,
            "decay_rate": "gamma",
            "foreach": False,
        },
        ranks=(0, 1, 2),
        undefined=ALONG_ROWS,
    ),
    hypers={
        "eps": Hyper("keeps a denominator from zero; added to the weight of a gradient"),
        "gamma": Hyper("decay of the average alignment", 0, 1),
    },
)
def adatam(
    w, g, m=zeros, v=zeros, s=zeros,
    *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0, gamma=0.9,
):  # fmt: skip
    """AdaTAM: TAM's momentum over the root of the second moment of gradients.

    The momentum is a sum that fades by b1, not an average, and nothing is bias-corrected, so the
    first steps are long. Alignment is that of TAM: products of entries, scaled to norm 1 by
    columns. eps is added to the root, and to the weight of a gradient. Weight decay is decoupled
    and reads the parameters before the step.
    """
    s = interp(alignment(m, g), s, gamma)
    m = b1 * m + ((1 + s) / 2 + eps) * g
    v = interp(square(g), v, b2)
    return lr * (m / (sqrt(v) + eps) + wd * w)
