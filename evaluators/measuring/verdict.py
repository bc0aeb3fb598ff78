"""A task as a proxy in plain words: good, weak or poor, and why."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from dsl.errors import counted
from evaluators.catalogue import TaskEntry
from evaluators.measuring.first_use import STRETCH, Measured
from evaluators.measuring.proxy import (
    SUITE,
    agreement,
    noise,
    spread,
    suite_agreements,
    suite_proxies,
    suite_scores,
)
from evaluators.measuring.ranking import RuleRuns
from evaluators.measuring.soundness import Soundness

GOOD, WEAK = 0.5, 0.25
"""The share of pairs of rules that a good proxy tells apart, and one that is not poor."""
_FLOORED = 2e-4
"""The share of the way to the floor that may be left to a run which counts as at the floor; scores
tell no more apart below half of it."""
_AGREES, _DISAGREES = 0.4, 0.0


@dataclass(frozen=True)
class Verdict:
    """The verdict on a task: a word, the reasons for it, and remarks that do not count."""

    word: str
    """good, weak or poor."""
    reasons: tuple[str, ...]
    remarks: tuple[str, ...]
    agreement: float | None
    """The rank correlation of the rules' scores with those on the suite; None if there is none."""


def judge(measured: Measured, found: Soundness) -> Verdict:
    """The verdict on a task that was measured."""
    task, proxy = measured.entry, measured.entry.proxy
    assert proxy is not None, "a task that was measured has been ranked"
    runs = measured.runs
    horizon = f"the horizon of {counted(task.horizon, 'step')}"
    word = "good" if proxy.told_apart >= GOOD else "weak" if proxy.told_apart >= WEAK else "poor"
    reasons = [_differences(runs, proxy.told_apart), _seeds(runs)]
    floored = [each.rule for each in runs if _at_floor(task, each)]
    if len(floored) > len(runs) / 3:
        word = "poor"
        reasons.append(
            f"It is too easy: {len(floored)} of {counted(len(runs), 'rule')} end on the floor, "
            f"where none can be better than another; a shorter horizon may tell them apart."
        )
    elif measured.stretched is not None:
        longer = f"{STRETCH * task.horizon} steps"
        if measured.stretched >= max(proxy.told_apart + 0.15, WEAK):
            reasons.append(
                f"The {horizon[4:]} is too short: after {longer} the same rules differ in "
                f"{_percent(measured.stretched)} of pairs."
            )
        else:
            reasons.append(
                f"A longer horizon does not help: after {longer} they differ in "
                f"{_percent(measured.stretched)} of pairs."
            )
    else:
        reasons.append(
            f"{horizon.capitalize()} is long enough: it tells {_percent(proxy.told_apart)} of "
            f"pairs apart, a third of it {_percent(proxy.early)}."
        )
    agrees = agreement(proxy.scores, suite_scores())
    reasons.append(_ranks(runs, agrees))
    return Verdict(word, tuple(reasons), tuple(_remarks(measured, found)), agrees)


def _differences(runs: Sequence[RuleRuns], share: float) -> str:
    sound = sum(each.sound for each in runs)
    others = sorted(each.told_apart for each in suite_proxies().values())
    beside = ""
    if others:
        beside = (
            f"; on tasks of {SUITE} {_percent(others[0])} to {_percent(others[-1])} do, "
            f"{_percent(median(others))} in the middle"
        )
    met = f"Of the pairs of {sound} known rules {_percent(share)} differ by more than seeds do"
    return f"{met}{beside}."


def _seeds(runs: Sequence[RuleRuns]) -> str:
    apart, between = spread(runs), noise(runs)
    if between < 1e-9:
        return (
            f"Scores of rules spread by {apart:.2f}; seeds change nothing, since parameters and "
            "batches are the same for all: one seed is enough."
        )
    needed = math.ceil(min((2 * between / max(apart, 1e-9)) ** 2, 999))
    count = "hundreds of" if needed > 99 else f"about {needed}"
    advice = (
        "two seeds, as in a campaign, tell them apart"
        if needed <= 2
        else f"{count} seeds tell two rules apart"
    )
    return (
        f"Scores of rules spread by {apart:.2f}, those of one rule over seeds by {between:.2f}: "
        f"{advice}."
    )


def _ranks(runs: Sequence[RuleRuns], agrees: float | None) -> str:
    suite = suite_scores()
    shared = [each for each in runs if each.rule in suite]
    if agrees is None:
        return f"How it ranks rules cannot be held against {SUITE}: too few were ranked on both."
    typical = suite_agreements()
    way = (
        f"much as {SUITE} does"
        if agrees >= _AGREES
        else f"otherwise than {SUITE} does"
        if agrees > _DISAGREES
        else f"against {SUITE}"
    )
    words = f"It ranks {len(shared)} rules {way}: the rank correlation is {agrees:.2f}"
    if typical:
        words += (
            f", that of each task of {SUITE} with the others {typical[0]:.2f} to {typical[-1]:.2f}"
        )
    if agrees < _AGREES:
        words += "; what a search on it finds is for problems of its kind"
    return f"{words}."


def _remarks(measured: Measured, found: Soundness) -> list[str]:
    remarks = []
    if not found.twice:
        remarks.append(
            f"It cannot be differentiated twice, so rules that ask for curvature were left out: "
            f"{found.why_not}"
        )
    failed = [f"{each.rule} ({each.outcome})" for each in measured.runs if not each.sound]
    if failed:
        remarks.append(f"Failed on some seed: {', '.join(failed)}.")
    return remarks


def _at_floor(task: TaskEntry, runs: RuleRuns) -> bool:
    return runs.sound and runs.loss - task.floor <= _FLOORED * (task.untrained - task.floor)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"
