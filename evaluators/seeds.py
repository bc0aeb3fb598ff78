"""The source of all randomness: pure functions of the campaign's seed and a number.

Candidate i draws from (seed, i), whoever computes it and when. Seeds of evaluations come from
ranges that share no number, one for each purpose: so the finals never meet a seed that the search
or the baseline's tuning has seen, and a comparison none that any campaign has.
"""

from functools import lru_cache

import numpy as np

_MUTATION, _EVALUATION, _SETTINGS = 0, 1, 2
_BITS = 29
_SEARCH, _BASELINE, _FINAL, _COMPARISON, _VALIDATION, _START, _REDUCTION, _TRIAL = range(8)
"""Purposes; each has the range of 2**29 seeds that begins at its number times 2**29."""

COMPARISON_TUNING_SEEDS = tuple(range(_COMPARISON << _BITS, (_COMPARISON << _BITS) + 5))
"""Seeds that a comparison tunes every rule on; no campaign draws from their range."""

START_SEEDS = tuple(range(_START << _BITS, (_START << _BITS) + 64))
"""Seeds that the rates of start programs are found on, the same for every campaign, so that what
one campaign found serves the next."""


def candidate_rng(seed: int, index: int) -> np.random.Generator:
    """The generator that candidate `index` is drawn with."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, _MUTATION, index))))


def settings_rng(seed: int, index: int) -> np.random.Generator:
    """The generator that other numbers for candidate `index` are drawn with."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, _SETTINGS, index))))


def trial_seeds(seed: int, generation: int, count: int) -> tuple[int, ...]:
    """Seeds that the numbers of new programs of one generation are chosen on."""
    return _draw(seed, _TRIAL, generation, count)


def search_seeds(seed: int, generation: int, count: int) -> tuple[int, ...]:
    """Seeds that the candidates of one generation are evaluated on."""
    return _draw(seed, _SEARCH, generation, count)


def baseline_seeds(seed: int, count: int) -> tuple[int, ...]:
    """Seeds that the baseline is tuned on."""
    return _draw(seed, _BASELINE, 0, count)


def final_seeds(seed: int, count: int) -> tuple[int, ...]:
    """Fresh seeds for the finalists; fewer are the beginning of more."""
    return _draw(seed, _FINAL, 0, count)


def reduction_seeds(seed: int, batch: int, count: int) -> tuple[int, ...]:
    """Seeds for the finalists without this or that; new ones for every batch of runs."""
    return _draw(seed, _REDUCTION, batch, count)


def validation_seeds(
    seed: int, stage: int, tuning: int, measuring: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Seeds to tune on and seeds to measure on for a suite of other tasks; none is in both."""
    drawn = _draw(seed, _VALIDATION, stage, tuning + measuring)
    return drawn[:tuning], drawn[tuning:]


def comparison_seeds(count: int) -> tuple[int, ...]:
    """Fresh seeds of a comparison, on which nothing is tuned; fewer are the beginning of more."""
    first = (_COMPARISON << _BITS) + (1 << (_BITS - 1))
    return tuple(range(first, first + count))


@lru_cache(maxsize=64)
def _draw(seed: int, purpose: int, number: int, count: int) -> tuple[int, ...]:
    """Distinct seeds below 2**32, in a range of their own for each purpose."""
    sequence = np.random.SeedSequence((seed, _EVALUATION, purpose, number))
    rng = np.random.Generator(np.random.PCG64(sequence))
    seeds: dict[int, None] = {}
    while len(seeds) < count:
        seeds[(purpose << _BITS) | int(rng.integers(1 << _BITS))] = None
    return tuple(seeds)
