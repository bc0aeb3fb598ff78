"""The view of a campaign that runs, with a terminal and without."""

import io

import pytest
from rich.console import Console

from dsl.zoo import ZOO
from evaluators.evaluation import Evaluation, Outcome
from search.campaign import events
from search.campaign.events import SearchProgress
from search.candidates.verdict import DuplicateKey
from search.ledger.looks import Look
from search.ledger.results import StageEntrant
from stepsmith.discovering.panel import facts, panel
from stepsmith.discovering.sentences import progress_line, sentence
from stepsmith.discovering.watching import LogLines, watching


def entrant(score):
    evaluation = None if score is None else Evaluation(Outcome.OK, score)
    return StageEntrant(1463, ZOO["lion"], {"wine": 0.1}, evaluation)


def progress(judged=1500, best=1.25, look=None, **changes):
    return SearchProgress(
        budget=2000,
        judged=judged,
        judged_now=judged,
        best=best,
        best_at=1463,
        best_program=ZOO["lion"].renamed("c1463"),
        look=look,
        seconds=judged / 20,
        **changes,
    )


LOOK = Look(1000, 912, 1.25, entrant(1.0625))


def of(judged, **changes):
    found = progress(judged, **changes)
    found.hits[DuplicateKey.TEXT] = judged // 8
    found._trained = set(range(judged // 5))
    return found


def console(**how):
    return Console(file=io.StringIO(), width=120, **how)


def test_the_panel_is_as_it_was(snapshot):
    shown = console()
    shown.print(panel(of(1500, look=LOOK)))
    assert shown.file.getvalue() == snapshot


def test_lines_and_sentences_are_as_they_were(snapshot):
    lost = Look(1000, 912, 1.25, entrant(None))
    told = [
        progress_line(of(1500, look=LOOK)),
        progress_line(of(1500, look=lost)),
        progress_line(SearchProgress(2000)),
        sentence(events.TuningForLooks("adamw", "meta_validation")),
        sentence(events.Looked(LOOK, "meta_validation")),
        sentence(events.Looked(lost, "meta_validation")),
    ]
    assert "\n".join(told) == snapshot


def test_what_is_not_known_yet_is_left_out():
    assert facts(SearchProgress(2000)) == {
        "programs": "0 of 2000",
        "families": "0 families trained to the end",
        "from cache": "0%",
    }
    assert "gap" not in facts(of(1500)) and "other tasks" not in facts(of(1500))


def lines_of(told):
    """The lines of a log, given moments with what is told then."""
    shown, now = console(), [0.0]
    observe = LogLines(shown, lambda: now[0])
    for seconds, found in told:
        now[0] = seconds
        observe(events.VerdictEntered(found))
    return shown.file.getvalue().splitlines()


def test_a_log_has_a_line_now_and_then():
    slow = lines_of((seconds, of(seconds + 1)) for seconds in range(100))
    assert [line[:11] for line in slow if "%" in line] == [
        "  2%  31/20",
        "  3%  61/20",
        "  5%  91/20",
    ]
    quick = lines_of((judged / 100, of(judged)) for judged in range(1, 2001))
    shares = [int(line[:3]) for line in quick if "programs" in line]
    assert shares == [25, 50, 75, 100]
    steady = lines_of((judged / 20, of(judged)) for judged in range(1, 2001))
    assert len([line for line in steady if "programs" in line]) == 10


def test_a_log_shows_the_best_program_when_it_is_noticeably_better():
    scores = [1.0, 1.01, 1.019, 1.03, 1.03, 1.04, 1.06]
    told = [(40.0 * n, of(n + 1, best=score)) for n, score in enumerate([1.0, *scores])]
    lines = lines_of(told)
    heads = [n for n, line in enumerate(lines) if line.startswith("    def c1463")]
    assert len(heads) == 3 and len([line for line in lines if "programs" in line]) == 7
    text = [f"    {line}" for line in str(ZOO["lion"].renamed("c1463")).splitlines()]
    for head in heads:
        assert lines[head : head + len(text)] == text
    assert all("programs" in lines[head - 1] for head in heads)


@pytest.mark.parametrize("terminal", [False, True])
def test_all_events_can_be_shown(terminal):
    shown = console(force_terminal=terminal)
    with watching(shown) as observe:
        observe(events.TuningBaseline("adamw", 48))
        observe(events.TuningStarts(0, 9))
        observe(events.VerdictEntered(of(1, best=None)))
        observe(events.Looked(LOOK, "meta_validation"))
        observe(events.VerdictEntered(of(2000, look=LOOK)))
        observe(events.Validating("meta_validation", "meta_validation", 0, 9))
    text = shown.file.getvalue()
    assert "Tuning adamw" in text and "gap +0.1875" in text and "2000/2000 programs" in text
    assert ("\x1b" in text) == terminal
    assert ("def c1463" in text) or terminal
