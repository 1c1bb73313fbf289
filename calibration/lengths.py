"""Second lengths for the scale: tape between cameras and a wand, held against the board and weighed with it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.boards.tag_object import TagObject
from calibration.boards.targets import Target
from calibration.camera import CameraRig
from calibration.errors import CalibrationError
from calibration.observations import BoardObservations
from calibration.scale import (
    PRINTED_SD,
    ScaleEstimate,
    ScaleResult,
    board_scale,
    check_scale,
    combine_scale,
    scaled_rig,
    tape_scale,
    wand_scale,
)

_NUMBER = r"[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?"
_LENGTH = re.compile(rf"(?P<ends>.+)=\s*(?P<length>{_NUMBER})\s*m?\s*(?:\+-|\+/-|±)\s*(?P<sd>{_NUMBER})\s*m?\s*")
_REMEDY = "Write it in m with its standard deviation, as in 'cam_0-cam_3=4.212+-0.005'."
_LONGEST_M = 200.0


@dataclass(frozen=True)
class TapeLength:
    """A distance between the lenses of two cameras, measured with a tape.

    Attributes
    ----------
    cameras : tuple of str
        Two names.
    length_m, sd_m : float
        Between the projection centres; a tape held to the fronts is good for 10 to 20 mm.
    """

    cameras: tuple[str, str]
    length_m: float
    sd_m: float


@dataclass(frozen=True, eq=False)
class WandSight:
    """A wand of two markers as the calibrated cameras saw it.

    Attributes
    ----------
    pixels : ndarray, shape (camera, frame, 2, 2)
        NaN where not seen; cameras in the order of the rig.
    length_m, sd_m : float
    sigma_px : float
        Noise of one coordinate.
    """

    pixels: NDArray
    length_m: float
    sd_m: float
    sigma_px: float


@dataclass(frozen=True, eq=False)
class ScaledRig:
    """A rig whose size rests on all lengths that were given.

    Attributes
    ----------
    rig : CameraRig
        Scaled by `result.factor` where there was a second length; its metadata tell of it.
    result : ScaleResult
    sentence : str
        What a reader has to know.
    """

    rig: CameraRig
    result: ScaleResult
    sentence: str


def parse_tape_length(text: str, camera_names: Sequence[str]) -> TapeLength:
    """Read 'CAMERA-CAMERA=LENGTH+-SD', in m; names may hold hyphens.

    Raises
    ------
    CalibrationError
        LENGTH_FORMAT, LENGTH_UNITS or LENGTH_CAMERA.
    """
    match = _LENGTH.fullmatch(text.strip())
    if match is None:
        raise CalibrationError(f"The length '{text}' is not understood.", _REMEDY, code="LENGTH_FORMAT")
    length, sd = float(match["length"]), float(match["sd"])
    if sd == 0:
        raise CalibrationError(
            f"The length '{text}' is given without any uncertainty, and no tape is that good.", _REMEDY,
            code="LENGTH_UNITS",
        )  # fmt: skip
    if not (0 < length < _LONGEST_M and 0 < sd < length):
        raise CalibrationError(
            f"The length '{text}' is {length:g} +- {sd:g} m: no distance between two cameras.", _REMEDY,
            code="LENGTH_UNITS",
        )  # fmt: skip
    ends = match["ends"].strip()
    cuts = [i for i, letter in enumerate(ends) if letter == "-"]
    pairs = [(ends[:i].strip(), ends[i + 1 :].strip()) for i in cuts]
    known = [pair for pair in pairs if pair[0] in camera_names and pair[1] in camera_names and pair[0] != pair[1]]
    if len(known) != 1:
        raise CalibrationError(
            f"The length '{text}' is not between two of the cameras {list(camera_names)}.", _REMEDY,
            code="LENGTH_CAMERA",
        )  # fmt: skip
    return TapeLength(known[0], length, sd)


def scale_estimates(
    rig: CameraRig,
    board: Target,
    tapes: Sequence[TapeLength] = (),
    wand: WandSight | None = None,
    board_sd: float = PRINTED_SD,
) -> tuple[ScaleEstimate, ...]:
    """Return what each source says of the size of a rig calibrated with `board`; the board first.

    Parameters
    ----------
    rig : CameraRig
        With its covariance, if known: what the baselines leave open counts with the tape.
    board : Board or TagObject
    tapes : sequence of TapeLength
    wand : WandSight, optional
    board_sd : float
        Relative sd of the board's squares; less than for a print where they were measured.

    Raises
    ------
    CalibrationError
        LENGTH_DOUBLED, or WAND_NOT_SEEN.
    """
    sources = [board_scale(board, board_sd)]
    if tapes:
        pairs = [tuple(sorted(tape.cameras)) for tape in tapes]
        if len(set(pairs)) < len(pairs):
            raise CalibrationError(
                "A distance between two cameras was given twice.", "Give each once, with its mean.",
                code="LENGTH_DOUBLED",
            )  # fmt: skip
        distances = {tape.cameras: (tape.length_m, tape.sd_m) for tape in tapes}
        sources.append(tape_scale(rig, distances, rig.covariance))
    if wand is not None:
        sources.append(wand_scale(rig, wand.pixels, wand.length_m, wand.sd_m, wand.sigma_px, rig.covariance))
    return tuple(sources)


def scale_by_lengths(
    rig: CameraRig,
    board: Target,
    tapes: Sequence[TapeLength] = (),
    wand: WandSight | None = None,
    board_sd: float = PRINTED_SD,
) -> ScaledRig:
    """Hold the size of a rig against second lengths and scale it by all of them together.

    Parameters
    ----------
    As `scale_estimates`.

    Raises
    ------
    CalibrationError
        SCALE_DISAGREES, naming the lengths and the difference; else as `scale_estimates`.
    """
    sources = scale_estimates(rig, board, tapes, wand, board_sd)
    result = combine_scale(sources)
    check_scale(result)
    scaled = scaled_rig(rig, result.factor) if len(sources) > 1 else rig
    metadata = {**scaled.metadata, "scale": result.describe(), "scale_sd": result.sd}
    return ScaledRig(CameraRig(scaled.cameras, metadata, scaled.covariance), result, scale_sentence(sources))


def scaled_target(target: Target, factor: float) -> Target:
    """Return a board or an object of tags of which every length is multiplied by `factor`."""
    if isinstance(target, TagObject):
        return replace(target, corners=factor * target.corners, margin=factor * float(target.margin or 0.0))
    marker = None if target.marker_length is None else factor * target.marker_length
    return replace(target, square_length=factor * target.square_length, marker_length=marker)


def scaled_observations(observations: BoardObservations, factor: float) -> BoardObservations:
    """Return the same corners, of a board that is as large as all lengths together say."""
    return replace(observations, board=scaled_target(observations.board, factor))


def scale_sentence(sources: Sequence[ScaleEstimate]) -> str:
    """Return one sentence on what the scale rests on, and how far the sources agree."""
    first, *others = sources
    if not others:
        return (
            f"Scale rests on the {first.source} alone (sd {100 * first.sd:.1f} %): a length that it has wrong, every "
            "measure of the rig has wrong; give a second one."
        )
    parts = []
    for other in others:
        off, sd = other.factor / first.factor - 1.0, float(np.hypot(first.sd, other.sd))
        parts.append(f"{other.source.split()[0]} and board differ by {100 * off:+.2f} +- {100 * sd:.2f} %")
    whole = combine_scale(sources)
    moved = f"the rig was scaled by {whole.factor:.4f} +- {whole.sd:.4f}"
    return f"Scale rests on board and {' and '.join(s.source.split()[0] for s in others)}: {'; '.join(parts)}; {moved}."
