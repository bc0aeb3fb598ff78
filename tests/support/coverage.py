"""Optimizers of the installed libraries beside those of the zoo: which it has, which are left and
why."""

import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass

from dsl.zoo import ENTRIES
from dsl.zoo.entry import Reference

LIBRARIES = ("pytorch_optimizer", "optax", "optax.contrib")


@dataclass(frozen=True)
class Known:
    """An optimizer of a library: the rules of the zoo for it, or why there is none.

    `compared` says that one of the rules is compared with it, step by step; else `note` says what
    it is beside the rule.
    """

    library: str
    name: str
    rules: tuple[str, ...]
    compared: bool
    note: str


BESIDE = {
    "pytorch_optimizer": {
        "AdamMini": ("adam_mini", "it computes in float32, and asks for a model"),
        "AliG": ("ali_g", ""),
        "BCOS": ("bcos", "it estimates from a momentum that it has changed already"),
        "BSAM": ("bsam", "it departs from the paper"),
        "Conda": ("conda", "it takes singular vectors in float32"),
        "DAdaptSGD": ("d_adapt_sgd", ""),
        "DistributedMuon": ("muon", "the same steps, by several processes"),
        "Fira": ("fira", "it takes singular vectors in float32"),
        "FriendlySAM": ("friendly_sam", "a wrapper"),
        "GSAM": ("gsam", "a wrapper, whose radius has a schedule"),
        "GaLore": ("galore", "it takes singular vectors in float32"),
        "Grams": ("grams", ""),
        "Gravity": ("gravity", ""),
        "LARS": ("lars", ""),
        "LOMO": ("sgd", "the same steps, made during the backward pass"),
        "Lamb": ("lamb", ""),
        "LookSAM": ("looksam", "a wrapper"),
        "Lookahead": ("lookahead_sgd", "a wrapper; `lookahead` makes it of any rule"),
        "Magma": ("magma", "a wrapper, here of AdamW"),
        "Muon": ("muon", "it computes in bfloat16; `muon_moonlight` has its other scale"),
        "OrthoGrad": ("sgd_perp_grad", "a wrapper; `perp_grad` makes it of any rule"),
        "SAM": ("sam", "a wrapper"),
        "SCIONLight": ("scion", "it keeps the momentum in the gradient"),
        "SOAP": ("soap", ""),
        "SPlus": ("splus", "it takes eigenvectors in float32"),
        "SWATS": ("swats", ""),
        "SignSGD": ("signsgd", "`signum` with its momentum"),
        "SimplifiedAdEMAMix": ("simplified_ademamix", "it departs from the paper"),
        "Tiger": ("signum", "the same with decoupled decay"),
        "WSAM": ("wsam", "a wrapper"),
    },
    "optax": {
        "noisy_sgd": ("sgd_gradient_noise", ""),
        "optimistic_adam": ("optimistic_adam", "its second moment is another; `_v2` is compared"),
    },
    "optax.contrib": {
        "dadapt_adamw": ("d_adapt_adam", "it corrects the bias"),
        "differentially_private_aggregate": ("dp_sgd", "a part of `dpsgd`"),
        "dpsgd": ("dp_sgd", ""),
        "normalize": ("normalized_gd", "a wrapper"),
        "schedule_free": ("schedule_free_sgd", "a wrapper"),
        "sophia": ("sophia_g_optax", ""),
    },
}
"""Optimizers that a rule of another name or reference stands for, and what they are beside it."""

_WRAPPER = "a wrapper around any optimizer"
_NO_RULE = "no optimizer"
_CLOSURES = "runs until a test of its own says so; a rule has no loops"

