"""Finalists are reduced before the winner is chosen, and a person sees what was taken away."""

import io

import pytest
from rich.console import Console

from dsl import parse
from dsl.rewrite.canonical import canonical_hash
from evaluators.evaluation import Evaluation, Measurement, Outcome
from evaluators.files.result_cache import ResultCache
from evaluators.workers import SerialPool
from search.campaign import campaign, events
from search.campaign.choice import Contender, size, winner
from search.campaign.session import Session
from search.campaign.sources import find_sources
from search.ledger import FILE, Ledger, find_rule
from search.ledger.results import FinalResult, Winner
from search.pool.worker import CampaignWorker
from search.reduction.bars import look_bars
from search.reduction.fresh import FinalEntrant, lead
from search.report.funnel import funnel
from search.report.lineage import lineage
from search.report.status import read_status
from search.run import run_campaign
from stepsmith.cli.status import _lines
from stepsmith.discovering.hall import hall_table
from stepsmith.discovering.sentences import sentence
from tests.support.fakes import PartsEvaluator, config, fake_tune

SETTINGS = config(
    budget={"candidates": 24},
    final={
        "finalists": 3,
        "seeds": 4,
        "reduction": {"finalists": 2, "evaluations": 160, "seeds": 8},
        "meta_validation": "meta_validation",
        "held_out": "held_out",
    },
)


def parts_worker():
    return CampaignWorker(PartsEvaluator, fake_tune)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder, seen = tmp_path_factory.mktemp("run"), []
    return folder, run_campaign(SETTINGS, folder, seen.append, parts_worker), seen


def test_the_best_finalists_are_reduced_and_measured_beside_themselves(finished):
    folder, result, seen = finished
    ledger = Ledger.read(folder / FILE)
    finals, left, winner = ledger.finals, ledger.reductions, ledger.winner
    validation = ledger.validation
    ledger.close()
    assert len(left) == 2 and len(finals) == 4
    assert all(each.steps and each.final and each.evaluations <= 80 for each in left)
    by_candidate = {final.candidate: final for final in finals}
    for each in left:
        assert {"sqrt", "interp"} <= {statement.op for statement in each.program.statements}
        own = {m.seed for m in each.final.evaluations[0].measurements}
        assert own == {m.seed for m in finals[0].evaluations[0].measurements}
        assert each.difference == lead(each.final, by_candidate[each.candidate], 1)
        assert each.evidence == lead(each.final, finals[0], 1, looked_at=3 + 2)
    chosen = validation["meta_validation"].entrants[1:]
    assert len(chosen) == 3 and {each.candidate for each in left} <= {e.candidate for e in chosen}
    for each in left:
        (entrant,) = (e for e in chosen if e.candidate == each.candidate)
        assert len(entrant.program.statements) == len(each.program.statements)
    assert validation["held_out"].entrants[1].candidate == winner.candidate
    assert (result.hall.winner.candidate, result.hall.winner.reduced_from is not None) == (
        winner.candidate,
        winner.reduced,
    )
    told = [event for event in seen if isinstance(event, events.Reducing)]
    assert told[0].done == 0 and all(event.done <= event.total == 160 for event in told)
    assert sentence(told[0]) == "Taking away what does not matter in the 2 best finalists ..."


class Stop(BaseException):
    """Ends a campaign from an observer, as Ctrl-C would."""


