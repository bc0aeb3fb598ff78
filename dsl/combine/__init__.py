"""Combinators: functions of a program, and numbers, that give a program.

    recipe = warmup(cosine(clipped_by_global_norm(adamw, c=1)), warmup=100)

What comes out is an ordinary program: it prints, parses, simplifies, runs and exports like one that
was written by hand.

graph.py       operations on whole programs: put one into another, rename, fix hyperparameters
streams.py     the streams of noise that programs draw from, kept apart
combinator.py  combinators declared by the piece of program that each adds

and combinators by what they act on:

clipping.py    gradients made smaller where they are too large
variance.py    gradients with less noise
direction.py   noise or decay added, a component taken out, entries masked
schedules.py   learning rates that change with the step
tables.py      a hyperparameter that follows a recorded table; refinement.py makes one from a run
codec.py       slots held in eight bits
averaged.py    averages of the parameters, at which a program is evaluated
lookahead.py   slow parameters, which a program's are drawn back to
local.py       workers that run a program on their own and meet now and then
mechanic.py    a learned scale for the steps of any program
manifolds.py   manifolds for rules on the rows of tensors
"""

from dsl.combine.averaged import averaged, averaged_evenly
from dsl.combine.clipping import clipped_by_global_norm, clipped_by_norm, zclip
from dsl.combine.codec import in_eight_bits
from dsl.combine.combinator import COMBINATORS, Combinator, after, before
from dsl.combine.direction import (
    cautious,
    coupled_decay,
    decoupled_decay,
    gradient_noise,
    perp_grad,
)
from dsl.combine.graph import fix, follow, rename, store, substitute
from dsl.combine.local import local_steps
from dsl.combine.lookahead import lookahead
from dsl.combine.mechanic import mechanic, mechanize
from dsl.combine.refinement import refined
from dsl.combine.schedules import cosine, linear_decay, uba, warmup
from dsl.combine.tables import tabulated
from dsl.combine.variance import variance_reduced, variance_reduced_exactly

__all__ = [
    "COMBINATORS",
    "Combinator",
    "after",
    "averaged",
    "averaged_evenly",
    "before",
    "cautious",
    "clipped_by_global_norm",
    "clipped_by_norm",
    "cosine",
    "coupled_decay",
    "decoupled_decay",
    "fix",
    "follow",
    "gradient_noise",
    "in_eight_bits",
    "linear_decay",
    "local_steps",
    "lookahead",
    "mechanic",
    "mechanize",
    "perp_grad",
    "refined",
    "rename",
    "store",
    "substitute",
    "tabulated",
    "uba",
    "variance_reduced",
    "variance_reduced_exactly",
    "warmup",
    "zclip",
]
