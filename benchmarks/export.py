"""Time and memory of a step of exported optimizers beside the hosts' own.

    python -m benchmarks.export --host torch --rules adamw lion --shapes 100x100000 --threads 1

Every optimizer takes a step in turn, in one process, and the median of its steps is compared with
that of the fastest of the others. Parameters and gradients are the same numbers for all. The peak
of memory is what a step of PyTorch holds at once beyond what it held before. `--keep` adds the
figures to a file, from which `benchmarks.export_page` writes `docs/export_speed.md`. JAX takes the
threads of the cores that a process may use: `taskset -c 0` leaves one.
"""

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dsl.export import to_optax_source, to_torch_source
from dsl.export.names import camel_case
from dsl.zoo import ZOO

RULES = ("adamw", "lion", "adan", "muon")
SHAPES = ("100x100000", "1000x1000")

Step = Callable[[], None]


def _namespace(source: str) -> dict[str, Any]:
    """The names of an exported file."""
    names: dict[str, Any] = {"__name__": "exported"}
    exec(compile(source, "exported.py", "exec"), names)
    return names


def _leaves(shapes: str) -> list[np.ndarray]:
    """Matrices float32 for `COUNTxSIZE`, as square as their size allows."""
    count, size = map(int, shapes.split("x"))
    rows = max(n for n in range(1, math.isqrt(size) + 1) if size % n == 0)
    rng = np.random.default_rng(0)
    return [rng.normal(size=(rows, size // rows)).astype(np.float32) for _ in range(count)]


def torch_steps(rule: str, leaves: list[np.ndarray]) -> Iterator[tuple[str, Step]]:
    """A step of each optimizer of PyTorch for a rule, ours first, by what it is called."""
    import torch

    made = _namespace(to_torch_source(ZOO[rule]))[camel_case(ZOO[rule])]
    others: dict[str, Any] = {"exported": made}
    others["exported foreach"] = lambda params: made(params, foreach=True)
    if rule == "adamw":
        others["torch"] = lambda params: torch.optim.AdamW(params, foreach=False)
        others["torch foreach"] = lambda params: torch.optim.AdamW(params, foreach=True)
    elif rule == "muon":
        others["torch"] = torch.optim.Muon
    try:
        import pytorch_optimizer

        theirs = {"lion": "Lion", "adan": "Adan", "adamw": "AdamW", "muon": "Muon"}[rule]
        theirs_made = getattr(pytorch_optimizer, theirs)
        if theirs_made is not getattr(torch.optim, theirs, None):
            option = {"use_muon": True} if rule == "muon" else {}
            for kind, foreach in (("", False), (" foreach", True)):
                others[f"pytorch_optimizer{kind}"] = lambda params, foreach=foreach: theirs_made(
                    [{"params": params, **option}], foreach=foreach
                )
    except ImportError:
        pass
    for name, make in others.items():
        params = [torch.nn.Parameter(torch.tensor(leaf)) for leaf in leaves]
        for p in params:
            p.grad = torch.tensor(np.sign(p.detach().numpy()))
        try:
            optimizer = make(params)
        except (TypeError, ValueError, RuntimeError) as error:
            print(f"  {name}: {error}")
            continue
        yield name, optimizer.step


def optax_steps(rule: str, leaves: list[np.ndarray]) -> Iterator[tuple[str, Step]]:
    """A compiled step of each optimizer of Optax for a rule, ours first."""
    import jax
    import jax.numpy as jnp
    import optax

    made = _namespace(to_optax_source(ZOO[rule]))[rule]
    own = {"adamw": optax.adamw, "lion": optax.lion, "adan": optax.adan}
    makers = {"exported": made, "optax": own.get(rule) or optax.contrib.muon}
    for name, make in makers.items():
        optimizer = make(1e-3)
        params = [jnp.asarray(leaf) for leaf in leaves]
        grads = [jnp.sign(leaf) for leaf in params]
        state = optimizer.init(params)

        def update(
            grads: Any, state: Any, params: Any, optimizer: Any = optimizer
        ) -> tuple[Any, Any]:
            moves, state = optimizer.update(grads, state, params)
            return optax.apply_updates(params, moves), state

        compiled = jax.jit(update, donate_argnums=(1, 2))
        held = [state, params]

        def step(compiled: Any = compiled, held: list[Any] = held, grads: Any = grads) -> None:
            held[1], held[0] = compiled(grads, *held)
            jax.block_until_ready(held[1])

        yield name, step


HOSTS = {"torch": torch_steps, "optax": optax_steps}


def peak_of_step(step: Step) -> int:
    """Bytes that a step of PyTorch holds at once, beyond those held before it."""
    import torch

    activities = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=activities, profile_memory=True) as profile:
        step()
    held = peak = 0
    events: Any = profile.profiler
    for event in events.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    return peak


def rivals(name: str, medians: dict[str, float]) -> dict[str, float]:
    """The medians of the optimizers that an exported one is held against: those of its kind, with
    `foreach` or without."""
    kind = name.removeprefix("exported")
    return {
        other: taken
        for other, taken in medians.items()
        if not other.startswith("exported") and other.endswith("foreach") == bool(kind)
    }


def compare(host: str, rule: str, shapes: str, seconds: float) -> dict[str, Any]:
    """The medians in ms and peaks in MiB of all optimizers for a rule; prints a line for each, with
    the ratio to the fastest other of its kind."""
    steps = dict(HOSTS[host](rule, _leaves(shapes)))
    for step in steps.values():
        step()
        step()
    times: dict[str, list[float]] = {name: [] for name in steps}
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends or len(times["exported"]) < 5:
        for name, step in steps.items():
            begun = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - begun)
    medians = {name: 1e3 * statistics.median(taken) for name, taken in times.items()}
    peaks: dict[str, float] = {}
    for name, median in medians.items():
        line = f"{host} {rule} {shapes} {name:26} {median:9.3f} ms"
        if name.startswith("exported"):
            others = rivals(name, medians)
            line += f"  {median / min(others.values()):5.2f}x" if others else "  (no other)"
        if host == "torch":
            peaks[name] = peak_of_step(steps[name]) / 2**20
            line += f"  {peaks[name]:8.2f} MiB"
        print(line, flush=True)
    return {"host": host, "rule": rule, "shapes": shapes, "medians": medians, "peaks": peaks}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--host", nargs="+", choices=HOSTS, default=[*HOSTS])
    parser.add_argument("--rules", nargs="+", choices=RULES, default=RULES)
    parser.add_argument("--shapes", nargs="+", default=SHAPES, help="COUNTxSIZE of the tensors")
    parser.add_argument("--threads", type=int, default=0, help="of PyTorch; all by default")
    parser.add_argument("--seconds", type=float, default=5.0, help="of steps for each line")
    parser.add_argument(
        "--keep", type=Path, help="add the figures to this file, a line of JSON each"
    )
    chosen = parser.parse_args()
    if chosen.threads:
        import torch

        torch.set_num_threads(chosen.threads)
    for host in chosen.host:
        for rule in chosen.rules:
            for shapes in chosen.shapes:
                found = compare(host, rule, shapes, chosen.seconds)
                if chosen.keep:
                    with chosen.keep.open("a") as file:
                        file.write(json.dumps(found | {"threads": chosen.threads}) + "\n")


if __name__ == "__main__":
    main()
