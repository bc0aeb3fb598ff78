"""Small tables from scikit-learn, standardised column by column."""

import functools

import numpy as np

from evaluators.data.examples import DataSet, Examples, split, standardised


def _load(name: str) -> tuple[np.ndarray, np.ndarray]:
    from sklearn import datasets

    return getattr(datasets, f"load_{name}")(return_X_y=True)


def _classes(name: str) -> tuple[Examples, Examples]:
    """`breast_cancer` (569 x 30, 2 classes) or `wine` (178 x 13, 3 classes).

    Inputs float32 [examples, columns], labels int32; the rows shuffled, every fourth for
    validation.

    **Source:** `sklearn.datasets`: UCI "Breast Cancer Wisconsin (Diagnostic)" and "Wine".
    """
    inputs, labels = _load(name)
    shuffle = np.random.Generator(np.random.PCG64(7)).permutation(len(labels))
    train, validation = split(inputs[shuffle], labels[shuffle].astype(np.int32), every=4)
    return _standardised(train, validation)


def _diabetes() -> tuple[Examples, Examples]:
    """442 patients: 10 measures float32 and how far the disease has gone a year on, float32
    [examples, 1], in standard deviations; every fourth row for validation.

    **Source:** `sklearn.datasets.load_diabetes`: Efron et al., "Least Angle Regression" (2004).
    """
    inputs, targets = _load("diabetes")
    train, validation = _standardised(*split(inputs, targets[:, None], every=4))
    scaled = standardised(train.targets, validation.targets)
    return Examples(train.inputs, scaled[0]), Examples(validation.inputs, scaled[1])


def _standardised(train: Examples, validation: Examples) -> tuple[Examples, Examples]:
    inputs = standardised(train.inputs, validation.inputs)
    return Examples(inputs[0], train.targets), Examples(inputs[1], validation.targets)


BREAST_CANCER = DataSet("breast_cancer", functools.partial(_classes, "breast_cancer"))
WINE = DataSet("wine", functools.partial(_classes, "wine"))
DIABETES = DataSet("diabetes", _diabetes)
