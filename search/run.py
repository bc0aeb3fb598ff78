"""A run on disk: its folder, and doing what is left of its campaign.

config.yaml       the config with every default
ledger.sqlite     every candidate
lock              held by the process that works on it
winner.rule       the winner as program text
winner_optax.py   the winner as an Optax optimizer
winner_torch.py   the winner as a PyTorch optimizer
"""

import importlib.metadata
import os
import platform
import textwrap
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from dsl.errors import ExportError
from dsl.export import to_optax_source, to_torch_source
from dsl.program import Program
from evaluators.workers import SerialPool
from search.campaign import events
from search.campaign.loop import Campaign
from search.config import Config
from search.errors import NoSuchRun
from search.ledger import FILE, Ledger
from search.ledger.lock import run_lock
from search.load import check_same
from search.pool.ray_pool import RayPool
from search.pool.worker import CampaignPool, CampaignWorker
from search.report.hall_of_fame import HallOfFame, hall_of_fame
from search.report.transfer import HEADING

_DOC_WIDTH = 90
"""Characters of a line in the winner's docstring."""

_PACKAGES = ("stepsmith", "jax", "jaxlib", "numpy", "ray", "scikit-learn")


@dataclass(frozen=True)
class Result:
    """A complete campaign; `was_complete` if there was nothing left to do."""

    folder: Path
    hall: HallOfFame
    content_hash: str
    was_complete: bool
    not_written: tuple[str, ...] = ()
    """Why a file of the winner is missing, if one is."""


def run_campaign(
    config: Config,
    folder: Path,
    observe: events.Observer = events.ignore,
    make_worker: Callable[[], CampaignWorker] = CampaignWorker,
) -> Result:
    """Run, resume, or find complete the campaign in `folder`."""
    _make_folder(folder)
    with run_lock(folder):
        path = folder / FILE
        ledger = Ledger.open(path) if path.exists() else Ledger.create(path, config.comparable())
        finished = False
        try:
            check_same(ledger.get("config"), config, folder)
            if not (folder / "config.yaml").exists():
                _write(folder / "config.yaml", _config_text(config))
            campaign = Campaign(config, ledger, _pool(config, make_worker), observe)
            was_complete = campaign.run(_versions())
            _write(folder / "config.yaml", _config_text(config))
            hall = hall_of_fame(ledger)
            assert hall is not None
            finished = True
            content = ledger.content_hash()
            missing = _write_winner(folder, config, hall, content)
            return Result(folder, hall, content, was_complete, missing)
        finally:
            ledger.close(final=finished)


def named(program: Program, config: Config, hall: HallOfFame, content: str) -> Program:
    """The winner under the campaign's name, with its evidence as docstring."""
    winner = hall.winner
    where = ", ".join(f"{task.name} ({task.steps} steps)" for task in config.tasks)
    origin = "the tuned baseline" if winner.candidate is None else f"candidate {winner.candidate}"
    lines = [
        f"Found by the campaign {config.campaign}, {origin}.",
        "",
        f"Score {winner.mean:.4f} +- {winner.sd:.4f} over {len(winner.scores)} fresh seeds on",
        *textwrap.wrap(f"{where};", _DOC_WIDTH),
        f"tuned {hall.rule} is 1, untrained is 0. Program {winner.hash}, ledger {content[:16]}.",
    ]
    if hall.unseen:
        lines += ["", HEADING, *(each.sentence for each in hall.unseen)]
    return replace(program, name=config.campaign, doc="\n".join(lines))


def _pool(config: Config, make_worker: Callable[[], CampaignWorker]) -> Callable[[], CampaignPool]:
    """Opens the pool that the config asks for, in this process or on Ray."""
    batch = config.evaluation.batch
    if config.workers == 0:
        return lambda: SerialPool(make_worker(), batch)
    return lambda: RayPool(config.workers, make_worker, batch)


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
    """What this process runs on, for the record."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in _PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


def _write_winner(folder: Path, config: Config, hall: HallOfFame, content: str) -> tuple[str, ...]:
    winner = named(hall.winner.program, config, hall, content)
    _write(folder / "winner.rule", f"{winner}\n")
    headline, _, evidence = winner.doc.partition("\n\n")
    exported = replace(winner, doc=headline)
    sources: dict[str, Callable[..., str]] = {
        "winner_optax.py": to_optax_source,
        "winner_torch.py": to_torch_source,
    }
    missing: list[str] = []
    for name, emit in sources.items():
        try:
            _write(folder / name, emit(exported, evidence=evidence))
        except ExportError as error:
            (folder / name).unlink(missing_ok=True)
            missing.append(f"{name}: {error.message}")
    return tuple(missing)


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all; one that says the same already is left alone."""
    with suppress(OSError, UnicodeDecodeError):
        if path.read_text(encoding="utf-8") == text:
            return
    unborn = path.with_name(f"{path.name}.new")
    unborn.write_text(text, encoding="utf-8")
    os.replace(unborn, path)
