import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.rewrite.family import family
from dsl.zoo import ZOO
from evaluators.seeds import candidate_rng
from search.mutation import Breeder, PrimitiveSampler, SearchSpace
from search.strategies import STRATEGIES, Judged
from search.strategies.novelty import NEAREST, NovelPopulation, behaviour, distances
from search.strategies.recombination import lexicase

SPACE = SearchSpace(PrimitiveSampler({"sign": 1.0, "add": 1.0}), statements=30, slots=4)
BREEDER = Breeder(SPACE, {"insert": 1, "delete": 1, "constant": 1}, [ZOO["lion"], ZOO["adan"]])
STARTS = [ZOO["adamw"], ZOO["lion"], ZOO["sgd"]]


def make(kind, starts=STARTS[:1], **options):
    declared = STRATEGIES[kind]
    return declared(declared.options_type(kind=kind, **options), starts, BREEDER)


def judged(number, program, score):
    by_task = {} if score is None else {"first": score, "second": 1 - score}
    return Judged(number, program, family(program), score, by_task, complete=score is not None)


def play(strategy, count, score):
    for number, start in enumerate(strategy.starts):
        strategy.tell(judged(number, start, 0.5))
    asked = []
    for index in range(len(strategy.starts), count):
        proposal = strategy.ask(index, candidate_rng(0, index), f"c{index}")
        strategy.tell(judged(index, proposal.program, score(index)))
        asked.append(proposal)
    return asked


@pytest.mark.parametrize("kind", STRATEGIES)
def test_told_the_same_a_strategy_asks_the_same(kind):
    def score(index):
        return None if index % 7 == 0 else (index * 37 % 100) / 100

    assert play(make(kind), 60, score) == play(make(kind), 60, score)


def test_the_population_keeps_its_size_and_loses_its_oldest():
    strategy = make("regularized_evolution", population=5, tournament=2)
    play(strategy, 20, lambda index: 0.1)
    alive = [strategy.elite(place) for place in range(6)]
    assert [each and each[0] for each in alive] == [19, 18, 17, 16, 15, None]


def test_a_tournament_of_many_finds_the_best_alive():
    strategy = make("regularized_evolution", population=10, tournament=100)
    asked = play(strategy, 14, lambda index: 1.0 if index == 4 else 0.2)
    assert {proposal.parent for proposal in asked[4:]} == {4}


def test_a_program_without_a_score_loses_to_any_other():
    strategy = make("regularized_evolution", population=4, tournament=50)
    asked = play(strategy, 4, lambda index: None)
    assert {proposal.parent for proposal in asked} == {0}


def test_random_search_always_starts_from_the_start():
    strategy = make("random_search", changes=3)
    asked = play(strategy, 30, lambda index: float(index))
    assert {proposal.parent for proposal in asked} == {0}
    assert {proposal.mutation.detail.count(",") for proposal in asked} == {0, 1, 2}


def test_the_best_alive_are_measured_again_and_keep_the_mean():
    strategy = make("regularized_evolution", population=10, tournament=100)
    play(strategy, 14, lambda index: 1.0 if index == 4 else index / 100)
    number, program = strategy.elite(0)
    assert number == 4 and program.name == "c4"
    assert [strategy.elite(place)[0] for place in (1, 2)] == [13, 12]
    assert strategy.elite(10) is None
    measured = [judged(number, program, score) for score in (0.2, 0.05, None)]
    strategy.again(4, measured[:2])
    assert [strategy.elite(place)[0] for place in (0, 1, 2)] == [13, 4, 12]
    strategy.again(4, measured)
    assert [strategy.elite(place)[0] for place in (0, 1)] == [13, 12]
    assert make("random_search").elite(0) is None


@pytest.mark.parametrize("kind", STRATEGIES)
def test_children_come_from_every_start(kind):
    asked = play(make(kind, STARTS, **SMALL.get(kind, {})), 60, lambda index: 0.5)
    assert {proposal.parent for proposal in asked} >= {0, 1, 2}
    assert all(proposal.program.name == f"c{3 + i}" for i, proposal in enumerate(asked))


SMALL = {"regularized_evolution": {"tournament": 1}, "constants_only": {"tournament": 1}}


def test_constants_only_never_leaves_a_family():
    asked = play(make("constants_only", STARTS), 40, lambda index: index / 40)
    assert {family(each.program) for each in asked} <= {family(start) for start in STARTS}


def test_best_of_n_is_one_change_away_from_a_start():
    asked = play(make("best_of_n", STARTS), 40, lambda index: index / 40)
    assert {proposal.parent for proposal in asked} == {0, 1, 2}


def test_a_population_that_is_full_loses_who_has_a_better_one_close_by():
    strategy = make("recombination", population=3)
    close = ZOO["adamw"].with_hyperparameters(b1=0.901)
    for number, rule in enumerate([ZOO["adamw"], close, ZOO["lion"], ZOO["sgd"]]):
        strategy.tell(judged(number, rule, 1.0 - number / 10))
    assert {strategy.elite(place)[0] for place in range(3)} == {0, 2, 3}
    assert strategy.elite(3) is None


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=60), st.floats(0, 1) | st.just(0.9))
def test_the_quantile_of_a_population_is_that_of_numpy(scores, share):
    population = NovelPopulation(100)
    for number, score in enumerate(scores):
        population.add(number, None, score, ZOO["sgd"])
    assert population.quantile(share) == np.quantile(scores, share)


