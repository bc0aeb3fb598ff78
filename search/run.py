"""A run on disk: its folder, and doing what is left of its campaign.

config.yaml       the config with every default
ledger.sqlite     every candidate
lock              held by the process that works on it
winner.rule       the winner as program text
winner_HOST.py    the winner as an optimizer for each host of `dsl.export.HOSTS`
"""

import importlib.metadata
import platform
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

from dsl.plugins import blamed
from evaluators.files.replace_file import replace_file
from evaluators.files.result_cache import ResultCache
from evaluators.workers import SerialPool
from search.campaign import campaign, events
from search.campaign.cycles import seldom_collected
from search.campaign.other_tasks import check_unseen
from search.campaign.plugins import check_workers_know, go_on_with, own_tasks, used_plugins
from search.campaign.session import Session
from search.campaign.sources import check_sources, find_sources
from search.config import Config, check_same
from search.errors import ConfigChanged, NoSuchRun
from search.ledger import FILE, Ledger
from search.ledger.lock import run_lock
from search.ledger.plugins import check_same_plugins
from search.ledger.writing import written
from search.pool.jobs import CampaignPool
from search.pool.ray_pool import RayPool
from search.pool.worker import CampaignWorker
from search.report.hall_of_fame import HallOfFame, hall_of_fame
from search.report.winner import has_winner, write_winner

_CONFIG = "config.yaml"
_PACKAGES = ("stepsmith", "jax", "jaxlib", "numpy", "ray", "scikit-learn")


@dataclass(frozen=True)
class Result:
    """A complete campaign; `was_complete` if there was nothing left to do."""

    folder: Path
    hall: HallOfFame
    content_hash: str
    was_complete: bool
    not_written: tuple[str, ...] = ()
    """The reasons why files of the winner are missing, if any are."""


def run_campaign(
    config: Config,
    folder: Path,
    observe: events.Observer = events.ignore,
    make_worker: Callable[[], CampaignWorker] = CampaignWorker,
    cache_folder: Path | None = None,
    problems: Mapping[str, Mapping[str, float]] | None = None,
) -> Result:
    """Run, resume, or find complete the campaign in `folder`.

    **Arguments:** `cache_folder`: where the rates of start programs are kept for other campaigns;
    None keeps none. `problems`: the numbers of tasks that others train, by name; a run that was
    begun with others is refused, and the process that trains them keeps its garbage collector as
    it is.
    """
    path = folder / FILE
    check_workers_know(config)
    sources, mine = None, None
    if not path.exists():
        check_unseen(config)
        sources, mine = find_sources(config), own_tasks(config)
    _make_folder(folder)
    quiet = nullcontext() if problems else seldom_collected()
    with written(path), run_lock(folder), quiet:
        if path.exists():
            with closing(Ledger.read(path, whole=False)) as stored:
                check_same_plugins(str(folder), stored.plugins, used_plugins(config))
                _check_problems(str(folder), stored.problems, problems or {})
                go_on_with(str(folder), stored.own_tasks, config)
            ledger = Ledger.open(path)
        else:
            sources = sources or find_sources(config)
            plugins, told = used_plugins(config), dict(problems or {})
            values = config.comparable()
            mine = own_tasks(config) if mine is None else mine
            ledger = Ledger.create(path, values, sources, plugins, told, mine)
        pool, cache = _pool(config, make_worker), ResultCache(cache_folder)
        session = Session(config, ledger, pool, _versions(), observe, cache)
        finished = False
        try:
            check_same(ledger.config, config, folder)
            if sources is None:
                check_sources(session.sources, config)
            if not (folder / _CONFIG).exists():
                replace_file(folder / _CONFIG, _config_text(config))
            was_complete = _recorded(session)
            replace_file(folder / _CONFIG, _config_text(config))
            hall = hall_of_fame(ledger)
            assert hall is not None
            finished = True
            content = ledger.content_hash()
            missing: tuple[str, ...] = ()
            if not (was_complete and has_winner(folder)):
                missing = write_winner(folder, config.campaign, config.choices, hall, content)
            return Result(folder, hall, content, was_complete, missing)
        finally:
            try:
                session.close()
            finally:
                ledger.close(final=finished)


def check_goes_on(
    config: Config, folder: Path, problems: Mapping[str, Mapping[str, float]]
) -> None:
    """Raise, as `run_campaign` does, where the run in `folder` was started with another config or
    other `problems`; a folder without a run is no error. Writes nothing."""
    path = folder / FILE
    if path.exists():
        with closing(Ledger.read(path, whole=False)) as stored:
            _check_problems(str(folder), stored.problems, problems)
            check_same(stored.config, config, folder)


def _check_problems(
    run: str, stored: Mapping[str, Mapping[str, float]], now: Mapping[str, Mapping[str, float]]
) -> None:
    """ConfigChanged unless the tasks that others train state the same numbers as before."""
    for name in (*stored, *now):
        if stored.get(name) != now.get(name):
            was, met = (_numbers(each.get(name)) for each in (stored, now))
            raise ConfigChanged(
                f"{run} was started with {was} for the problem '{name}', met {met}",
                help="state the same, or start another run in another folder",
            )


def _numbers(stated: Mapping[str, float] | None) -> str:
    found = ", ".join(f"{key}={value:g}" for key, value in sorted((stated or {}).items()))
    return found or "nothing stated"


def _recorded(session: Session) -> bool:
    """Run the campaign; the ledger then says of what it failed, if it does."""
    ledger = session.ledger
    if ledger.failure is not None:
        ledger.set_failure(None)
    try:
        return campaign.run(session)
    except Exception as error:
        if getattr(error, "exit_status", 1) == 1:  # else it is not of this campaign, or of its use
            known = blamed(error) or error
            told = getattr(known, "message", None) or f"{type(error).__name__}: {error}"
            with suppress(sqlite3.Error):  # of which the ledger itself may be the reason
                ledger.set_failure(str(told).splitlines()[0])
        raise


def _pool(config: Config, make_worker: Callable[[], CampaignWorker]) -> Callable[[], CampaignPool]:
    """Opens the pool that the config asks for, in this process or on Ray."""
    batch = config.evaluation.batch
    if config.workers == 0:
        return lambda: SerialPool(make_worker(), batch)
    return lambda: RayPool(config.workers, make_worker, batch, config.cluster)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NoSuchRun(
            f"{folder} cannot hold a run: {error.strerror}", help="choose a folder with --out DIR"
        ) from None


def _config_text(config: Config) -> str:
    return yaml.safe_dump(config.resolved(), sort_keys=False)


def _versions() -> dict[str, str]:
    """The versions of what this process runs on, for the record."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in _PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found
