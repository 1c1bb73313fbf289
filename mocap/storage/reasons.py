"""Why values are missing or to be doubted, frame by frame: codes as variables, with a table of their words."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.storage.layout import Variable, add, numbers, words
from mocap.trial import JointAngles, Segments

_MEASURES = "measure_frame_reason"
_MOST = 256


def add_angle_reasons(variables: dict[str, Variable], angles: JointAngles) -> None:
    """Add why angles are not observable, or to be doubted, where there is anything to tell."""
    text = "why an angle has no value in a frame, or one to doubt; 0 is observable"
    codes = {"frame_reason": (["time", "angle"], angles.frame_reason, text)}
    _add(variables, codes, ("observable", *angles.frame_reason_words[1:]))


def add_segment_reasons(variables: dict[str, Variable], segments: Segments) -> None:
    """Add what is wrong with the points of poses and measures, where there is anything to tell."""
    of_measures = [one.frame_reason_words for one in segments.measures]
    told = list(dict.fromkeys(["", *segments.frame_reason_words, *(text for own in of_measures for text in own)]))

    def known(codes: NDArray, own: Sequence[str]) -> NDArray:
        return np.array([told.index(text) for text in own])[codes]

    poses = known(segments.frame_reason, segments.frame_reason_words)
    text = "what is wrong in a frame with the points of a {}; 0 is nothing known"
    codes = {"frame_reason": (["time", "segment"], poses, text.format("segment"))}
    if segments.measures:
        each = [known(one.frame_reason, one.frame_reason_words) for one in segments.measures]
        codes[_MEASURES] = (["time", "measure"], np.stack(each, axis=1), text.format("measure"))
    _add(variables, codes, ("sound", *told[1:]))


def _add(
    variables: dict[str, Variable], by_name: Mapping[str, tuple[list[str], NDArray, str]], told: Sequence[str]
) -> None:
    if len(told) == 1:
        return
    if len(told) > _MOST:
        raise ValueError(f"{len(told)} reasons of poses and measures are more than {_MOST} codes can tell")
    codes = np.arange(len(told), dtype=np.uint8)
    # CF wants one word each; the table beside it has the sentences.
    flags = {"flag_values": codes, "flag_meanings": " ".join(re.sub(r"\W+", "_", text).strip("_") for text in told)}
    for name, (dims, own, text) in by_name.items():
        add(variables, name, numbers(dims, own, "1", text, "u1", **flags))
    add(variables, "frame_reason_code", numbers(["frame_reason_code"], codes, "1", "code of frame_reason", "u1"))
    add(variables, "frame_reason_words", words(["frame_reason_code"], told, "what a code of frame_reason means"))


def decoded_reasons(variables: Mapping[str, Variable]) -> dict[str, Any]:
    """Return the codes of angles or poses and their words by field; nothing of files that have none."""
    if "frame_reason" not in variables:
        return {}
    return {"frame_reason": variables["frame_reason"].data, "frame_reason_words": _told(variables)}


def decoded_measure_reasons(variables: Mapping[str, Variable], column: int) -> dict[str, Any]:
    """Return the codes of one measure and their words by field; nothing of files that have none."""
    if _MEASURES not in variables:
        return {}
    codes = variables[_MEASURES].data
    if codes.ndim != 2 or codes.shape[1] <= column:
        raise ValueError(f"{_MEASURES} has the shape {codes.shape}, and there are more measures")
    return {"frame_reason": codes[:, column], "frame_reason_words": _told(variables)}


def _told(variables: Mapping[str, Variable]) -> tuple[str, ...]:
    return ("", *(str(word) for word in variables["frame_reason_words"].data.ravel()[1:]))
