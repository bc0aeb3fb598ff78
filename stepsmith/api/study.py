"""A campaign on problems that are trained outside of Stepsmith: ask for rules, tell losses."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluators.own.outside import Problem
from stepsmith.api.plugins import use_plugins
from stepsmith.asking.asked import Asked, Told
from stepsmith.errors import UsageError

_BEGUN: "list[Study]" = []
"""The studies of this process, those that work still and some that have ended."""

if TYPE_CHECKING:
    from collections.abc import Callable

    from search.campaign.events import Event
    from search.config import Config
    from stepsmith.api.discover import Planned
    from stepsmith.api.run import Run
    from stepsmith.asking.journal import Journal


class Study:
    """A campaign that asks for training and is told losses; run, or resumed, in the folder `out`.

        with stepsmith.Study(config, [Problem("digits", steps=200, untrained=2.3)]) as study:
            while batch := study.ask():
                for rule in batch:
                    study.tell(rule, {seed: train(rule, seed) for seed in rule.seeds})
            print(study.run.hall_of_fame)

    **Arguments:** `config`: as for `discover`; without `tasks` these are the problems. `problems`:
    what is trained outside; other tasks of the config are trained here. `out`, `overrides`,
    `plugins`, `observe`: as for `discover`.
    **Raises:** ConfigError and what else `search.errors` has; EvaluatorError for a problem called
    like a task.

    What comes of it is a function of the config, its seed and the told losses alone: whatever the
    order in which they are told, and however often the study was killed. Told losses are on the
    disk when `tell` returns. Studies of a process work side by side, unless two of them have a
    folder or the name of a problem in common: the second is refused. The process is its owner's:
    threads and devices are left as they are.
    """

    def __init__(
        self,
        config: "Config | Mapping[str, Any] | str | Path",
        problems: Sequence[Problem] | Problem,
        out: str | Path | None = None,
        *,
        overrides: Sequence[str] = (),
        plugins: Sequence[str | Path] = (),
        observe: "Callable[[Event], None] | None" = None,
    ):
        use_plugins(*plugins)
        from search.campaign import events
        from stepsmith.api.discover import planned
        from stepsmith.asking.exchange import Exchange

        if isinstance(problems, Problem):
            problems = [problems]
        if not isinstance(problems, list | tuple) or any(
            not isinstance(each, Problem) for each in problems
        ):
            raise UsageError(f"wanted a list of `Problem`s, met {problems!r}")
        if not problems:
            raise UsageError("a study has one problem or more")
        if isinstance(config, Mapping) and "tasks" not in config:
            config = {**config, "tasks": [{"name": p.name, "steps": p.steps} for p in problems]}
        self._exchange: Exchange | None = None
        given = [problem.name for problem in problems]
        if twice := {name for name in given if given.count(name) > 1}:
            raise UsageError(f"the problem '{min(twice)}' is given twice")
        self._problems = {problem.name: problem.to_json() for problem in problems}
        self._check_names()
        with self._declared(problems):
            plan = planned(config, out, overrides, prepare=False)
            self._check_asked(plan.config)
            alone = plan.config.model_copy(update={"workers": 0, "cluster": None})
            plan = plan._replace(config=alone)
            journal = self._journal_of(plan)
        self.folder = plan.folder
        """The folder of the run."""
        self._plan = plan
        self._observe = observe or events.ignore
        self._exchange = Exchange(journal)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._search, name="campaign", daemon=True)
        self._thread.start()
        _BEGUN[:] = [*_working(), self]

    def ask(self) -> list[Asked]:
        """All rules that are asked and not told yet; waits until there are some. An empty list
        when the campaign is complete.

        **Raises:** what ended the campaign, if an error did; UsageError once the study is closed.
        """
        assert self._exchange is not None
        found = self._exchange.waiting()
        if not found:
            self._thread.join()
            if self._error is not None:
                raise self._error
        return found

    def tell(self, rule: Asked | str, losses: Mapping[int, Told]) -> None:
        """The validation losses of a rule by seed: one number each, or one for each checkpoint.

        NaN, infinite and None are those of a run that has diverged; so is a seed that is left out.

        **Raises:** UsageError for a rule that was not asked or was told already, and for other
        seeds, or once the study is closed; LedgerError where another study has written in its
        folder; NotWritten where the disk does not take it, and then it was not told.
        """
        assert self._exchange is not None
        if not isinstance(rule, str | Asked):
            raise UsageError(f"wanted a rule that was asked, or its `id`, met {rule!r}")
        self._exchange.tell(rule if isinstance(rule, str) else rule.id, losses)

    @property
    def run(self) -> "Run":
        """The run as it lies on disk by now."""
        from stepsmith.api.run import Run

        return Run(self.folder)

    def close(self) -> None:
        """Let go of the run; another study in its folder goes on from there."""
        if self._exchange is not None:
            self._exchange.close()
            self._thread.join()

    def __enter__(self) -> "Study":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_asked(self, config: "Config") -> None:
        """UsageError for a problem that the campaign would never ask about."""
        from search.campaign.plugins import tasks_in

        for name in self._problems:
            if name not in (asked := tasks_in(config)):
                raise UsageError(
                    f"the config does not name the problem '{name}' among its tasks, which are "
                    f"{', '.join(sorted(asked))}\n"
                    "help: leave `tasks` out, or add {name: " + name + ", steps: ...} to it"
                )

    def _check_names(self) -> None:
        """UsageError if a study that works here has a problem of the same name."""
        for other in _working():
            for name in sorted({*self._problems} & {*other._problems}):
                raise UsageError(
                    f"the problem '{name}' is that of a study of this process, in {other.folder}; "
                    "close that one first, or give this problem another name"
                )

    @contextmanager
    def _declared(self, problems: Sequence[Problem]) -> Iterator[None]:
        """The problems as tasks from here on; of an error none is left."""
        from evaluators.own.outside import declare
        from evaluators.registry import forget_outside

        try:
            for problem in problems:
                declare(problem, self._train)
            yield
        except BaseException:
            for problem in problems:
                forget_outside(problem.name)
            raise

    def _journal_of(self, plan: "Planned") -> "Journal":
        """The told losses in the folder so far; raises for a folder that cannot be gone on from,
        which is left as it is."""
        from search.ledger import FILE, reading
        from search.run import check_goes_on
        from stepsmith.asking.journal import Journal

        for other in _working():
            if other.folder.resolve() == plan.folder.resolve():
                raise UsageError(
                    f"{plan.folder} is the folder of a study of this process; close that one "
                    "first, or choose another folder with `out`"
                )
        check_goes_on(plan.config, plan.folder, self._problems)
        journal = Journal(plan.folder)
        if (plan.folder / FILE).exists():
            with reading(plan.folder) as ledger:
                found = (row.verdict.evaluation for row in ledger.rows())
                runs = (run for each in found if each is not None for run in each.measurements)
                journal.check_holds(run for run in runs if run.task in self._problems)
        return journal

    def _train(self, asked: Any) -> Any:
        assert self._exchange is not None, "nothing is trained before the campaign begins"
        return self._exchange.train(asked)

    def _see(self, event: "Event") -> None:
        from search.campaign.events import BaselineTuned

        if isinstance(event, BaselineTuned):
            assert self._exchange is not None
            self._exchange.check_baseline(event.program.name, [*self._problems])
        self._observe(event)

    def _search(self) -> None:
        from stepsmith.asking.exchange import Closed

        assert self._exchange is not None
        try:
            self._plan.work(self._see, problems=self._problems)
        except Closed:
            pass
        except BaseException as error:
            self._error = error
        finally:
            self._exchange.finish()


def _working() -> list[Study]:
    """The studies of this process whose campaigns have not ended."""
    return [study for study in _BEGUN if study._thread.is_alive()]
