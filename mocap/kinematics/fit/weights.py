"""How much each marker counts: its own covariance, and how far skin lets its site move over the bone.

Standard deviations per axis. They are choices of this project in the order of what is published: skin over the
lumbar and thoracic spine moves by 10.2 and 9.3 mm (Zemp 2014), hip centres of thigh clusters in squats and kneeling
miss by 28 mm and more (the markers of a cluster move together, and so count less than their own errors say), an ASIS
may move by tens of mm where the hip is deeply flexed; malleoli and feet are the stillest.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SOFT_TISSUE_M = {
    "plate": 0.001,
    "asis": 0.005,
    "asis in deep flexion": 0.020,
    "psis": 0.006,
    "thigh": 0.015,
    "epicondyle": 0.008,
    "shank": 0.005,
    "malleolus": 0.004,
    "foot": 0.004,
    "thorax": 0.006,
}
"""Per site; that of the ASIS grows with the flexion of its hip, to the figure of deep flexion at 100 deg."""

DEEP_HIP_RAD = float(np.deg2rad(100.0))
STEADY_S = 0.1
"""Soft tissue errs alike for about this long: frames within it bring one piece of information, not several."""

_SITES = {
    "ASIS": "asis", "PSIS": "psis", "TH": "thigh", "LFE": "epicondyle", "MFE": "epicondyle", "SH": "shank",
    "LMAL": "malleolus", "MMAL": "malleolus", "HEEL": "foot", "MT": "foot", "TOE": "foot", "BTOE": "foot",
    "STOE": "foot", "HALLUX": "foot",
}  # fmt: skip
_MIDDLE = {"SAC": "plate", "T12_": "plate", "SACR": "psis"}


def site_of(marker: str) -> str:
    """Return the site of a marker, one of `SOFT_TISSUE_M`."""
    plain = marker.rstrip("123456789")
    return _MIDDLE.get(plain) or _SITES.get(plain[1:], "thorax")


def soft_tissue_variance(
    markers: Sequence[str], hip_flexion: dict[str, NDArray], n_frames: int, scale: float
) -> NDArray:
    """Return the variance per axis, shape (time, marker), in m².

    Parameters
    ----------
    markers : sequence of str
    hip_flexion : mapping of `R` and `L` to ndarray, shape (time,)
        rad; where it is missing, an ASIS counts as one in deep flexion.
    n_frames : int
    scale : float
        Times all the standard deviations.
    """
    sd = np.empty((n_frames, len(markers)))
    for index, marker in enumerate(markers):
        site = site_of(marker)
        sd[:, index] = SOFT_TISSUE_M[site]
        if site == "asis":
            flexion = hip_flexion.get(marker[0], np.full(n_frames, np.nan))
            share = np.clip(np.where(np.isfinite(flexion), flexion, DEEP_HIP_RAD) / DEEP_HIP_RAD, 0.0, 1.0)
            sd[:, index] += share * (SOFT_TISSUE_M["asis in deep flexion"] - sd[:, index])
    return (scale * sd) ** 2


def weight_words(markers: Sequence[str], scale: float) -> str:
    """Return the standard deviations in use, in words."""
    sites = dict.fromkeys(site_of(marker) for marker in markers)
    parts = []
    for site in sites:
        figure = f"{1000 * scale * SOFT_TISSUE_M[site]:g}"
        if site == "asis":
            figure += f" to {1000 * scale * SOFT_TISSUE_M['asis in deep flexion']:g}"
        parts.append(f"{site.upper() if site in ('asis', 'psis') else site} {figure}")
    return f"{', '.join(parts)} mm"
