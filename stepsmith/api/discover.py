"""A campaign from Python: run, or resumed where it was interrupted."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stepsmith.api.lists import listed
from stepsmith.api.plugins import use_plugins
from stepsmith.errors import UsageError

if TYPE_CHECKING:
    from search.campaign.events import Event
    from search.config import Config
    from search.run import Result
    from stepsmith.api.run import Run


class Planned(NamedTuple):
    """A campaign and the folder of its run."""

    config: "Config"
    folder: Path

    def work(
        self,
        observe: "Callable[[Event], None]",
        problems: Mapping[str, Mapping[str, float]] | None = None,
    ) -> "Result":
        """Run, resume, or find complete; `problems` are as in `run_campaign`."""
        from evaluators.files.result_cache import default_folder
        from search.run import run_campaign

        cache = None if problems else default_folder("starts")
        return run_campaign(
            self.config, self.folder, observe, cache_folder=cache, problems=problems
        )


def planned(
    config: "Config | Mapping[str, Any] | str | Path",
    out: str | Path | None = None,
    overrides: Sequence[str] = (),
    *,
    prepare: bool = True,
) -> Planned:
    """The campaign of a config in `out`, or in `runs/` under its name.

    This process gets the environment of a worker, unless JAX is imported already or `prepare` is
    False.

    **Raises:** ConfigError; UsageError for what is none; PluginMissing for a config that cannot be
    read since a plug-in of the run is not loaded.
    """
    from evaluators.training.environment import prepare_process

    if prepare:
        prepare_process()
    from search.config import Config, config_of, load_config
    from search.errors import ConfigError
    from search.ledger import RUNS

    try:
        if isinstance(config, Mapping):
            config = config_of(config, overrides)
        elif isinstance(config, str | Path):
            config = load_config(Path(config), overrides)
        elif not isinstance(config, Config):
            raise UsageError(
                "wanted a dict of the keys of a campaign, or the path of a YAML file, met "
                f"{config!r}"
            )
    except ConfigError:
        _check_plugins(config, out)
        raise
    return Planned(config, RUNS / config.campaign if out is None else Path(out))


def _check_plugins(config: "Config | Mapping[str, Any] | str | Path", out: Any) -> None:
    """PluginMissing if the run of a config that cannot be read lacks a plug-in of its own."""
    from evaluators.files.config_file import read
    from search.errors import ConfigError
    from search.ledger import RUNS
    from search.ledger.runs import check_started

    if out is None and not isinstance(config, Mapping):
        try:
            config = read(Path(str(config)), example="configs/quickstart.yaml").values
        except ConfigError:
            return
    named = config.get("campaign") if isinstance(config, Mapping) else None
    check_started(RUNS / str(named) if out is None else Path(out))


def discover(
    config: "Config | Mapping[str, Any] | str | Path",
    out: str | Path | None = None,
    *,
    overrides: Sequence[str] = (),
    plugins: Sequence[str | Path] = (),
    observe: "Callable[[Event], None] | None" = None,
    progress: bool = True,
) -> "Run":
    """Run a search campaign, or resume it where it was interrupted, as `stepsmith discover` does.

    **Arguments:** `config`: the keys of a campaign as a dict (docs/config.md), or the path of a
    YAML file. `out`: the folder of the run; `runs/<campaign>` by default. `overrides`: as for
    `--set`, e.g. `["budget.candidates=500"]`. `plugins`: as for `--plugin`, files and modules with
    declarations of your own. `observe`: called with every event of
    `search.campaign.events`. `progress`: show on stderr how far it is.
    **Returns:** the complete run. Ctrl-C loses nothing but the work in flight: call it again.
    **Raises:** ConfigError, and what else `search.errors` has; PluginError.

    Workers are processes of their own, which import nothing of the script: it needs no guard
    (`if __name__ == "__main__"`). JAX is set up for one thread on the CPU, unless `JAX_PLATFORMS`
    says otherwise or JAX is imported already.
    """
    from evaluators.training.environment import prepare_process

    prepare_process()
    use_plugins(*listed(plugins))
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
