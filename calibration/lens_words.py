"""The plain sentence that says which lens model a camera got, and why."""

from calibration.lens_evidence import LensCoverage
from calibration.lens_growth import Growth
from calibration.lens_models import LensModel

_EQUAL = 0.99
_NAMES = {"c": "principal point held at the image centre", "fx=fy": "one focal length for both axes"}


def said(
    name: str,
    model: str,
    asked: LensModel,
    held: tuple[str, ...],
    camera: int,
    growth: Growth | None,
    coverage: LensCoverage | None,
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
    """
    if asked.name != "auto":
        return f"{name}: {model} as asked for" + (f" ({', '.join(asked.holds)})" if asked.holds else "")
    if growth is None or coverage is None:
        return f"{name}: {model}, not chosen"
    parts = [f"{name}: {model}"]
    if asked.holds:
        parts.append(f"{', '.join(asked.holds)} as asked for")
    coefficients = [hold for hold in ("k1", "k2", "p", "k3", "k4") if hold in held]
    if coefficients:
        parts.append(f"{' '.join(coefficients).replace('p', 'p1 p2')} held at 0")
    parts += [_NAMES[hold] for hold in ("c", "fx=fy") if hold in held]
    return ", ".join(parts) + ": " + _reason(model, held, camera, growth, coverage)


def _reason(model: str, held: tuple[str, ...], camera: int, growth: Growth, coverage: LensCoverage) -> str:
    reasons = []
    if growth.grown[camera]:
        five, own = growth.rms_px["brown5"][camera], growth.rms_px[model][camera]
        equal = own > _EQUAL * five
        reasons.append(
            "the likeliest of the lenses that explain the corners equally well"
            if equal else f"Brown's five coefficients leave {five:.2f} px, this model {own:.2f} px"
        )
    if "all" in held:
        reasons.append("no distortion shows where the board was seen")
    wanting = set(held) - {"all"}
    reach, n_views = f"{100 * coverage.reach[camera]:.0f} % of the image's radius", int(coverage.n_views[camera])
    reasons.append(f"in {n_views} views the board reached {'only ' if wanting else ''}{reach}")
    tilted = f"tilted {'at most' if wanting else 'up to'} {coverage.tilt_deg[camera]:.0f} deg"
    # How far the board was tilted tells of all but the coefficients of the lens.
    about_tilt = not wanting or bool(wanting & {"c", "p", "fx=fy"})
    return ", ".join(reasons) + (f" and {tilted}" if about_tilt else "")
