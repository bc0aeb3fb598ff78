import numpy as np
import pytest

from dsl.rewrite.family import family
from dsl.zoo import ZOO
from evaluators.seeds import candidate_rng
from search.mutation import Breeder, PrimitiveSampler, SearchSpace
from search.strategies import STRATEGIES, Judged
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


def test_a_family_has_its_places_and_gives_them_to_its_best():
    strategy = make("recombination", family=2, population=10)
    scores = {1: 0.4, 2: 0.6, 3: 0.5}
    for number, score in scores.items():
        tuned = ZOO["adamw"].with_hyperparameters(b1=0.5 + number / 10)
        strategy.tell(judged(number, tuned, score))
    assert [strategy.elite(place) and strategy.elite(place)[0] for place in range(3)] == [
        2,
        3,
        None,
    ]


def test_a_population_that_is_full_loses_its_oldest():
    strategy = make("recombination", population=3)
    for number, name in enumerate(["adamw", "lion", "sgd", "adan"]):
        strategy.tell(judged(number, ZOO[name], 1.0 - number / 10))
    assert {strategy.elite(place)[0] for place in range(3)} == {1, 2, 3}
    assert strategy.elite(3) is None


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
