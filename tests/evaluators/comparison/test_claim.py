"""The verdict follows from the figures by the rules that it states, and chance seldom earns one."""

import numpy as np
import pytest

from evaluators.comparison.claim import MARGIN, WORST_TASK, Word, claim, sentence
from evaluators.statistics import ERROR, interval

TASKS = tuple(f"task{number}" for number in range(8))


def around(factors, spread=0.02, seeds=6):
    """Speed-ups near one factor per task."""
    noise = np.random.default_rng(0).normal(0, spread, (len(factors), seeds))
    return np.asarray(factors, float)[:, None] * np.exp(noise - noise.mean(axis=1, keepdims=True))


CASES = {
    Word.BEATS: around([1.3, 1.4, 1.2, 1.3, 0.95, 1.5, 1.3, 1.2]),
    Word.MATCHES: around([1.0, 1.05, 0.95, 1.02, 0.98, 1.1, 0.9, 1.0]),
    Word.SPECIALISED: around([3.0, 2.5, 3.0, 0.5, 3.0, 2.5, 3.0, 3.0]),
    Word.NOT_SUPPORTED: around([0.7, 0.6, 0.9, 0.8, 0.5, 0.9, 0.8, 0.7]),
}


@pytest.mark.parametrize("word", CASES)
def test_every_word_has_its_case(word):
    verdict = claim(CASES[word])
    assert verdict.word is word
    low, estimate, high = verdict.speed_up
    assert low <= estimate <= high
    assert (word is Word.BEATS) == (low > 1 and verdict.worst >= 1 / WORST_TASK)
    assert (word in (Word.BEATS, Word.MATCHES)) <= (low > 1 / MARGIN)
    said = sentence("mine", "adamw", verdict, TASKS, 6)
    assert said.startswith(f"mine: {word.value}") and "\n" not in said


def test_one_bad_task_forbids_beats_and_the_good_ones_are_named():
    verdict = claim(CASES[Word.SPECIALISED])
    assert verdict.speed_up.low > 1 and verdict.worst < 1 / WORST_TASK
    assert verdict.faster_on == (0, 1, 2, 4, 5, 6, 7)
    said = sentence("mine", "adamw", verdict, TASKS, 6)
    assert said.startswith("mine: specialised to task0, task1, task2, task4, ")


def test_a_single_task_earns_no_more_than_itself():
    assert claim(around([2.0])).word is Word.SPECIALISED
    assert claim(around([1.0])).word is Word.MATCHES
    assert claim(around([0.5])).word is Word.NOT_SUPPORTED


def even(*factors, seeds=2):
    """Speed-ups that are the same for every seed."""
    return np.repeat(np.asarray(factors, float)[:, None], seeds, axis=1)


def touching(end):
    """Speed-ups whose interval of the aggregate has this lower end."""
    logs = np.log(even(1.2, 1.3, 1.4, 1.5, 1.6))
    return np.exp(logs - interval(logs).low) * end


@pytest.mark.parametrize(
    ("speed_ups", "word"),
    [
        (touching(1.0001), Word.BEATS),
        (touching(1.0), Word.MATCHES),  # an interval that touches 1 does not lie above it
        (touching(1.0001 / MARGIN), Word.MATCHES),
        (even(1.02, 1.02, 1.02), Word.BEATS),  # however little, if it is certain
        (even(1, 1, 1), Word.MATCHES),
        (even(*[1.001 / MARGIN] * 3), Word.MATCHES),
        (even(*[0.999 / MARGIN] * 3), Word.NOT_SUPPORTED),
        (even(*[3] * 30, 1 / WORST_TASK), Word.BEATS),  # just bearable
        (even(*[3] * 30, 0.999 / WORST_TASK), Word.SPECIALISED),
        (even(*[1] * 30, 0.999 / WORST_TASK), Word.NOT_SUPPORTED),  # nowhere faster
        (even(0.7, 0.7, 1.3), Word.SPECIALISED),
        (even(1.3), Word.SPECIALISED),  # one task says nothing of others
    ],
)
def test_each_word_ends_where_it_says(speed_ups, word):
    assert claim(speed_ups).word is word


def test_seeds_that_disagree_on_a_task_make_nobody_special():
    assert claim(np.array([[4.0, 0.25], [0.3, 0.3], [0.3, 0.3]])).word is Word.NOT_SUPPORTED
    assert claim(np.array([[4.0, 4.0], [0.3, 0.3], [0.3, 0.3]])).faster_on == (0,)


def test_looking_at_more_rules_makes_a_claim_harder():
    modest = around([1.05, 1.2, 0.98, 1.1, 1.15, 1.0, 1.2, 1.02])
    assert claim(modest).word is Word.BEATS
    many = claim(modest, looked_at=1000)
    assert many.word is not Word.BEATS
    assert many.confidence == pytest.approx(1 - ERROR / 1000)
    assert many.p_value == claim(modest).p_value


@pytest.mark.parametrize("tasks", [2, 3, 8])
def test_equal_rules_seldom_beat_each_other(tasks):
    """Of a hundred pairs of equal rules 2.5 are expected to be called better, by chance up to 6."""
    draw, beats = np.random.default_rng(tasks), 0
    for _ in range(100):
        task = draw.normal(0, 0.15, (tasks, 1))
        beats += claim(np.exp(task + draw.normal(0, 0.2, (tasks, 5)))).word is Word.BEATS
    assert beats <= 6


def test_the_same_rule_matches_itself():
    verdict = claim(np.ones((5, 3)))
    assert verdict.word is Word.MATCHES and verdict.speed_up == (1, 1, 1)