ENDS = {
    "finals": lambda event: isinstance(event, events.MeasuringFinalists) and event.done > 1,
    "reduction": lambda event: isinstance(event, events.Reducing) and event.done > 60,
    "meta-validation": lambda event: isinstance(event, events.Validating) and event.done >= 4,
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_campaign_stopped_in_its_finals_goes_on_with_the_next_job(tmp_path, finished, end):
    def stop(event):
        if end(event):
            raise Stop

    judged = []

    class Counting(PartsEvaluator):
        def evaluate(self, program, seeds, *how):
            judged.append((program.digest, seeds, tuple(task.name for task in self.setup.tasks)))
            return super().evaluate(program, seeds, *how)

    def worker():
        return CampaignWorker(Counting, fake_tune)

    with pytest.raises(Stop):
        run_campaign(SETTINGS, tmp_path, stop, worker)
    ledger = Ledger.read(tmp_path / FILE)
    assert len(ledger) == 24 and ledger.finals is None and ledger.kept
    ledger.close()
    before = set(judged[24:])
    judged.clear()
    result = run_campaign(SETTINGS, tmp_path, make_worker=worker)
    assert result.content_hash == finished[1].content_hash
    assert before and not before & set(judged)
    ledger = Ledger.read(tmp_path / FILE)
    assert not ledger.kept
    ledger.close()


def test_the_order_in_which_workers_finish_does_not_matter(tmp_path, finished):
    class LastFirst(SerialPool):
        def collect(self):
            self._queue._waiting.rotate(1)
            return super().collect()

    ledger = Ledger.create(tmp_path / FILE, SETTINGS.comparable(), find_sources(SETTINGS))
    pool = LastFirst(parts_worker())
    cache = ResultCache(None)
    campaign.run(Session(SETTINGS, ledger, lambda: pool, {}, events.ignore, cache))
    assert ledger.content_hash() == finished[1].content_hash
    ledger.close()


def test_a_person_sees_size_against_score_and_what_was_taken_away(finished):
    folder, result, _ = finished
    hall = result.hall
    assert len(hall.entries) == 3 + 2
    best = hall.winner
    assert best.reduced_from is not None and best.size < len(best.reduced_from.statements)
    assert best.reduction in hall_text(hall, 300).replace("Reduced", "reduced")
    assert f" {best.size} of {len(best.reduced_from.statements)} " in hall_text(hall, 140)
    assert (
        "corrected for 3 finalists and 2 reduced programs" in hall.sentence
        or "Nothing" in hall.sentence
    )
    rule = parse((folder / "winner.rule").read_text())
    assert "Reduced from" in rule.doc and "with no harm seen:" in rule.doc
    status = read_status(folder)
    assert status["winner"]["reduced_from"]["size"] == len(best.reduced_from.statements)
    assert status["winner"]["reduced_from"]["sentence"] == best.reduction
    assert [each["size"] for each in status["finalists"]] == [each.size for each in hall.entries]
    assert f"reduction:    {best.reduction}" in _lines(
        {**status, "winner": {**status["winner"], "known_as": ""}}
    )
    ledger = Ledger.read(folder / FILE)
    stage = next(each for each in funnel(ledger) if each.name == "reduction")
    ledger.close()
    assert (stage.entered, stage.passed) == (2, 2) and stage.steps > 0


def hall_text(hall, width):
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(hall_table(hall, width))
    return console.export_text()


def test_what_is_left_is_found_by_its_hash(finished):
    folder, result, _ = finished
    best = result.hall.winner
    assert canonical_hash(find_rule(folder, best.hash[:10])) == best.hash
    *before, last = lineage(folder, best.hash[:10])
    assert before[-1].number == last.parent == best.candidate and last.mutation == "reduced"
    assert last.score == pytest.approx(best.mean) and " is " in last.detail


def test_a_larger_budget_drops_what_was_left(tmp_path, finished):
    settings = SETTINGS.model_copy(
        update={
            "final": SETTINGS.final.model_copy(update={"meta_validation": None, "held_out": None})
        }
    )
    run_campaign(settings, tmp_path, make_worker=parts_worker)
    ledger = Ledger.open(tmp_path / FILE)
    ledger.set_config(ledger.config)
    assert ledger.reductions == () and ledger.winner is None and ledger.finals is None
    ledger.close()


def program(statements):
    """A program of so many statements, none of which a law takes away."""
    lines = [f"    x = {('tanh', 'sin')[step % 2]}(x)\n" for step in range(statements)]
    return parse(f"def p(w, g):\n    x = g\n{''.join(lines)}    return x")


def contender(number, size, scores, reduced=False):
    return Contender(FinalEntrant(number, program(size), {}, reduced), tuple(scores))


def test_the_winner_is_the_smallest_that_tests_cannot_tell_from_the_best():
    best = contender(1, 6, (1.10, 1.12, 1.11, 1.13))
    close = contender(2, 3, (1.12, 1.11, 1.10, 1.12))
    worse = contender(3, 1, (1.05, 1.06, 1.05, 1.07))
    assert winner([best, close, worse], {}).candidate == 2
    assert winner([best, worse], {}).candidate == 1
    assert winner([worse, best, close], {"size": 1}).candidate == 3
    assert winner([worse, best], {"size": 0.5}).candidate == 1
    assert winner([], {}) is None


def test_of_two_of_a_size_the_better_one_wins():
    first = contender(1, 3, (1.0, 1.2, 1.1, 1.1))
    second = contender(2, 3, (1.1, 1.2, 1.1, 1.1))
    same = contender(2, 3, (1.1, 1.2, 1.1, 1.1), reduced=True)
    assert winner([first, second], {}).candidate == 2
    assert not winner([second, same], {}).reduced


def test_what_a_reader_never_sees_does_not_count():
    """`0 * w` is gone where people read the program, so it makes no program the larger one."""
    padded = parse("def p(w, g):\n    u = tanh(g + 0 * w)\n    return u + 0 * square(w)")
    scores = (1.0, 1.2, 1.1, 1.1)
    one = Contender(FinalEntrant(1, padded, {}), scores)
    assert size(one.entrant) == size(contender(2, 1, scores).entrant) == 1
    assert winner([one, contender(2, 2, scores)], {}).candidate == 1


def test_a_winner_comes_back_from_its_plain_data():
    assert Winner.from_json(Winner(3, True).to_json()) == Winner(3, True)


def test_a_look_bears_more_on_few_tasks_than_on_many():
    """The noise of a mean falls with the root of the number of tasks, and so does the slack."""
    tasks = ("a", "b", "c", "d")
    runs = tuple(Measurement(each, 0, Outcome.OK, 1.0, 1.2, early=1.1) for each in tasks)
    bars = look_bars(FinalResult(7, (Evaluation(Outcome.OK, 1.2, runs),)))
    assert bars.early == pytest.approx(dict.fromkeys(tasks, 1.1 - 0.2))
    assert bars.hurdles == pytest.approx({n: 1.2 - 0.1 * (4 / n) ** 0.5 for n in (1, 2, 3)})
