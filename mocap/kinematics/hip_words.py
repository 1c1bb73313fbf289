"""What the hip centre of a body rests on, in words for the methods of angles."""

from collections.abc import Mapping

from numpy.typing import NDArray

from mocap.kinematics.body import Body
from mocap.kinematics.hip_centre import PelvisSize

HIP_GIVEN = "hip centre as given with the points"


def hip_words(body: Body, side: str) -> str:
    """Return by what the hip centre of a side, `R` or `L`, is known, with what was chosen for it."""
    if f"{side}HJC" in body.points:
        return HIP_GIVEN
    if body.hip_is_keypoint(side):
        return "hip keypoint"
    words = body.setting.functional.hip_words.get(side, "")
    if side in body.setting.functional.hip_offset:
        return f"hip centre by {words}"
    words = "; ".join(
        one for one in (words, _skin_words(body.setting.size), _shift_words(body.setting.hip_shift, side)) if one
    )
    return f"hip centre by {body.setting.hip_method.replace('_', ' ')}{words and f' ({words})'}"


def _shift_words(shift: Mapping[str, NDArray], side: str) -> str:
    """How far a hip centre was moved from where the regression has it; nothing where it was not."""
    if side not in shift:
        return ""
    forward, up, right = 1000 * shift[side]
    outward = right if side == "R" else -right
    return f"moved {forward:+.1f} mm forward, {up:+.1f} up and {outward:+.1f} outward by what the trial tells"


def _skin_words(size: PelvisSize | None) -> str:
    """What stands between the landmarks and what was seen of them, as the regression counts it; nothing where none."""
    if size is None:
        return ""
    radius = f"markers of {1000 * size.marker_radius:.3g} mm radius on the ASIS" if size.marker_radius else ""
    if not (size.skin_asis or size.skin_psis):
        return radius
    asis, psis = (f"{1000 * depth:.3g} mm over the" for depth in (size.skin_asis, size.skin_psis))
    skin = f"soft tissue of {asis} ASIS and {psis} PSIS"
    return f"{radius}, {skin}" if radius else skin
