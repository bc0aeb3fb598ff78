"""Rules against tuned baselines, from Python."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from dsl.program import Program
    from evaluators.comparison.protocol import ComparableSuite
    from evaluators.comparison.ranking import Ranking


def compare(
    rules: "str | Path | Program | Sequence[str | Path | Program]",
    suite: str | Path = "held_out",
    *,
    tasks: Sequence[str] = (),
    baselines: Sequence[str] = (),
    seeds: int = 10,
    looked_at: int | None = None,
    workers: int = 0,
    plugins: Sequence[str | Path] = (),
    out: str | Path | None = None,
    force: bool = False,
    cache: bool = True,
    progress: bool = True,
) -> "Ranking":
    """Rules beside tuned baselines on fresh seeds, with intervals and a verdict on each, as
    `stepsmith compare` makes them.

    **Arguments:** `rules`: one or more, as in `stepsmith.load`. `suite`: a name or a file; `tasks`
    of it alone. `baselines`: names of the zoo, and adamw. `seeds`: fresh ones per task, 2 or more.
    `looked_at`: rules tried on these tasks so far, these included. `workers`: processes, 0 for this
    one. `plugins`: as for `--plugin`. `out`: a folder for the figure and the data; None writes
    none. `cache`: use and keep runs of earlier comparisons. `progress`: show on stderr how far it
    is.
    **Returns:** `standings`, `verdicts` and the `comparison` with all runs; `to_json()` is what
    `--json` prints.
    **Raises:** UsageError, and what `evaluators.comparison.protocol.compare` raises.
    """
    from evaluators.training.environment import prepare_process
    from stepsmith.api.lists import listed
    from stepsmith.api.plugins import use_plugins

    prepare_process()
    use_plugins(*listed(plugins))
    from rich.console import Console

    from dsl.program import Program
    from stepsmith.api.rules import load
    from stepsmith.comparing.output import check_writable
    from stepsmith.errors import UsageError

    given = [rules] if isinstance(rules, str | Path | Program) else rules
    programs = [load(rule) for rule in given]
    if not programs:
        raise UsageError("wanted one rule or more to compare, met none")
    if seeds < 2:
        raise UsageError(f"seeds: wanted 2 or more, met {seeds}")
    against, chosen = (
        known_baselines([*map(str, listed(baselines))]),
        tasks_of(suite, [*map(str, listed(tasks))]),
    )
    if out is not None:
        check_writable(Path(out), force=force)
    chatter = Console(stderr=True, highlight=False, quiet=not progress)
    ranking = ranked_in(
        programs, chosen, against, seeds, looked_at, workers, cache=cache, chatter=chatter
    )
    if out is not None:
        write(ranking, chosen.name, Path(out), force=force)
    return ranking


def ranked_in(
    programs: "Sequence[Program]",
    suite: "ComparableSuite",
    baselines: Sequence[str],
    seeds: int,
    looked_at: int | None,
    workers: int,
    *,
    cache: bool,
    chatter: "Console",
) -> "Ranking":
    """The comparison, with its progress on a console."""
    from evaluators.comparison.protocol import compare as run
    from evaluators.comparison.ranking import ranked
    from evaluators.files.result_cache import default_folder
    from stepsmith.comparing.progress import comparing
    from stepsmith.comparing.workers import comparison_workers

    def say(sentence: str) -> None:
        chatter.print(sentence, markup=False, soft_wrap=True)

    with (
        comparison_workers(workers) as open_pool,
        comparing(chatter, suite.name, seeds, workers) as see,
    ):
        result = run(
            programs,
            suite,
            baselines=baselines,
            seeds=seeds,
            looked_at=looked_at,
            folder=default_folder("compared") if cache else None,
            observe=see,
            say=say,
            open_pool=open_pool,
        )
    return ranked(result)


def write(ranking: "Ranking", suite: str, out: Path | None, *, force: bool) -> Path:
    """Write the figure and the data of a comparison; the folder."""
    from stepsmith.comparing.figure import figure
    from stepsmith.comparing.output import write as put

    return put(figure(ranking.comparison), as_text(ranking), suite, out, force=force)


def as_text(ranking: "Ranking") -> str:
    """The data of a comparison as JSON."""
    import json

    return json.dumps(ranking.to_json(), indent=2, allow_nan=False)


def tasks_of(suite: str | Path, only: Sequence[str]) -> "ComparableSuite":
    """The suite of that name or file with the tasks named in `only`, or all if that is empty."""
    from evaluators.comparison.protocol import subset
    from evaluators.suites import load_suite

    found = load_suite(suite)
    return subset(found.name, found.tasks, only)


def known_baselines(names: Sequence[str]) -> tuple[str, ...]:
    """The baselines of these names, the usual ones where there are none; UsageError for a name that
    is not in the zoo."""
    from dsl.errors import did_you_mean, listed
    from dsl.zoo import ZOO
    from evaluators.comparison.entrants import BASELINES
    from stepsmith.errors import UsageError

    for name in names:
        if name not in ZOO:
            raise UsageError(
                f"--baselines: unknown rule '{name}'{did_you_mean(name, ZOO)}\n"
                f"help: {listed(name, ZOO)}; `stepsmith zoo` lists what can be a baseline"
            )
    return tuple(names) or BASELINES