@given(st.permutations(["adamw", "lion", "sgd", "adan", "heavy_ball", "yogi"]))
def test_novelty_is_the_mean_distance_to_the_nearest_better(names):
    population = NovelPopulation(10)
    for number, name in enumerate(names):
        population.add(number, name, 1.0 - number / 10, ZOO[name])
    found = population.novelty()
    assert found[0] == math.inf
    moves = [behaviour(ZOO[name]) for name in names]
    for place in range(1, len(names)):
        apart = sorted(
            float(distances(moves[place], each.moves[None], each.lengths[None])[0])
            for each in moves[:place]
        )
        assert found[place] == pytest.approx(np.mean(apart[:NEAREST]))


@given(st.permutations(["adamw", "lion", "sgd", "adan", "heavy_ball", "yogi"]), st.data())
def test_who_came_and_went_between_changes_no_novelty(names, data):
    population = NovelPopulation(10)
    for number, name in enumerate(names):
        population.add(number, name, 1.0 - number / 10, ZOO[name])
        if data.draw(st.booleans()):
            population.novelty()
        if number and data.draw(st.booleans()):
            population.remove(data.draw(st.sampled_from(list(population.members))))
    left = NovelPopulation(10)
    for number, name in population.members.items():
        left.add(number, name, 1.0 - number / 10, ZOO[name])
    assert population.novelty() == left.novelty()


def test_of_two_that_are_alike_the_younger_stays():
    strategy = make("recombination", population=2)
    close = ZOO["adamw"].with_hyperparameters(b1=0.901)
    for number, rule in enumerate([ZOO["adamw"], close, ZOO["lion"]]):
        strategy.tell(judged(number, rule, 0.7 if rule.name == "adamw" else 0.5))
    assert {strategy.elite(place)[0] for place in range(2)} == {1, 2}


def test_what_repeats_an_earlier_candidate_is_no_member():
    strategy = make("recombination")
    strategy.tell(judged(0, ZOO["adamw"], 0.7))
    strategy.tell(replace(judged(1, ZOO["adamw"], 0.7), source=0))
    assert strategy.elite(0)[0] == 0 and strategy.elite(1) is None


def test_a_rate_is_no_behaviour():
    slow, fast = (behaviour(ZOO["sgd"].with_hyperparameters(lr=rate)) for rate in (1e-6, 1e-7))
    assert distances(slow, fast.moves[None], fast.lengths[None])[0] < 1e-3
    other = behaviour(ZOO["lion"])
    assert distances(slow, other.moves[None], other.lengths[None])[0] > 0.3


def test_what_was_not_trained_to_the_end_is_no_member():
    strategy = make("recombination")
    strategy.tell(judged(0, ZOO["adamw"], None))
    strategy.tell(Judged(1, ZOO["lion"], "lion", 0.9, {"first": 0.9}, complete=False))
    assert strategy.elite(0) is None


def test_a_graft_names_its_donor():
    strategy = make("recombination", STARTS, graft=1.0, fresh=0.0)
    asked = play(strategy, 40, lambda index: 0.5)
    grafts = [proposal for proposal in asked if proposal.mutation.kind == "graft"]
    assert len(grafts) > 20
    assert {"lion", "adan"} < {proposal.donor for proposal in grafts}
    assert all(proposal.donor is None for proposal in asked if proposal not in grafts)


def test_lexicase_finds_specialists_as_well_as_all_rounders():
    scores = [{"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0}, {"a": 0.1, "b": 0.1}]
    chosen = [lexicase(scores, np.random.default_rng(seed)) for seed in range(50)]
    assert set(chosen) == {0, 1}


def test_lexicase_tells_no_difference_within_the_deviation():
    scores = [{"a": 1.0}, {"a": 0.99}, {"a": 0.98}, {"a": 0.1}]
    chosen = [lexicase(scores, np.random.default_rng(seed)) for seed in range(60)]
    assert set(chosen) == {0, 1}


def test_what_comes_out_among_the_best_is_tuned_as_long_as_it_gets_better():
    strategy = make("recombination", STARTS, tune=1.0, tries=2, promising=0.4, family=3)
    for number, score in enumerate((0.9, 0.2, 0.1)):
        strategy.tell(judged(number, STARTS[number], score))
    first, second = (strategy.ask(n, candidate_rng(0, n), f"c{n}") for n in (3, 4))
    assert [each.mutation.kind for each in (first, second)] == ["constant", "constant"]
    assert first.parent == second.parent == 0
    strategy.tell(judged(3, first.program, 0.95))
    strategy.tell(judged(4, second.program, 0.85))
    third = strategy.ask(5, candidate_rng(0, 5), "c5")
    assert third.parent == 3 and third.mutation.kind == "constant"
    strategy.tell(judged(5, third.program, 0.99))
    after = {strategy.ask(n, candidate_rng(0, n), f"c{n}").mutation.kind for n in range(6, 30)}
    assert after > {"constant"}