LEFT = {
    "pytorch_optimizer": {
        "ASGD": "keeps its rate as state and norms in float32, so no comparison in float64 holds",
        "AdaLOMO": "has no step: it runs during the backward pass",
        "AdamC": "is AdamW at a constant rate; else its decay asks for the largest rate of a "
        "schedule, which a rule does not know ahead",
        "AdamWSN": "has blocks of the flattened tensor, of a size that divides its length; "
        "`subset_norm_adam` has the paper's rows or columns",
        "Alice": "exchanges singular vectors by random permutations",
        "DeMo": "sends the largest cosine coefficients between processes",
        "EmoFact": "has a loss ratio that rounding decides, as EmoNavi",
        "EmoLynx": "has a loss ratio that rounding decides, as EmoNavi",
        "EmoNavi": "chooses a ratio by comparing a number with itself, computed twice, so that "
        "rounding decides",
        "FlashAdamW": "is AdamW in storage formats of its own",
        "LBFGS": _CLOSURES,
        "LoRARite": "steps on pairs of tensors; a rule sees one, or sums over all",
        "PCGrad": "projects gradients of several losses against each other",
        "SaRA": "is AdamW on the entries that are small when it begins, next to none in a model "
        "that is not trained",
        "SafeFP16Optimizer": "scales losses: no optimizer",
        "ScalableShampoo": "finds roots by an iteration that runs to a tolerance; see `dash`",
        "ScheduleFreeWrapper": f"{_WRAPPER}; `schedule_free_sgd`, `_adamw` and `_radam` are rules",
        "SpectralSphere": f"{_CLOSURES}; bisections in bfloat16",
        "TRAC": f"{_WRAPPER}; needs the complex error function",
    },
    "optax": {"lbfgs": _CLOSURES},
    "optax.contrib": {
        "hutchinson_estimator_diag_hessian": f"{_NO_RULE}: a part of `sophia`",
        "reduce_on_plateau": f"{_NO_RULE}: a schedule that waits for the loss to stop falling",
        "schedule_free_eval_params": f"{_NO_RULE}: the average of schedule-free rules",
        "split_real_and_imaginary": f"{_NO_RULE}: complex parameters as pairs",
    },
}
"""Optimizers that the zoo does not have, and why."""


def offered(library: str) -> list[str]:
    """The names of the optimizers that the installed library has."""
    if library == "pytorch_optimizer":
        base = importlib.import_module("torch.optim").Optimizer
        module = vars(importlib.import_module("pytorch_optimizer.optimizer"))
        classes = {name: c for name, c in module.items() if inspect.isclass(c)}
        abstract = {"Optimizer", "BaseOptimizer"}
        return sorted(n for n, c in classes.items() if issubclass(c, base) and n not in abstract)
    found = importlib.import_module(library)
    if library == "optax":
        alias = importlib.import_module("optax._src.alias")
        return sorted(
            name
            for name, function in vars(alias).items()
            if inspect.isfunction(function)
            and function.__module__ == alias.__name__
            and hasattr(found, name)
        )
    functions = (name for name in dir(found) if inspect.isfunction(getattr(found, name)))
    return sorted(name for name in functions if not name.startswith("scale_by_"))


def compared(library: str) -> dict[str, tuple[str, ...]]:
    """The rules that are compared with an optimizer of the library, by its name."""
    found: dict[str, tuple[str, ...]] = {}
    for rule, entry in ENTRIES.items():
        if isinstance(entry.reference, Reference):
            module, _, name = entry.reference.target.partition(":")
            if module == library:
                found[name] = (*found.get(name, ()), rule)
    return found


def known(library: str) -> Iterator[Known]:
    """All optimizers of the installed library; KeyError for one that nothing is said of."""
    by_reference = compared(library)
    alike = {rule.replace("_", ""): rule for rule in ENTRIES}
    for name in offered(library):
        if name in by_reference:
            yield Known(library, name, by_reference[name], True, "")
        elif name in BESIDE[library]:
            rule, note = BESIDE[library][name]
            yield Known(library, name, (rule,), False, note)
        elif name in LEFT[library]:
            yield Known(library, name, (), False, LEFT[library][name])
        elif (rule := alike.get(name.lower().replace("_", ""))) is not None:
            yield Known(library, name, (rule,), False, "")
        else:
            raise KeyError(f"{library}.{name}: neither in the zoo nor among those left")
