"""AMSGrad in three forms that differ by their bias corrections, and AdamNC of the same paper.

| rule          | momentum  | running maximum of        | maximum   |
|---------------|-----------|---------------------------|-----------|
| amsgrad_paper | as it is  | the second moment         | as it is  |
| amsgrad_torch | corrected | the second moment         | corrected |
| amsgrad_optax | corrected | the corrected one         | as it is  |

The second moment grows from 0 while its correction shrinks, so the maxima are of different steps.
"""

from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, maximum, sqrt, square, zeros
from dsl.zoo.entry import Dense, Reference, entry

_PAPER = "On the Convergence of Adam and Beyond (Reddi, Kale and Kumar)"
_OPTAX = {"learning_rate": "lr", "b1": "b1", "b2": "b2", "eps": "eps"}
_AT = {"b2": 0.9}
"""Second moments that fall again within a comparison, so that their maximum is another number."""


@entry(
    paper=_PAPER,
    year=2018,
    reference=Reference(
        "optax:amsgrad",
        {**_OPTAX, "bias_correction_mu": False, "bias_correction_nu": False},
        at=_AT,
    ),
)
def amsgrad_paper(w, g, m=zeros, v=zeros, top=zeros, *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    """AMSGrad: momentum over the root of the largest second moment so far, without corrections.

    The paper's Algorithm 2 with a constant b1 and without a projection; its rate is any schedule,
    1 / sqrt(t) in the analysis. eps is added to the root; the paper has none.
    """
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    top = maximum(top, v)
    return lr * m / (sqrt(top) + eps)


@entry(
    paper=_PAPER,
    year=2018,
    reference=Reference(
        "torch.optim:Adam",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "amsgrad": True,
        },
        at=_AT,
    ),
)
def amsgrad_torch(
    w, g, t, m=zeros, v=zeros, top=zeros, *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0
):
    """AMSGrad in PyTorch: the largest uncorrected second moment, corrected where it is used.

    The correction shrinks on every step, so the denominator may fall, which AMSGrad is meant to
    rule out. eps is added to the corrected root. Weight decay is coupled.
    """
    g = g + wd * w
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    top = maximum(top, v)
    return lr * (m / (1 - b1**t) / (sqrt(top / (1 - b2**t)) + eps))


@entry(paper=_PAPER, year=2018, reference=Reference("optax:amsgrad", _OPTAX, at=_AT))
def amsgrad_optax(w, g, t, m=zeros, v=zeros, top=zeros, *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    """AMSGrad in Optax: the largest of the bias-corrected second moments.

    The denominator never falls, and a large first gradient stays in it at its full size. eps is
    added to the root.
    """
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    top = maximum(top, v / (1 - b2**t))
    return lr * (m / (1 - b1**t) / (sqrt(top) + eps))


@entry(
    paper=_PAPER,
    year=2018,
    reference=Dense(at={"lam": 0.95}),
    hypers={"lam": Hyper("factor on b1 from step to step", 0, 1)},
)
def adamnc(w, g, t, m=zeros, v=zeros, *, lr=1e-3, b1=0.9, eps=1e-8, lam=1 - 1e-8):
    """AdamNC: Adam whose second average forgets nothing, which makes it Adagrad with momentum.

    The paper's Algorithm 3 with the rates of its corollary: b2 is 1 - 1/t, b1 fades by lam and the
    rate by sqrt(t), which cancels in lr / sqrt(t * v) with the sum of squares. No bias correction
    and no projection. eps is added to the root of the average; the paper has none, nor a default
    for lam (Adam's is used).
    """
    m = interp(g, m, b1 * lam ** (t - 1))
    v = interp(square(g), v, 1 - 1 / t)
    return lr / sqrt(t) * m / (sqrt(v) + eps)
