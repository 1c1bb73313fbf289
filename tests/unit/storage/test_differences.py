"""In what two trial files differ: values, words, units, signs, axes and types."""

from dataclasses import replace

import numpy as np
import pytest

from mocap.storage import write as write_module
from mocap.storage import write_trial
from mocap.storage.differences import stored_differences
from mocap.storage.layout import Group, Variable
from mocap.trial import Points3D, Trial

CHANGES = {
    "unit": (lambda one: replace(one, attributes={**one.attributes, "units": "mm"}), "/points/position@units"),
    "sign": (lambda one: replace(one, attributes={**one.attributes, "positive": "up"}), "/points/position@positive"),
    "type": (lambda one: replace(one, data=one.data.astype("f4")), "/points/position holds float64"),
    "value": (lambda one: replace(one, data=one.data + 1e-8), "/points/position differs by up to 1e-08"),
}


def changed(path, monkeypatch, name, change):
    """Write a trial with one variable of its points changed, digests and seal and all."""
    encode = write_module.encode

    def other(trial):
        groups = encode(trial)
        variables = groups["/points"].variables
        return {**groups, "/points": Group({**variables, name: change(variables[name])}, groups["/points"].attributes)}

    monkeypatch.setattr(write_module, "encode", other)
    write_trial(path, trial())
    monkeypatch.undo()


def trial() -> Trial:
    rng = np.random.default_rng(3)
    root = rng.normal(scale=1e-4, size=(6, 2, 3))
    covariance = root[..., :, None] * root[..., None, :]
    return Trial("t", Points3D(rng.normal(size=(6, 2, 3)), ("A", "B"), 50.0, covariance))


@pytest.mark.parametrize("kind", CHANGES)
def test_what_differs_is_named(tmp_path, monkeypatch, kind):
    change, named = CHANGES[kind]
    write_trial(tmp_path / "a.h5", trial())
    changed(tmp_path / "b.h5", monkeypatch, "position", change)
    assert [one[: len(named)] for one in stored_differences(tmp_path / "a.h5", tmp_path / "b.h5", 1e-9)] == [named]


def test_small_values_are_held_against_the_largest_of_their_kind(tmp_path, monkeypatch):
    """Squares of a few tenths of a millimetre lie below 1e-9 m2, and are no rounding error all the same."""

    def lost(one: Variable) -> Variable:
        return replace(one, data=np.where(np.abs(one.data) < 5e-10, 0.0, one.data))

    write_trial(tmp_path / "a.h5", trial())
    changed(tmp_path / "b.h5", monkeypatch, "covariance", lost)
    assert stored_differences(tmp_path / "a.h5", tmp_path / "b.h5", 1e-9)
    changed(tmp_path / "c.h5", monkeypatch, "covariance", lambda one: replace(one, data=one.data * (1 + 1e-12)))
    assert stored_differences(tmp_path / "a.h5", tmp_path / "c.h5", 1e-9) == ()
