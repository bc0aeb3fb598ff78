"""A campaign from Python: run, or resumed where it was interrupted."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from search.campaign.events import Event
    from search.config import Config
    from search.run import Result
    from stepsmith.api.run import Run


class Planned(NamedTuple):
    """A campaign and the folder of its run."""

    config: "Config"
    folder: Path

    def work(self, observe: "Callable[[Event], None]") -> "Result":
        """Run, resume, or find complete."""
        from evaluators.files.result_cache import default_folder
        from search.run import run_campaign

        return run_campaign(
            self.config, self.folder, observe, cache_folder=default_folder("starts")
        )


def planned(
    config: "Config | Mapping[str, Any] | str | Path",
    out: str | Path | None = None,
    overrides: Sequence[str] = (),
) -> Planned:
    """The campaign of a config in `out`, or in `runs/` under its name.

    This process gets the environment of a worker, unless JAX is imported already.
    """
    from evaluators.training.environment import prepare_process

    prepare_process()
    from search.config import Config, config_of, load_config
    from search.ledger import RUNS

    if isinstance(config, Mapping):
        config = config_of(config, overrides)
    elif not isinstance(config, Config):
        config = load_config(Path(config), overrides)
    return Planned(config, RUNS / config.campaign if out is None else Path(out))


def discover(
    config: "Config | Mapping[str, Any] | str | Path",
    out: str | Path | None = None,
    *,
    overrides: Sequence[str] = (),
    observe: "Callable[[Event], None] | None" = None,
    progress: bool = True,
) -> "Run":
    """Run a search campaign, or resume it where it was interrupted, as `stepsmith discover` does.

    **Arguments:** `config`: the keys of a campaign as a dict (docs/config.md), or the path of a
    YAML file. `out`: the folder of the run; `runs/<campaign>` by default. `overrides`: as for
    `--set`, e.g. `["budget.candidates=500"]`. `observe`: called with every event of
    `search.campaign.events`. `progress`: show on stderr how far it is.
    **Returns:** the complete run. Ctrl-C loses nothing but the work in flight: call it again.
    **Raises:** ConfigError, and what else `search.errors` has.

    Workers are processes of their own, which import nothing of the script: it needs no guard
    (`if __name__ == "__main__"`). JAX is set up for one thread on the CPU, unless `JAX_PLATFORMS`
    says otherwise or JAX is imported already.
    """
    plan = planned(config, out, overrides)
    from stepsmith.api.run import Run

    with ExitStack() as stack:
        seers = [] if observe is None else [observe]
        if progress:
            from rich.console import Console

            from stepsmith.discovering.watching import watching

            seers.append(stack.enter_context(watching(Console(stderr=True, highlight=False))))

        def see(event: "Event") -> None:
            for each in seers:
                each(event)

        plan.work(see)
    return Run(plan.folder)
