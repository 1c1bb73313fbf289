"""`mocap compare`: how well two trials or systems agree."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mocap.cli.common import JsonFlag, note_lines, show

if TYPE_CHECKING:
    from mocap.assessment import ComparedAngle, Comparison

NAME = "compare"
EXAMPLE = "mocap compare squat.h5 squat_ik.mot --out agreement.html"
_TOLD_IN_WORDS = 4
_SMALL_DEG = 0.005
_HEAD = (
    f"  {'angle':30} {'n':>6} {'n_eff':>6} {'offset':>8} {'95 % of it':>16} {'SD':>6} {'RMSE':>6} {'after':>6} "
    f"{'limits of agreement':>20} {'slope':>6} {'r':>6} {'CMC':>6} {'largest':>8}"
)


def command(
    a: Annotated[Path, typer.Argument(help="Trial file, MOT or STO, or a C3D with Plug-in Gait's angles.")],
    b: Annotated[Path, typer.Argument(help="What it is compared with: the same kinds of file.")],
    lag: Annotated[
        str, typer.Option(help="auto: found from the curves; none; or seconds by which B's clock is later.")
    ] = "auto",
    angle: Annotated[list[str] | None, typer.Option(help="Compare this angle alone; repeatable.")] = None,
    out: Annotated[Path | None, typer.Option(help="Page with curves and Bland-Altman plots to write (.html).")] = None,
    up: Annotated[str | None, typer.Option(help="Up axis of a C3D that does not say.")] = None,
    units: Annotated[str | None, typer.Option(help="Unit of length of a C3D that states none or a wrong one.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Compare the angles of two recordings or analyses of the same movement: A minus B, in degrees.

    Times are brought together first (lag, different rates), names and signs of OpenSim and Plug-in Gait are mapped to
    ours, and where two angles are not defined alike it is said. Samples of a curve are not independent: n_eff counts
    what they are worth, and the intervals go by it.
    """
    from mocap.pipeline.compare import compare_files
    from mocap.pipeline.report import check_comparison, write_comparison

    if out is not None:
        check_comparison(out, (a, b))
    made = compare_files(a, b, lag, angle or (), up, units)
    if out is not None:
        write_comparison(made, out)
    show(_told(made, out), as_json, _lines(made, out))


def _lines(made: "Comparison", out: Path | None) -> list[str]:
    times = made.angles[0].time_s
    span = f"{len(times)} times from {times[0]:.2f} to {times[-1]:.2f} s at {made.rate_hz:.4g} Hz"
    lines = [f"A {made.a}, B {made.b}: A - B in degrees, {span}", f"  lag: {made.lag_words}", _HEAD]
    lines += [_row(one) for one in made.angles]
    lines += _verdict_lines(made.angles)
    undefined = [one for one in made.angles if one.figures.cmc.reason]
    lines += [f"  {one.name}: CMC is undefined: {one.figures.cmc.reason}" for one in undefined]
    lines += _difference_lines(made.angles)
    lines += [f"  {one.name}: {one.note}" for one in made.angles if one.note]
    reasons: dict[str, list[str]] = {}
    for name, reason in made.left_out.items():
        reasons.setdefault(reason, []).append(name)
    lines += [f"  not compared {', '.join(names)}: {reason}" for reason, names in reasons.items()]
    return [*lines, *note_lines(made.notes), *([str(out)] if out is not None else [])]


def _row(one: "ComparedAngle") -> str:
    f = one.figures
    return (
        f"  {one.name + ('*' if one.differences else ''):30} {f.n:6d} {f.n_effective:6.0f} {_deg(f.offset):>8} "
        f"{_span(f.offset_interval):>16} {_deg(f.sd):>6} {_deg(f.rmse):>6} {_deg(f.rmse_after_offset):>6} "
        f"{_span(f.limits):>20} {_figure(f.slope, 6, 2)} {_figure(f.r, 6, 3)} {_figure(f.cmc.value, 6, 3)} "
        f"{_deg(f.largest):>8}"
    )


def _deg(value: float) -> str:
    """Hundredths of a degree, and one digit of what is less: agreement to rounding is not agreement to 0.00."""
    return f"{value:.0e}" if 0 < abs(value) < _SMALL_DEG else f"{value:z.2f}"


def _span(interval: tuple[float, float]) -> str:
    return f"{interval[0]:z.2f} to {interval[1]:z.2f}"


def _figure(value: float, width: int, digits: int) -> str:
    return f"{value:z{width}.{digits}f}" if value == value else f"{'-':>{width}}"


def _verdict_lines(angles: "tuple[ComparedAngle, ...]") -> list[str]:
    """Whether error bars explain the differences: all of a few angles; of many those that are not explained."""
    from mocap.pipeline.compare import NO_ERROR_BARS

    told = [one for one in angles if one.verdict != NO_ERROR_BARS]
    if len(told) <= _TOLD_IN_WORDS:
        return [f"  {one.name}: {one.verdict}" for one in told]
    beyond = [one for one in told if "more than" in one.verdict]
    line = f"  error bars of both explain the differences of {len(told) - len(beyond)} of {len(told)} angles"
    return [line, *(f"  LOOK {one.name}: {one.verdict}" for one in beyond)]


def _difference_lines(angles: "tuple[ComparedAngle, ...]") -> list[str]:
    """Which definitions differ: in words for a few angles, by the kind of difference for many."""
    differing = [one for one in angles if one.differences]
    if len(differing) <= _TOLD_IN_WORDS:
        return [
            line for one in differing
            for line in (f"  LOOK * not the same definition of {one.name}:", *(f"       {w}" for w in one.differences))
        ]  # fmt: skip
    groups: dict[str, list[str]] = {}
    for one in differing:
        groups.setdefault(", ".join(words.partition(":")[0] for words in one.differences), []).append(one.name)
    lines = [f"  LOOK * not the same {words}: {', '.join(names)}" for words, names in groups.items()]
    return [*lines, "       in words: --angle NAME, --out PAGE or --json"]


def _told(made: "Comparison", out: Path | None) -> dict[str, Any]:
    lag = {"seconds": made.lag.lag_s, "sd": made.lag.sd_s, "told": made.lag.told, "words": made.lag_words,
           "rival": made.lag.rival_s}  # fmt: skip
    angles = [
        {
            "name": one.name, "unit": "deg", **_flat(one.figures), "expected_offset_u": one.offset_u_deg,
            "offset_z": one.offset_z, "verdict": one.verdict, "same_definition": not one.differences,
            "differences": one.differences, "note": one.note, "a": vars(one.of_a), "b": vars(one.of_b),
            "largest_at_s": float(one.time_s[one.figures.largest_at]),
        }
        for one in made.angles
    ]  # fmt: skip
    return {
        "a": made.a, "b": made.b, "rate_hz": made.rate_hz, "lag_s": lag, "angles": angles,
        "not_compared": made.left_out, "notes": made.notes, "out": out,
    }  # fmt: skip


def _flat(figures: Any) -> dict[str, Any]:
    told = {key: value for key, value in vars(figures).items() if not key.startswith("cmc")}
    for key in ("cmc", "cmc_after_offset"):
        told |= {key: getattr(figures, key).value, f"{key}_reason": getattr(figures, key).reason}
    return told
