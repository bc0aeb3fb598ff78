"""The part about combinators: each with what it does, an example and the rule that comes out."""

import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import dsl.combine
from dsl.combine import COMBINATORS
from dsl.program import Program
from dsl.zoo import ZOO
from search.report.markdown import code

EXAMPLES: Mapping[str, str] = {
    "averaged": "averaged(sgd)",
    "averaged_evenly": "averaged_evenly(sgd)",
    "cautious": "cautious(sgd)",
    "clipped_by_global_norm": "clipped_by_global_norm(sgd, c=1)",
    "clipped_by_norm": "clipped_by_norm(sgd)",
    "cosine": "cosine(sgd)",
    "coupled_decay": "coupled_decay(fix(sgd, wd=0))",
    "decoupled_decay": "decoupled_decay(fix(sgd, wd=0))",
    "fix": "fix(lion, b1=0.95)",
    "follow": 'follow(sgd, lion, "g")',
    "gradient_noise": "gradient_noise(sgd)",
    "in_eight_bits": "in_eight_bits(lion)",
    "linear_decay": "linear_decay(sgd)",
    "local_steps": "local_steps(sgd, workers=2)",
    "lookahead": "lookahead(sgd)",
    "mechanic": "mechanic(sgd)",
    "mechanize": "mechanize(sgd)",
    "perp_grad": "perp_grad(sgd)",
    "rename": 'rename(lion, b1="blend")',
    "store": 'store(lion, "m", bits, "m")',
    "substitute": 'substitute(sgd, "g", half)',
    "tabulated": "tabulated(sgd, [0, 1, 0.5, 0])",
    "uba": "uba(sgd)",
    "variance_reduced": "variance_reduced(sgd)",
    "variance_reduced_exactly": "variance_reduced_exactly(sgd)",
    "warmup": "warmup(sgd, warmup=100)",
    "zclip": "zclip(sgd)",
}
"""A call of each by name. `half` and `bits` are pieces of a rule:"""
PIECES = {
    "half": "def half(g):\n    return 0.5 * g",
    "bits": "def bits(m=zeros):\n    return quantized(m, 1, 256)",
}


def combinators() -> str:
    """A section for each."""
    parts = [
        code("\n\n".join(PIECES.values())),
    ]
    for name in EXAMPLES:
        about = COMBINATORS[name].function if name in COMBINATORS else getattr(dsl.combine, name)
        first = (inspect.getdoc(about) or "").split("\n\n")[0]
        text = code(f"{EXAMPLES[name]}\n\n{replace(made(name), doc='')}")
        parts.append(f"### `{name}`\n\n{first}\n\n{text}")
    return "\n".join(parts)


def made(name: str) -> Program:
    """The rule that the example of a combinator gives."""
    from dsl.program.parse import parse

    words: dict[str, Any] = {each: getattr(dsl.combine, each) for each in EXAMPLES}
    words |= {"sgd": ZOO["sgd"], "lion": ZOO["lion"]}
    words |= {each: parse(text) for each, text in PIECES.items()}
    return eval(EXAMPLES[name], {"__builtins__": {}}, words)
