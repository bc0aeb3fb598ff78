"""The baseline of a campaign, tuned before the search, and the setup that judges against it."""

from dsl.errors import PluginError, PluginFails
from dsl.program import Program
from evaluators.request import JudgingSetup
from evaluators.seeds import baseline_seeds
from evaluators.suites import TaskChoice
from evaluators.workers import Failed, run_all
from search.campaign import events
from search.campaign.events import Observer
from search.config import Config
from search.errors import CampaignFailed
from search.ledger.results import Rates, Sources, TunedBaseline
from search.pool.jobs import CampaignPool, Tune, time_limit


def tune_baseline(
    config: Config, sources: Sources, pool: CampaignPool, observe: Observer
) -> TunedBaseline:
    """The baseline with the constants and rates that suit the tasks of the search.

    **Raises:** CampaignFailed if the workers that tuned it were lost.
    """
    wanted = config.baseline
    rule = sources.baseline
    observe(events.TuningBaseline(wanted.rule, wanted.evaluations))
    seeds = baseline_seeds(config.seed, wanted.seeds)
    job = Tune(
        program=rule,
        tasks=config.choices,
        seeds=seeds,
        evaluations=wanted.evaluations,
        primitives=primitives(config, sources),
        factors=tuple(config.evaluation.rates),
        shape=config.evaluation.shape,
    )
    (done,) = run_all(pool, [job], time_limit(config, config.choices, seeds, wanted.evaluations))
    if isinstance(done, Failed):
        if isinstance(done.error, PluginError):
            raise _of_plugin(done.error, sources)
        raise CampaignFailed(f"the baseline {wanted.rule} could not be tuned: {done.note}")
    tuned = done.value
    made = TunedBaseline(rule, tuned.program, tuned.rates, tuned.trail)
    observe(events.BaselineTuned(made.program, made.doubt))
    return made


def _of_plugin(error: PluginError, sources: Sources) -> CampaignFailed:
    """The failure of a plug-in while the baseline was tuned, and the programs that call it: the
    loop carries all primitives of the search, so the baseline need not."""
    said, primitive = error.message, isinstance(error, PluginFails) and error.primitive
    if primitive:
        programs = dict.fromkeys((*sources.starts, sources.baseline))
        callers = [
            program.name
            for program in programs
            if any(each.op == primitive for each in program.statements)
        ]
        whose = f"called by {', '.join(callers)}" if callers else "called by no start"
        said += f"; {whose}, and carried by the loop that trains every program of the search"
    return CampaignFailed(said, help=error.help)


def search_setup(config: Config, sources: Sources, baseline: TunedBaseline) -> JudgingSetup:
    """The setup that candidates are judged by."""
    carried = primitives(config, sources)
    return setup_of(config, config.choices, baseline.program, baseline.rates, carried)


def setup_of(
    config: Config,
    tasks: tuple[TaskChoice, ...],
    baseline: Program,
    rates: Rates,
    primitives: tuple[str, ...],
) -> JudgingSetup:
    """Tasks, the tuned baseline with its rate on each, and the judging that the config asks for."""
    shape = config.evaluation.shape
    return JudgingSetup(
        tasks=tasks,
        baseline=baseline,
        primitives=primitives,
        factors=tuple(config.evaluation.rates),
        rates=rates,
        checks=tuple(config.checks),
        width=shape.seeds,
        batch=shape.programs,
    )


def primitives(config: Config, sources: Sources) -> tuple[str, ...]:
    """The primitives of candidates: those of the campaign, of the starts and the baseline."""
    programs = (*sources.starts, sources.baseline)
    used = {statement.op for program in programs for statement in program.statements}
    return tuple(sorted(config.words() | used))
