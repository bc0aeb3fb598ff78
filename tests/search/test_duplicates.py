"""Duplicates are found among the programs as they were proposed, and as they were judged."""

from dsl.rewrite.canonical import canonical_hash
from dsl.rewrite.family import family
from dsl.run.fingerprint import fingerprint
from dsl.zoo import ZOO
from search.candidates.duplicates import Duplicates, Known
from search.candidates.verdict import DuplicateKey, Keys


def keys_of(program):
    return Keys(program.digest, canonical_hash(program), fingerprint(program), family(program))


def test_a_program_judged_with_other_numbers_is_found_under_both():
    adam, other = ZOO["adam"], ZOO["adam"].with_hyperparameters(b1=0.8)
    seen = Duplicates()
    assert seen.add(adam).fresh and not seen.add(other).fresh
    tuned = ZOO["adam"].with_hyperparameters(b1=0.5)
    seen.tuned(0, keys_of(tuned))
    for program, keys in ((adam, keys_of(adam)), (tuned, keys_of(tuned))):
        found = seen.add(program)
        assert (found.hit, found.source, found.keys) == (DuplicateKey.TEXT, 0, keys)
    assert seen.has(0, tuned) and not seen.has(0, adam)
    assert seen.again(0).keys == keys_of(tuned)


def test_what_was_told_comes_back_as_it_was():
    programs = [ZOO[name] for name in ("adam", "lion", "sgd", "adan")]
    tuned = ZOO["lion"].with_hyperparameters(b1=0.5)
    lived = Duplicates()
    for program in programs:
        lived.add(program)
    lived.tuned(1, keys_of(tuned))
    back = Duplicates()
    judged = [None, keys_of(tuned), None, None]
    back.load(Known(keys_of(p), None, j) for p, j in zip(programs, judged, strict=True))
    for program in (*programs, tuned, ZOO["nadam"], ZOO["adam"].with_hyperparameters(b2=0.5)):
        assert lived.add(program) == back.add(program)
