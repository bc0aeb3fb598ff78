"""Doubts about a campaign: what makes its score of 1 stand for too little, and forbids a claim."""

from dataclasses import replace

from dsl.rewrite.demands import Demands
from dsl.zoo import ZOO
from evaluators.evaluation import Evaluation, Measurement, Outcome
from search.campaign.events import BaselineTuned
from search.ledger.results import FinalResult, TunedBaseline
from search.report.doubts import Doubts, by_task, doubts, unmet
from search.report.hall_entry import HallEntry
from search.report.hall_of_fame import HallOfFame, WinnerClaim
from stepsmith.discovering.sentences import sentence

SGD = ZOO["sgd"]
RATES = (0.1, 0.3, 1.0)
LOW = {"one": 0.5, "two": 1.0}


def tuned(*values, rates=RATES, best=0.3):
    """A baseline whose trials on two tasks had these values, and the rate that was best."""
    trail = [
        ({"lr": rate}, {"one": rate, "two": 0.3 * rate}, value)
        for rate, value in zip(rates, values, strict=True)
    ]
    return TunedBaseline(SGD, SGD, {"one": best, "two": 0.3 * best}, trail)


def final(candidate, **scores):
    """A final with a score on each task, on two seeds."""
    runs = tuple(
        Measurement(task, seed, Outcome.OK, 0.1, score)
        for task, score in scores.items()
        for seed in (1, 2)
    )
    return FinalResult(candidate, (Evaluation(Outcome.OK, 1.0, runs),))


GOOD = [final(None, one=1.0, two=0.9)]


def test_a_tuning_that_found_something_inside_is_beyond_doubt():
    assert doubts(tuned(0.5, 1.0, 0.7), GOOD, LOW) == Doubts()


def test_a_baseline_that_learns_nothing_forbids_a_claim():
    found = doubts(tuned(-1.0, -1.0, -1.0), GOOD, LOW)
    assert found.grave == ("tuned sgd learns nothing: of 3 tries none lowered the loss",)
    found = doubts(tuned(0.5, 1.0, 0.7), [final(None, one=0.01, two=1.0), *GOOD[1:]], LOW)
    assert found.grave == ("tuned sgd scores below 0.25 on fresh seeds on one",)


def test_a_winner_that_asks_for_more_than_it_may_is_a_warning():
    asks = Demands(memory=2, cost=20.0, size=13)
    assert unmet({}, asks) == unmet({"memory": 2, "size": 13}, asks) == ()
    (said,) = unmet({"memory": 1, "size": 20}, asks)
    assert said.endswith("final.pick allows, memory 1, size 20; the winner has memory 2, size 13")


def test_a_tuning_that_ends_where_it_began_or_at_the_outermost_rate_forbids_a_claim():
    (said,) = doubts(tuned(1, 0.5, 1, best=0.1), GOOD, LOW).grave
    assert said == "the tuning of sgd ended at the first of its tries (3 in all)"
    found = doubts(tuned(0.5, 0.7, 1.0, best=1.0), GOOD, LOW)
    assert found.grave == ("the best rate of sgd is the outermost that was tried on one, two",)


def test_a_first_try_between_rates_that_were_worse_is_beyond_doubt():
    first = tuned(1.0, 0.5, 0.7, rates=(0.3, 0.1, 1.0))
    assert doubts(first, GOOD, LOW) == Doubts()
    assert first.doubt is None
    assert doubts(replace(first, rates={}), GOOD, LOW).grave


def test_one_task_of_many_is_a_warning():
    scores = {f"task{n}": 1.0 for n in range(4)}
    found = doubts(tuned(0.5, 1.0, 0.7), [final(None, **(scores | {"task0": 0.0}))], LOW)
    assert (
        found.warnings == ("tuned sgd scores below 0.25 on fresh seeds on task0",)
        and found.grave == ()
    )
    found = doubts(tuned(0.5, 1.0, 0.7), GOOD, scores | {"task3": 2.0})
    assert found.warnings == ("the winner's score is at its cap, 2, on task3",)
    assert found.grave == () and doubts(None, [], {}) == Doubts()


def test_a_doubt_is_seen_before_the_claim_that_it_forbids():
    grave = doubts(tuned(0.5, 1.0, 0.7), GOOD, {"one": 2.0, "two": 2.0})
    winner, base = (HallEntry(n, c * 8, SGD, (2.0, 2.0)) for n, c in ((0, "a"), (None, "b")))
    hall = HallOfFame((winner,), replace(base, scores=(1.0, 1.0)), "sgd", doubts=grave)
    assert hall.claim is WinnerClaim.WITHHELD
    *_, warning, claim = repr(hall).splitlines()
    assert warning == "WARNING: the winner's score is at its cap, 2, on one, two."
    assert claim.startswith("The winner: no claim is made on it beside tuned sgd, since the winner")
    assert by_task([final(0, one=1.0, two=2.0), final(0, one=2.0, two=2.0)]) == {
        "one": 1.5,
        "two": 2,
    }


def test_a_doubt_is_told_as_soon_as_the_baseline_is_tuned():
    idle = tuned(-1.0, -1.0, -1.0)
    told = sentence(BaselineTuned(SGD, idle.doubt))
    assert "WARNING: tuned sgd learns nothing" in told and "no claim will be made" in told
    assert "WARNING" not in sentence(BaselineTuned(SGD, tuned(0.5, 1.0, 0.7).doubt))
