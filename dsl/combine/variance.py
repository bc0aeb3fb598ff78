"""Gradients with less noise, before a program sees them."""

from dsl.combine.combinator import before
from dsl.language.hyperparameters import Hyper
from dsl.ops import copy_w, grad_at, when, zeros

_GAMMA = {"gamma": Hyper("scale of the variance reduction")}


@before("g", shared=("b1",), numbers=_GAMMA)
def variance_reduced(g, last=zeros, *, b1=0.95, gamma=0.025):
    """Gradients pushed along their change since the last step (MARS, Yuan et al. 2025).

    By `gamma` times b1 / (1 - b1), with the program's momentum `b1`; the last gradient, that of
    another batch, is 0 at first. MARS-AdamW is this on an AdamW whose gradients are clipped to norm
    1 in each tensor; the authors' form for matrices clips on request only.
    """
    c = g + gamma * b1 / (1 - b1) * (g - last)
    last = g
    return c


@before("g", shared=("b1",), numbers=_GAMMA)
def variance_reduced_exactly(w, g, t, before=copy_w, *, b1=0.95, gamma=0.025):
    """Gradients pushed along their change since the last parameters, on the present batch.

    The exact form of `variance_reduced`: it takes a second pass over the batch, and on the first
    step the gradient at the last parameters counts as 0.
    """
    there = when(t > 1, grad_at(before), 0)
    before = w
    return g + gamma * b1 / (1 - b1) * (g - there)
