"""Distance over gradients: DoG, L-DoG, DoWG."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import copy_w, dot, global_dot, global_norm, maximum, norm, number, scalar, sqrt
from dsl.zoo.entry import Dense, Reference, entry

_DOG = "DoG is SGD's Best Friend: A Parameter-Free Dynamic Step Size Schedule (Ivgi et al.)"

_HYPERS = {
    "lr": Hyper("factor on the estimated rate; carries the schedule"),
    "reps_rel": Hyper("first distance, in norms of the first parameters plus one"),
}


@entry(
    paper=_DOG,
    year=2023,
    reference=Reference(
        "optax.contrib:dog",
        {
            "learning_rate": "lr",
            "eps": "eps",
            "weight_decay": "wd",
            "init_step": ("'heuristic'", "reps_rel"),
        },
        at={"reps_rel": 0.01},
    ),
    hypers=_HYPERS,
)
def dog(
    w, g, w0=copy_w, far=number(0), total=number(0),
    *, lr=1.0, eps=1e-8, wd=0.0, reps_rel=1e-6,
):  # fmt: skip
    """DoG: the largest distance from the start over the root of all gradients squared.

    The distance is at least reps_rel * (1 + norm of the first parameters), which makes the first
    step; eps is below the root, once. Weight decay is coupled (added to the gradient, and so part
    of its norm). The authors evaluate an average of the path, which is no part of the rule.
    """
    g = g + wd * w
    far = maximum(far, maximum(reps_rel * (1 + global_norm(w0)), global_norm(w - w0)))
    total = total + global_dot(g, g)
    return lr * (far / sqrt(total + eps)) * g


@entry(
    paper=_DOG,
    year=2023,
    reference=Dense(at={"reps_rel": 0.01}),
    hypers=_HYPERS,
)
def l_dog(
    w, g, w0=copy_w, far=scalar(0), total=scalar(0),
    *, lr=1.0, eps=1e-8, wd=0.0, reps_rel=1e-6,
):  # fmt: skip
    """L-DoG: DoG for each parameter tensor on its own.

    Distances, first ones included, and sums are those of the tensor; eps is below its root, once.
    Weight decay is coupled. The authors evaluate an average of the path, as for DoG.
    """
    g = g + wd * w
    far = maximum(far, maximum(reps_rel * (1 + norm(w0)), norm(w - w0)))
    total = total + dot(g, g)
    return lr * (far / sqrt(total + eps)) * g


@entry(
    paper="DoWG Unleashed: An Efficient Universal Parameter-Free Gradient Descent Method "
    "(Khaled et al.)",
    year=2023,
    reference=Reference(
        "optax.contrib:dowg", {"learning_rate": "lr", "eps": "eps", "weight_decay": "wd"}
    ),
    hypers={
        "lr": Hyper("factor on the estimated rate; carries the schedule"),
        "eps": Hyper("keeps the denominator from zero, and is the first squared distance"),
    },
)
def dowg(w, g, w0=copy_w, far2=number(0), total=number(0), *, lr=1.0, eps=1e-4, wd=0.0):
    """DoWG: DoG with the gradients in the sum weighted by the squared distance they were seen at.

    far2 is a squared distance, at least eps, which makes the first step; eps is added to the root
    too. Weight decay, Optax's and not the authors', is coupled (added to the gradient).
    """
    g = g + wd * w
    far2 = maximum(far2, maximum(eps, global_dot(w - w0, w - w0)))
    total = total + far2 * global_dot(g, g)
    return lr * (far2 / (sqrt(total) + eps)) * g
