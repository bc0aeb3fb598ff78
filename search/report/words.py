"""The words of a status, each with what it means: declared once, for every command that shows them.

Outcomes are those of `evaluators.evaluation` and `evaluators.workers`, which say themselves what
they mean.
"""

from collections.abc import Collection, Mapping
from typing import Any

from evaluators.evaluation import Outcome
from evaluators.workers import WorkerFailure
from search.candidates.verdict import DuplicateKey

OUTCOMES: Mapping[str, str] = {each.value: each.sentence for each in (*Outcome, *WorkerFailure)}
"""Every way in which the evaluation of a candidate can end."""
WORDS: Mapping[str, str] = {
    **OUTCOMES,
    "from cache": "programs that repeat an earlier one and share its verdict, by what is the same: "
    f"the {DuplicateKey.TEXT}, the {DuplicateKey.CANONICAL} form, "
    f"or the {DuplicateKey.FINGERPRINT}, which is of its steps",
    "families": "programs of one skeleton, which differ in numbers alone",
    "tuned": "judged with other numbers than proposed, the best of a few sets on a few tasks",
    "measured again": "the best, on the seeds of a later generation",
    "machines": "training loops that were compiled: each runs any program on its task",
    "retries": "jobs given to a second worker, since the first died or hung",
    "steps": "training steps over all tasks, rates and seeds",
    "rank corr.": "of the scores at this stage with those at the next, on the programs that both "
    "have judged: 1 where they order them alike, 0 by chance",
    "free checks": "a few milliseconds of NumPy before anything is trained",
    "screen": "training up to the first checkpoint, and the bars on the way",
    "proxy": "training to the end on the tasks and seeds of the search",
    "fresh seeds": "the finalists on seeds that the search never used",
    "reduction": "what does not matter taken from the best finalists",
    "meta validation": "the finalists on tasks that the search never saw, which choose the winner",
    "held out": "the winner alone, on tasks of its own",
    "content hash": "of all that two runs of one campaign must agree on",
    "gap": "the score in the search less that on the tasks of meta-validation",
    "ALARMS": "programs with a loss below what their task allows: the task is flawed, look at it",
}
"""Every word of `stepsmith status` that does not explain itself."""


def met(status: Mapping[str, Any]) -> Collection[str]:
    """The words in the status of a run, in the order in which it shows them."""
    stages = [stage["name"] for stage in status["funnel"]]
    refused = [word for stage in status["funnel"] for word in stage["refused"]]
    shown = [*status["outcomes"], "from cache", "families", "tuned", "measured again"]
    shown += ["machines", "retries", "content hash", *stages, "steps", "rank corr.", *refused]
    shown += ["gap"] * bool(status["looks"]) + ["ALARMS"] * bool(status["alarms"])
    return dict.fromkeys(word for word in shown if word in WORDS)
