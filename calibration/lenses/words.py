"""The plain sentence that says which lens model a camera got, and why."""

from calibration.lenses.evidence import LensCoverage
from calibration.lenses.growth import Growth
from calibration.lenses.models import LensModel

_EQUAL = 0.99  # of the residual of five coefficients, from which on another model leaves no less
_FULL_REACH = 0.8  # of the image's radius
_SLANTED_DEG = 30.0
_CLUSTERED = 2.0
_NAMES = {"c": "principal point held at the image centre", "fx=fy": "one focal length for both axes"}


def said(
    name: str,
    model: str,
    asked: LensModel,
    held: tuple[str, ...] = (),
    camera: int = 0,
    growth: Growth | None = None,
    coverage: LensCoverage | None = None,
    inflation: float = 1.0,
    straight_k2: float | None = None,
) -> str:
    """Return one sentence without a full stop, such as 'cam_2: brown2, p1 p2 k3 held at 0: the board reached ...'.

    Parameters
    ----------
    name : str
        Of the camera.
    model : str
        Chosen.
    asked : LensModel
    held : tuple of str
        What the views say nothing of; 'all' for a lens without distortion.
    camera : int
    growth : Growth, optional
    coverage : LensCoverage, optional
        None where nothing was to be chosen.
    inflation : float
        Variance that the scatter between moments shows over that of independent corners.
    straight_k2 : float, optional
        At which k2 is held for a lens that does not fold inside the image.
    """
    if asked.name != "auto":
        return f"{name}: {model} as asked for" + (f" ({', '.join(asked.holds)})" if asked.holds else "")
    if growth is None or coverage is None:
        return f"{name}: {model}, not chosen"
    parts = [f"{name}: {model}"]
    if asked.holds:
        parts.append(f"{', '.join(asked.holds)} as asked for")
    coefficients = [hold for hold in ("k1", "k2", "p", "k3", "k4") if hold in held]
    if straight_k2 is not None:
        coefficients = [hold for hold in ("p", "k3") if hold in held or hold == "k3"]
        parts.append(f"k2 held at {straight_k2:.3f}, lest the lens fold inside the image")
    if coefficients:
        parts.append(f"{' '.join(coefficients).replace('p', 'p1 p2')} held at 0")
    parts += [_NAMES[hold] for hold in ("c", "fx=fy") if hold in held]
    return ", ".join(parts) + ": " + _reason(model, held, camera, growth, coverage, inflation)


def _reason(
    model: str, held: tuple[str, ...], camera: int, growth: Growth, coverage: LensCoverage, inflation: float
) -> str:
    reasons = []
    if growth.grown[camera]:
        five, own = growth.rms_px["brown5"][camera], growth.rms_px[model][camera]
        reasons.append(
            "the likeliest of the lenses that explain the corners equally well"
            if own > _EQUAL * five else f"Brown's five coefficients leave {five:.2f} px, this model {own:.2f} px"
        )
    if "all" in held:
        reasons.append("no distortion shows where the board was seen")
    wanting = bool(set(held) - {"all"})
    reach, tilt, n_views = coverage.reach[camera], coverage.tilt_deg[camera], int(coverage.n_views[camera])
    only = "only " if wanting and reach < _FULL_REACH else ""
    most = "at most" if tilt < _SLANTED_DEG else "up to"
    tail = f" and tilted {most} {tilt:.0f} deg" if not wanting or tilt < _SLANTED_DEG else ""
    reasons.append(f"in {n_views} views the board reached {only}{100 * reach:.0f} % of the image's radius{tail}")
    if wanting and inflation > _CLUSTERED:
        reasons.append(f"and as the errors of one moment hang together, they tell as much as {n_views / inflation:.0f}")
    return ", ".join(reasons)
