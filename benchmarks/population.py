"""Programs such as a search meets: bred by mutation, without selection, from rules of the zoo."""

from collections.abc import Iterator

import numpy as np

from dsl import canonical
from dsl.program import Program
from dsl.zoo import ZOO
from evaluators.checks import refused_by
from search.config import MutationConfig, PrimitivesConfig
from search.mutation import Mutator, PrimitiveSampler, SearchSpace

STARTS = ("adamw", "lion", "sgd", "rmsprop", "nadam", "adabelief")
CHANGES = 30
"""Mutations between a start and a program that is taken."""
ATTEMPTS = 200
"""Mutations that may make a program longer before it is given up."""


def mutator(statements: int) -> Mutator:
    """The mutations of a campaign with default settings, up to a number of statements."""
    mutation = MutationConfig.of_declared()()
    sampler = PrimitiveSampler(PrimitivesConfig().table())
    return Mutator(SearchSpace(sampler, statements, mutation.max_slots), mutation.kinds())


def bred(seed: int, statements: int = 20) -> Iterator[Program]:
    """Programs of exactly `statements` statements that drifted away from the starts through ones
    that pass the free checks, as the members of a population do; at the end they drift among
    equals, to the length of programs that are as long as they may be. Dead statements count.
    """
    rng, drift = np.random.default_rng(seed), mutator(statements)
    while True:
        start = STARTS[rng.integers(len(STARTS))]
        program = ZOO[start]
        for _ in range(CHANGES):
            child, _ = drift.mutate(program, rng, start)
            program = program if refused_by(canonical(child)) else child
        form = canonical(program)
        for _ in range(ATTEMPTS):
            child, _ = drift.mutate(program, rng, start)
            longer = len(program.statements) < len(child.statements) <= statements
            program = child if longer and canonical(child) == form else program
        if len(program.statements) == statements:
            yield program


def relatives(seed: int, carried: frozenset[str], changes: int = 4) -> Iterator[Program]:
    """Programs a few mutations away from the starts, in canonical form, that pass the free checks
    and apply only primitives of `carried`: as long as those of a young population, quick to draw.
    """
    rng, vary = np.random.default_rng(seed), mutator(statements=20)
    while True:
        start = STARTS[rng.integers(len(STARTS))]
        program = ZOO[start]
        for _ in range(changes):
            program, _ = vary.mutate(program, rng, start)
        form = canonical(program)
        if carried.issuperset(each.op for each in form.statements) and not refused_by(form):
            yield form


def live(seed: int, statements: int = 20) -> Iterator[Program]:
    """Programs of exactly `statements` statements in canonical form that pass the free checks:
    every statement matters, and no two are the same."""
    rng, drift = np.random.default_rng(seed), mutator(statements)
    while True:
        start = STARTS[rng.integers(len(STARTS))]
        program = canonical(ZOO[start])
        for _ in range(ATTEMPTS):
            child = canonical(drift.mutate(program, rng, start)[0])
            longer = len(program.statements) < len(child.statements) <= statements
            if longer and not refused_by(child):
                program = child
        if len(program.statements) == statements:
            yield program
