"""Exchanged sides in words and as verdicts: which camera, what part, how often, in which frames."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.digits import counted
from mocap.keypoints.sides import WHOLE, SideSwaps
from mocap.trial import Verdict

_MOST_SPANS = 5
_WHOLE_SHARE = 0.98
_LIMIT_PCT = 5.0
_ORDER = "all cameras: the keypoints may be in another order, of another skeleton than the one named"


def side_words(swaps: SideSwaps, camera_names: Sequence[str], first_frame: int = 0) -> tuple[str, ...]:
    """Say where left and right look exchanged, one sentence per camera and part; empty when nowhere.

    Parameters
    ----------
    swaps : SideSwaps
    camera_names : sequence of str
    first_frame : int
        Number of the first frame.
    """
    said, order = [], False
    for part, views in ((WHOLE, swaps.whole), *zip(swaps.parts, swaps.part, strict=True)):
        always = (views.mean(axis=1) if views.shape[1] else np.zeros(len(views))) > _WHOLE_SHARE
        order |= bool(always.sum() > len(views) / 2)
        if len(views) and always.all():
            said.append(f"all cameras: left and right of the {_called(part)} look exchanged in the whole recording")
            continue
        said += [
            f"{name}: left and right of the {_called(part)} look exchanged in {_share(own)}{_spans(own, first_frame)}"
            for name, own in zip(camera_names, views, strict=True) if own.any()
        ]  # fmt: skip
    if order:
        said.append(_ORDER)
    if np.median(swaps.facing) < 0.5 and swaps.whole.shape[1]:  # noqa: SIM102
        if not said or np.abs(np.median(swaps.facing)) < 0.5:
            said.append("no feet, face or pelvis shows which way the body faces: sides that are exchanged in all "
                        "cameras alike would not be seen")  # fmt: skip
    return tuple(said)


def side_verdicts(
    swaps: SideSwaps, camera_names: Sequence[str], first_frame: int = 0, *, corrected: bool = False
) -> tuple[Verdict, ...]:
    """Judge each camera by the share of its frames in which something is exchanged.

    Parameters
    ----------
    swaps : SideSwaps
    camera_names : sequence of str
    first_frame : int
    corrected : bool
        The labels were exchanged back, as was asked for: it is said, and fails no more.
    """
    verdicts = []
    words = side_words(swaps, camera_names, first_frame)
    for camera, name in enumerate(camera_names):
        share = 100.0 * float(swaps.any[camera].mean()) if swaps.any.shape[1] else 0.0
        own = [text.split(": ", 1)[1] for text in words if text.startswith((f"{name}: ", "all cameras: "))]
        done = "; exchanged back, as asked for" if corrected and own else ""
        if share:
            verdicts.append(Verdict(f"{name} left and right", share, _LIMIT_PCT, "%",
                                    corrected or share <= _LIMIT_PCT, "; ".join(own) + done))  # fmt: skip
    return tuple(verdicts)


def _called(part: str) -> str:
    return part if part == WHOLE else f"{part} alone"


def _share(own: NDArray) -> str:
    return f"{int(own.sum())} of {len(own)} frames"


def _spans(own: NDArray, first_frame: int) -> str:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], own.astype(int), [0]])))
    spans = list(zip(edges[::2] + first_frame, edges[1::2] - 1 + first_frame, strict=True))
    shown = [f"{a}" if a == b else f"{a} to {b}" for a, b in spans[:_MOST_SPANS]]
    more = len(spans) - len(shown)
    tail = f", and {counted(more, 'more span')}" if more else ""
    return f" ({', '.join(shown)}{tail})"
