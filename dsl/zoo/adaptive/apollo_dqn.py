"""Apollo, the quasi-Newton method."""

from dsl.ops import abs, dot, maximum, sqrt, square, sum, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Apollo: An Adaptive Parameter-wise Diagonal Quasi-Newton Method for Nonconvex "
    "Stochastic Optimization (Ma)",
    year=2020,
    reference=Reference(
        "pytorch_optimizer:ApolloDQN",
        {
            "lr": "lr",
            "beta": "b1",
            "eps": "eps",
            "weight_decay": "wd",
            "warmup_steps": 1,
            "foreach": False,
        },
    ),
)
def apollo_dqn(
    w, g, t, m=zeros, b=zeros, u=zeros, *, lr=1e-2, b1=0.9, eps=1e-4, wd=0.0
):  # fmt: skip
    """Apollo-DQN: momentum over a diagonal of the Hessian that past steps and gradients agree with.

    Tensor by tensor, the diagonal moves by the least that makes it fit the change of the gradient
    along the last direction, which is scaled by its 4-norm plus 100 eps. Magnitudes of the diagonal
    count as 0.01 at least: the constant rebound. Momentum is bias-corrected. Weight decay is
    coupled. The library warms up its rate for 500 steps; here that is a schedule's task.
    """
    g = g + wd * w
    change = g - m
    part = (1 - b1) / (1 - b1**t)
    size = sqrt(sqrt(sum(square(square(u))))) + eps / 0.01
    u = u / size
    m = m + part * change
    b = b - (part * dot(change, u) / size + sum(b * square(u))) * square(u)
    u = m / maximum(abs(b), 0.01)
    return lr * u
