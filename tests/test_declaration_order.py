"""Hashes, mutants, opcodes and laws do not depend on the order in which modules are imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

REPORT = """
import hashlib
import pkgutil
import random

shuffle = random.Random({seed}).shuffle
in_order = pkgutil.walk_packages


def out_of_order(*args, **kwargs):
    found = list(in_order(*args, **kwargs))
    if {seed}:
        shuffle(found)
    return found


pkgutil.walk_packages = out_of_order

import numpy as np

import dsl
from dsl.combine import COMBINATORS
from dsl.language.initialisers import INITIALISERS
from dsl.language.kinds import KINDS
from dsl.language.registry import PRIMITIVES, Domain
from dsl.rewrite.laws import declared_laws
from dsl.run.machine.opcodes import opcodes
from dsl.zoo import ZOO
from evaluators import registry
from search.config import Config
from search.strategies import STRATEGIES


def told(what, *values):
    text = "\\n".join(map(str, values))
    print(what, len(values), hashlib.sha256(text.encode()).hexdigest()[:16])


for name, hashed in dict(
    digest=lambda program: program.digest,
    canonical=dsl.canonical_hash,
    family=dsl.family,
    fingerprint=dsl.fingerprint,
).items():
    told(name, *(f"{{rule}} {{hashed(program)}}" for rule, program in ZOO.items()))
told("declared", *PRIMITIVES, *INITIALISERS, *COMBINATORS, *KINDS, *STRATEGIES)
told("tasks", *registry.declared())
told("laws", *(law.text for domain in Domain for law in declared_laws(domain)))
told("opcodes", *((op.name, op.form) for op in opcodes(tuple(PRIMITIVES))))
config = Config.model_validate(
    {{
        "campaign": "order",
        "tasks": [{{"name": "quadratic", "steps": 10}}],
        "budget": {{"candidates": 10}},
        "strategy": {{"kind": "random_search"}},
    }}
)
mutator, program, mutants = config.breeder().mutator, ZOO["adamw"], []
for number in range(300):
    rng = np.random.default_rng((5, number))
    program, mutation = mutator.mutate(program, rng, f"c{{number}}")
    mutants.append(f"{{program}} {{mutation}}")
told("mutants", *mutants)
"""


def report(seed: int) -> list[str]:
    found = subprocess.run(
        [sys.executable, "-c", REPORT.format(seed=seed)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(seed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.splitlines()


@pytest.fixture(scope="module")
def sorted_by_file_name() -> list[str]:
    return report(0)


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))]
)
def test_modules_may_be_imported_in_any_order(sorted_by_file_name, seed: int):
    assert report(seed) == sorted_by_file_name
