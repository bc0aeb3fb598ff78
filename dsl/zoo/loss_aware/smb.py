"""Stochastic model building."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import dot, equal, global_norm, grad_at, loss_at, maximum, norm, square, when
from dsl.zoo.entry import Dense, entry


@entry(
    paper="Bolstering Stochastic Gradient Descent with Model Building (Birbil et al.)",
    year=2024,
    reference=Dense(at={"lr": 0.5, "c": 0.8, "eta": 0.75}),
    hypers={
        "c": Hyper("part of the decrease promised by the gradient that a trial has to reach", 0, 1),
        "eta": Hyper("bounds the length of a step of the model", 0, 1),
    },
)
def smb(w, g, loss, *, lr=1.0, c=0.1, eta=0.99):
    """SMB: a step along the gradient, or where it does not lower the loss enough, a model's step.

    The trial is judged on the loss of the whole model by Armijo's condition, and taken where the
    gradient is below 1e-8 too. Otherwise each tensor has a quadratic model of its own, made from
    the gradients at both points, whose minimum is known in closed form; it may bend the direction
    besides shortening it. All is asked of one batch: a loss on every step, a gradient where the
    trial fails. The rate stays as given (the authors' code may adapt it). A tensor whose gradient
    is 0 while the trial fails becomes 0/0.
    """
    s = -lr * g
    size = global_norm(g)
    trial = loss_at(w + s)
    wanted = loss - c * lr * square(size)
    taken = maximum(maximum(trial < wanted, equal(trial, wanted)), size < 1e-8)

    y = grad_at(w + s) - g
    ys, yg, sg = dot(y, s), dot(y, g), dot(s, g)
    ss, yy = square(norm(s)), square(norm(y))
    sigma = 0.5 * (norm(s) * (norm(y) + norm(g) / eta) - ys)
    k = ys + 2 * sigma
    theta = square(k) - ss * yy
    cg = -ss / (2 * sigma)
    cs = cg / theta * (yy * sg - k * yg)
    cy = cg / theta * (ss * yg - k * sg)
    return when(taken, -s, -(cg * g + cs * s + cy * y))
