"""The examples: checked when they are loaded, the same on every machine, what they say they are."""

import dataclasses
import sys

import numpy as np
import pytest

from evaluators import registry
from evaluators.data import digits, signals, text
from evaluators.data.blur import blur
from evaluators.data.examples import Examples
from evaluators.data.integrity import checksum
from evaluators.errors import BadData
from evaluators.task import Data, Task, prepare

DIGITS = registry.get("digits")


def altered(change) -> Task:
    """The digits with something changed in a copy."""
    train, validation = DIGITS.data()
    copy = Data(type(train)(train.pixels.copy(), train.labels.copy()), validation)
    found = change(copy.train)
    data = copy if found is None else copy._replace(train=found)
    return dataclasses.replace(DIGITS, load=lambda: data)


def relabel(train):
    train.labels[17] += 1


def smudge(train):
    train.pixels[17, 30] += 0.25


def drop(train):
    return type(train)(train.pixels[1:], train.labels[1:])


def widen(train):
    return type(train)(train.pixels.astype(np.float64), train.labels)


@pytest.mark.parametrize("change", [relabel, smudge, drop, widen])
def test_altered_data_are_refused(change):
    task = altered(change)
    for use in (task.data, task.checksum, lambda: prepare(task, [0], 1)):
        with pytest.raises(BadData) as caught:
            use()
        assert caught.value.task == "digits"
        assert DIGITS.digest is not None and DIGITS.digest in caught.value.wanted
        assert checksum(task.load()) in caught.value.met
        assert "help: install the library" in str(caught.value)


def test_the_last_digit_of_a_float_is_not_another_data_set():
    def wobble(train):
        train.pixels[...] = np.nextafter(train.pixels, np.float32(2))

    assert altered(wobble).checksum() == DIGITS.digest


@pytest.mark.parametrize("error", [ModuleNotFoundError("No module named 'sklearn'"), OSError(2)])
def test_missing_data_are_told(error):
    def load():
        raise error

    task = dataclasses.replace(DIGITS, load=load)
    with pytest.raises(BadData, match="task 'digits' wants the data set digits, met") as caught:
        prepare(task, [0], 1)
    assert type(error).__name__ in caught.value.met
    assert "help: install Stepsmith anew" in str(caught.value)


def test_examples_that_were_never_measured_are_not_checked():
    task = dataclasses.replace(altered(relabel), digest=None)
    assert task.checksum() == checksum(task.data()) != DIGITS.checksum()


def test_help_topics_are_no_part_of_the_running_python(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    train, validation = text.help_topics()
    assert (len(train), len(validation)) == (432_824, 32_146)
    assert "boolean" in train


def test_a_checksum_sees_names_shapes_types_and_nothing():
    seen = [
        checksum(tree)
        for tree in (
            {"a": np.zeros(3, np.float32)},
            {"b": np.zeros(3, np.float32)},
            {"a": np.zeros((3, 1), np.float32)},
            {"a": np.zeros(3, np.int32)},
            {"a": np.ones(3, np.float32)},
            {"a": -np.ones(3, np.float32)},
            {"a": np.full(3, np.nan, np.float32)},
            {"a": np.zeros(0, np.float32)},
        )
    ]
    assert len(set(seen)) == len(seen)


def test_names_are_those_of_characters():
    train, validation = text.unicode_names()
    assert "LATIN SMALL LETTER Z\n" in train or "LATIN SMALL LETTER Z" in validation
    assert set(train + validation) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -\n()")
    assert not set(validation.split("\n")) & set(train.split("\n"))


def test_neighbours_are_common_words_of_a_line_and_common_ones_have_low_numbers():
    text_of_lines = "LATIN SMALL LETTER Z\nLATIN LETTER RARE SMALL\nLATIN SMALL LETTER"
    train, validation = text.next_word(lambda: (text_of_lines, "LETTER NEW SMALL\nLATIN"), 3, 1)
    latin, letter, small = 0, 1, 2
    pairs = [(latin, small), (small, letter), (latin, letter), (letter, small)]
    pairs += [(latin, small), (small, letter)]
    assert list(zip(*(part.tolist() for part in train), strict=True)) == pairs
    assert [part.tolist() for part in validation] == [[letter], [small]]


def test_a_blur_spreads_a_point_evenly_and_keeps_its_light():
    point = np.zeros((2, 9, 7))
    point[:, 4, 3] = [1.0, 3.0]
    spread = blur(point)
    assert spread.sum((1, 2)) == pytest.approx([1.0, 3.0])
    assert spread[0, 4, 3] == spread.max() / 3 == pytest.approx((6 / 16) ** 2)
    np.testing.assert_allclose(spread, spread[:, ::-1, ::-1])
    assert not spread[:, [0, 1, 7, 8]].any()


def test_signals_of_a_class_are_alike_where_it_counts():
    train, validation = signals.load()
    assert train.inputs.shape == (2400, 40) and validation.inputs.shape == (600, 40)
    assert np.bincount(validation.targets).min() > 30
    assert 0.5 < train.inputs.std() < 2


def test_a_long_tail_thins_out_and_wrong_labels_are_a_share():
    train = Examples(np.zeros((3000, 1), np.float32), np.repeat(np.arange(3, dtype=np.int32), 1000))
    assert np.bincount(digits.long_tail(train, 0.1).targets).tolist() == [1000, 100, 10]
    wrong = digits.mislabelled(train, 0.3).targets != train.targets
    assert 0.25 < wrong.mean() < 0.35


def test_split_digits_show_two_classes_at_a_time_and_come_round():
    task = registry.get("digits_split")
    order = task.order(np.random.Generator(np.random.PCG64(0)), 100)
    shown = [set((task.data().train.labels[step] // 2).tolist()) for step in order]
    assert all(len(groups) == 1 for groups in shown)
    assert [groups.pop() for groups in shown[5:60:10]] == [0, 1, 2, 3, 4, 0]
