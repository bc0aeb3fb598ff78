"""The hashes that name programs belong to the version of the language, not to this code."""

import pytest

import dsl
from dsl import identity
from dsl.identity import hashed
from dsl.program.listing import listing
from dsl.zoo import ZOO

RULES = ("adahessian", "adamw", "lion", "momo_adam", "muon", "prodigy", "sgd", "soap")


@pytest.mark.parametrize("rule", RULES)
def test_the_hashes_of_a_rule_belong_to_the_version_of_the_language(rule: str, snapshot):
    """A new golden file here means a new `LANGUAGE`: ledgers of before no longer agree."""
    program = ZOO[rule]
    found = {
        "language": identity.LANGUAGE,
        "digest": program.digest,
        "canonical": dsl.canonical_hash(program),
        "family": dsl.family(program),
        "fingerprint": dsl.fingerprint(program),
    }
    assert found == snapshot


def test_the_listing_is_what_is_hashed_whole(snapshot):
    program = dsl.parse(
        "def rule(w, g, t, m=zeros, k=const(1e-06), *, lr=0.0001, b=0.9):\n"
        '    """Some words."""\n'
        "    dead = sqrt(g)\n"
        "    m = interp(g, m, b)\n"
        "    return lr * m / (1 - b**t) + 2 * k"
    )
    assert listing(program) == snapshot
    assert program.digest == hashed("digest", listing(program))


def test_two_versions_of_the_language_agree_on_no_hash(monkeypatch):
    before = hashed("digest", "text")
    monkeypatch.setattr(identity, "LANGUAGE", identity.LANGUAGE + 1)
    assert hashed("digest", "text") != before
    assert hashed("digest", "text") != hashed("canonical", "text")
