"""Offsets and drifts of the cameras' clocks from the movement of keypoints and the calibration.

Every instant at which two cameras see one keypoint binds their rays to a common plane; a clock that is off shows as
a distance from it that goes with the keypoint's velocity. The search is over whole frames first, then all clocks are
refined together.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.arrays import one_blas_thread
from mocap.errors import KeypointError
from mocap.sync.motion_coarse import agreed_shifts
from mocap.sync.motion_look import Look, look_at
from mocap.sync.motion_options import MotionSyncOptions, frames_of
from mocap.sync.motion_refine import Refined, refine
from mocap.sync.offsets import Clocks, against_consensus
from mocap.sync.resample import on_own_grid
from mocap.sync.words import (
    agreed_words,
    drift_untold_words,
    drift_words,
    impossible_drift_words,
    relative_words,
    shift_words,
    untold_words,
)
from mocap.trial import CameraTimes, Keypoints2D, SyncEstimate


def estimate_offsets(
    keypoints: Keypoints2D, rig: CameraRig, *, times: CameraTimes | None = None,
    options: MotionSyncOptions | None = None, look: Look | None = None,
) -> SyncEstimate:
    """Estimate every camera's offset and drift from the movement of the keypoints.

    Parameters
    ----------
    keypoints : Keypoints2D
        Cameras in the order of the rig.
    rig : CameraRig
    times : CameraTimes, optional
        The cameras' own clocks; without it frame i of every camera is taken at i / rate.
    options : MotionSyncOptions, optional
    look : Look, optional
        Of these keypoints, where there is one already; it has to reach as far. Not used with `times`.

    Returns
    -------
    SyncEstimate
        Relative to the clock that most cameras share (of two cameras: to the first).

    Raises
    ------
    KeypointError
        `CAMERAS_DIFFER`: not as many cameras as the rig has; `TOO_FEW_CAMERAS`, `TOO_FEW_FRAMES`: fewer than two;
        `CLOCKS_APART`: clocks in `times` that hardly overlap.
    """
    options = options or MotionSyncOptions()
    _check(keypoints, rig, times)
    start_s, keypoints = (0.0, keypoints) if times is None else on_own_grid(keypoints, times)
    rate = keypoints.rate_hz
    look = look if look is not None and times is None else look_at(keypoints, rig, options)
    with one_blas_thread():
        refined, first = _shifts(look, rate, options)
        clocks = against_consensus(refined)
        errors = (*_errors(look, clocks), _errors(look, first)[1])
    return _estimate(rig.names, clocks, first, errors, rate, start_s, look.half, options)


def _check(keypoints: Keypoints2D, rig: CameraRig, times: CameraTimes | None) -> None:
    n_cameras = len(keypoints.pixels)
    if n_cameras != len(rig) or (times is not None and len(times.camera_names) != n_cameras):
        raise KeypointError(
            f"Keypoints of {n_cameras} cameras for a calibration of {len(rig)}"
            + ("." if times is None else f" and times of {len(times.camera_names)}."),
            "Give the keypoints, the calibration and the frame times of the same cameras, in the same order.",
            code="CAMERAS_DIFFER",
        )
    if keypoints.pixels.shape[1] < 2:
        raise KeypointError(
            f"A recording of {keypoints.pixels.shape[1]} frames shows no movement.", "Give two frames or more.",
            code="TOO_FEW_FRAMES",
        )  # fmt: skip
    if n_cameras < 2:
        raise KeypointError(
            "One camera cannot be held against others.", "Give two cameras or more.", code="TOO_FEW_CAMERAS"
        )


def _shifts(look: Look, rate: float, options: MotionSyncOptions) -> tuple[Refined, Clocks]:
    """Coarse, offsets, then drifts where they can be told; and the clocks with all drifts as far as they go."""
    tracks, pairs, along, half = look.tracks, look.pairs, look.along, look.half
    reach = frames_of(options.reach_s, rate, 1)
    ends = float(np.abs(along.mean(axis=1)).max())
    most_drift = min(int(options.most_drift_ppm * 1e-6 * half * ends), reach)
    n_cameras = len(tracks.position)
    start = agreed_shifts(look.scores_within(reach), look.places, n_cameras, reach, most_drift)
    every = np.ones(n_cameras, bool)
    both = refine(tracks, pairs, along, start[:, 0], start[:, 1], every, rate)
    clocks = against_consensus(both)
    free = _drift_told(clocks, rate, half, options)
    if free[both.told[:n_cameras]].all():
        return both, clocks
    drift = np.where(free, np.nan_to_num(clocks.drift), 0.0)
    return refine(tracks, pairs, along, np.nan_to_num(clocks.offset), drift, free & ~clocks.agreed, rate), clocks


def _drift_told(clocks: Clocks, rate: float, half: float, options: MotionSyncOptions) -> NDArray:
    """Drifts that are known well, or are beyond chance and matter, and that clocks can have."""
    with np.errstate(invalid="ignore"):
        well = clocks.drift_sd / half * 1e6 <= options.told_sd_ppm
        plain = (np.abs(clocks.drift) > options.chance_sd * clocks.drift_sd) & (
            np.abs(clocks.drift) > options.matters_frames
        )
        # No clock runs so far off: a drift beyond is what keypoints or a calibration get wrong.
        possible = np.abs(clocks.drift) / half * 1e6 <= options.most_drift_ppm + options.chance_sd * options.told_sd_ppm
    return np.asarray((well | plain) & possible)


def _errors(look: Look, clocks: Clocks) -> tuple[NDArray, NDArray]:
    """Median miss of each camera in all of its pairs, as filmed and with the clocks set, px.

    Of the faster half of the samples: what stands still misses by nothing however late it is seen.
    """
    tracks, pairs, along = look.tracks, look.pairs, look.along
    answers = []
    for offset, drift in ((0 * clocks.offset, 0 * clocks.drift), (clocks.offset, clocks.drift)):
        offset, drift = np.nan_to_num(offset), np.nan_to_num(drift)
        read = [tracks.at(c, offset[c] + drift[c] * along) for c in range(len(offset))]
        missed: list[list[NDArray]] = [[] for _ in read]
        for pair in pairs:
            miss, _, _ = pair.miss(read[pair.a][0], read[pair.b][0])
            for camera in (pair.a, pair.b):
                speed = np.linalg.norm(read[camera][1], axis=-1)
                seen = np.isfinite(miss) & np.isfinite(speed)
                if seen.any():
                    missed[camera].append(np.abs(miss[seen & (speed >= np.median(speed[seen]))]))
        every = [np.concatenate(found) if found else np.zeros(0) for found in missed]
        answers.append(np.array([np.median(found) if len(found) else np.nan for found in every]))
    return answers[0], answers[1]


def _estimate(
    names: tuple[str, ...], clocks: Clocks, first: Clocks, errors: tuple[NDArray, ...], rate: float, start_s: float,
    half: float, options: MotionSyncOptions,
) -> SyncEstimate:
    """Turn frames into seconds and ppm, and say it in words; `first` has the drifts as far as they could be told."""
    told = _offset_told(clocks, options)
    told &= np.count_nonzero(told) > 1  # a clock is told against another
    drift, drift_sd = np.nan_to_num(clocks.drift), np.nan_to_num(clocks.drift_sd)
    arm = -(start_s * rate + half) / half  # common time 0, in halves of the recording from its middle
    offset = clocks.offset + arm * drift
    variance = clocks.offset_sd**2 + 2 * arm * clocks.covariance + (arm * drift_sd) ** 2
    shifted = told & _beyond(clocks, options)
    ppm = 1e6 / half
    estimate = SyncEstimate(
        names, "motion",
        np.where(told, offset / rate, np.nan), np.where(told, np.sqrt(np.maximum(variance, 0.0)) / rate, np.nan),
        np.where(told, clocks.drift * ppm, np.nan), np.where(told, clocks.drift_sd * ppm, np.nan),
        errors[0], errors[1], shifted,
    )  # fmt: skip
    return replace(estimate, words=_words(estimate, clocks, first, errors[2], half, rate, options))


def _offset_told(clocks: Clocks, options: MotionSyncOptions) -> NDArray:
    with np.errstate(invalid="ignore"):
        well = clocks.offset_sd <= options.told_sd_frames
        return np.asarray(well | (np.abs(clocks.offset) > 2 * options.chance_sd * clocks.offset_sd))


def _beyond(clocks: Clocks, options: MotionSyncOptions) -> NDArray:
    """Clocks that are off at the middle or at an end beyond chance and beyond what matters."""
    answer = np.zeros(len(clocks.offset), bool)
    drift, drift_sd = np.nan_to_num(clocks.drift), np.nan_to_num(clocks.drift_sd)
    for arm in (-1.0, 0.0, 1.0):
        value = np.abs(np.nan_to_num(clocks.offset) + arm * drift)
        variance = np.nan_to_num(clocks.offset_sd) ** 2 + 2 * arm * clocks.covariance + (arm * drift_sd) ** 2
        chance = options.chance_sd * np.sqrt(np.maximum(variance, 0.0))
        answer |= (value > options.matters_frames) & (value > chance)
    return answer


def _words(
    estimate: SyncEstimate, clocks: Clocks, first: Clocks, error_px: NDArray, half: float, rate: float,
    options: MotionSyncOptions,
) -> tuple[str, ...]:  # fmt: skip
    words, seconds = [], (2 * half + 1) / rate
    for camera in np.flatnonzero(estimate.shifted):
        name, drift = estimate.camera_names[camera], float(estimate.drift_ppm[camera])
        before, after = float(estimate.error_before_px[camera]), float(estimate.error_after_px[camera])
        drifts = bool(abs(clocks.drift[camera]) > options.chance_sd * clocks.drift_sd[camera])
        offset, sd = float(clocks.offset[camera]), float(clocks.offset_sd[camera])
        words.append(shift_words(name, offset, sd, before, after, drifts))
        if drifts:
            words.append(drift_words(name, drift, float(estimate.drift_sd_ppm[camera]), 2 * clocks.drift[camera]))
    untold = ~estimate.estimable
    if estimate.shifted.any() and 2 * np.count_nonzero(clocks.agreed) <= np.count_nonzero(~untold):
        words.append(relative_words([estimate.camera_names[camera] for camera in np.flatnonzero(clocks.agreed)]))
    if untold.any():
        names = [name for name, missing in zip(estimate.camera_names, untold, strict=True) if missing]
        known = first.offset_sd[untold][np.isfinite(first.offset_sd[untold])]
        least = options.chance_sd * float(known.max()) if len(known) == np.count_nonzero(untold) else np.inf
        words.append(untold_words(names, least))
    note = ""
    if (estimate.estimable & ~np.isfinite(estimate.drift_ppm)).any():
        sd = first.drift_sd[estimate.estimable & ~np.isfinite(estimate.drift_ppm)]
        least = options.chance_sd * float(sd.max()) / half * 1e6 if np.isfinite(sd).all() else np.inf
        note = drift_untold_words(seconds, least, 2 * float(np.nanmax(clocks.offset_sd)))
        with np.errstate(invalid="ignore"):
            beyond = ~np.isfinite(estimate.drift_ppm) & (np.abs(first.drift) > options.chance_sd * first.drift_sd)
            beyond &= np.abs(first.drift) / half * 1e6 > options.most_drift_ppm
        for camera in np.flatnonzero(beyond):
            ppm, ppm_sd = (1e6 / half * float(one[camera]) for one in (first.drift, first.drift_sd))
            name = estimate.camera_names[camera]
            gain = (float(estimate.error_after_px[camera]), float(error_px[camera]))
            words.append(impossible_drift_words(name, ppm, ppm_sd, options.most_drift_ppm, *gain))
    if not estimate.shifted.any() and estimate.estimable.any():
        words.append(agreed_words(clocks.offset_sd, note, seconds))
    elif note:
        words.append(note[0].upper() + note[1:] + " (95 %).")
    return tuple(words)
