"""What a file says of its angles and measures is taken as it stands or refused, never read as its opposite."""

from dataclasses import replace

import numpy as np
import pytest

from mocap.errors import ShapeError, TrialFileError
from mocap.storage.decode import decode
from mocap.storage.encode import encode
from mocap.trial import Measure


def _changed(groups, path, name, **attributes):
    variables = dict(groups[path].variables)
    one = variables[name]
    variables[name] = replace(one, attributes={**one.attributes, **attributes})
    return {**groups, path: replace(groups[path], variables=variables)}


@pytest.mark.parametrize("codes", [256, -1, 0.7, np.nan])
def test_codes_that_no_byte_holds_are_refused(trials, codes):
    angles = trials["full"].angles
    with pytest.raises(ShapeError, match="0 to 255"):
        replace(angles, frame_reason=np.full(angles.values.shape, codes))


@pytest.mark.parametrize("said", ["no", "1", 2, 0.5])
def test_observable_is_0_or_1(trials, said):
    groups = encode(trials["full"])
    with pytest.raises(TrialFileError, match="neither 0 nor 1"):
        decode(_changed(groups, "/angles", trials["full"].angles.names[0], observable=said))


def test_a_part_of_the_uncertainty_is_there_for_all_angles_or_none(trials):
    groups = encode(trials["full"])
    name = f"{trials['full'].angles.names[0]}_u_static"
    variables = {key: value for key, value in groups["/angles"].variables.items() if key != name}
    assert len(variables) < len(groups["/angles"].variables)
    with pytest.raises(TrialFileError, match="u_static is missing"):
        decode({**groups, "/angles": replace(groups["/angles"], variables=variables)})


def test_a_measure_that_is_not_observable_has_no_values(trials):
    segments = trials["full"].segments
    measure = Measure("heel_rise_r", np.ones(len(segments.world_from_segment)), "m", "", "", "")
    groups = encode(replace(trials["full"], segments=replace(segments, measures=(measure,))))
    assert decode(groups).segments.measure("heel_rise_r").observable
    with pytest.raises(TrialFileError, match="not observable but carries"):
        decode(_changed(groups, "/segments", "heel_rise_r", observable=np.int64(0)))
