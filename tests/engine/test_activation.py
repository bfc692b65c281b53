from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_apprentice.data.labels import classes
from napari_apprentice.engine.activation import activate


def test_several_classes_share_a_softmax() -> None:
    logits = torch.tensor([2.1, -0.5, -1.2, 0.3, -0.8]).view(1, 5, 1, 1, 1)
    found = activate(logits, ("class",) * 5).flatten().tolist()
    assert found == pytest.approx([0.751, 0.056, 0.028, 0.124, 0.041], abs=5e-4)


def test_the_only_class_has_a_sigmoid() -> None:
    logits = torch.tensor([-2.0, 0.0, 2.0]).view(1, 1, 1, 1, 3)
    found = activate(logits, ("probability",))
    assert found.flatten().tolist() == pytest.approx([0.1192, 0.5, 0.8808], abs=1e-4)
    np.testing.assert_array_equal(classes.decode(found[0].numpy())[0, 0], [0, 0, 1])


def test_distances_and_values_stay_as_they_are() -> None:
    logits = torch.tensor([0.0, 3.0]).view(1, 2, 1, 1, 1)
    assert activate(logits, ("probability", "number")).flatten().tolist() == [0.5, 3.0]
    assert activate(logits, ("number", "number")).flatten().tolist() == [0.0, 3.0]
