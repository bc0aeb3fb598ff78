"""The programs that a campaign starts from, each with its rate on every task of the search.

A rule meets a search with a rate that suits it: that is found once and kept in the user's cache for
the next campaign on the same tasks.
"""

from dataclasses import dataclass

from dsl.program import Program
from dsl.rewrite.canonical import canonical_hash
from evaluators.files.result_cache import CacheKey, ResultCache, environment
from evaluators.registry import definitions
from evaluators.seeds import START_SEEDS
from evaluators.workers import Done, run_all
from search.campaign import events
from search.campaign.baseline import primitives
from search.campaign.events import Observer
from search.config import Config
from search.ledger.results import Sources, TunedBaseline, TunedStart
from search.pool.jobs import CampaignPool, Sweep, time_limit


@dataclass(frozen=True, kw_only=True)
class SweepKey(CacheKey):
    """Everything that decides the rates of a start."""

    rule: str
    """Hash of the canonical form."""
    tasks: tuple[tuple[str, int], ...]
    """Names and steps."""
    seeds: tuple[int, ...]
    primitives: tuple[str, ...]
    """Those that the machine carries."""
    lanes: int
    """Runs of a program side by side."""
    definitions: tuple[tuple[str, str], ...]
    """Digests of the user's own tasks among them."""


def tune_starts(
    config: Config,
    sources: Sources,
    baseline: TunedBaseline,
    pool: CampaignPool,
    cache: ResultCache,
    observe: Observer,
) -> list[TunedStart]:
    """The starts with their rates; the baseline's rule with its tuned constants. One whose sweep
    was lost with its workers, or that a task refuses, has its default rate everywhere."""
    words = primitives(config, sources)
    seeds, shape = START_SEEDS[: config.evaluation.seeds], config.evaluation.shape
    tasks = tuple((task.name, task.steps) for task in config.choices)
    here = environment() if cache.folder else ()
    mine = tuple(definitions(name for name, _ in tasks).items())

    def key(program: Program) -> SweepKey:
        return SweepKey(
            environment=here,
            rule=canonical_hash(program),
            tasks=tasks,
            seeds=seeds,
            primitives=words,
            lanes=shape.lanes,
            definitions=mine,
        )

    found: dict[Program, dict[str, float]] = {}
    others = [start for start in sources.starts if not start.same_rule(baseline.rule)]
    for start in others:
        known = cache.get(key(start), dict)
        if known is not None:
            found[start] = known
    missing = [start for start in others if start not in found]
    before = len(others) - len(missing)
    jobs = [Sweep(start, config.choices, seeds, words, shape) for start in missing]
    done = run_all(
        pool,
        jobs,
        time_limit(config, config.choices, seeds, evaluations=6),
        lambda count: observe(events.TuningStarts(before + count, len(others))),
    )
    for start, answer in zip(missing, done, strict=True):
        found[start] = {}
        if isinstance(answer, Done):
            found[start] = answer.value
            cache.put(key(start), answer.value)
    return [
        TunedStart(start, found[start])
        if start in found
        else TunedStart(baseline.program.renamed(start.name), baseline.rates)
        for start in sources.starts
    ]
