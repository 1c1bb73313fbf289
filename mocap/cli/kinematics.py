"""`mocap kinematics`: points become joint angles."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mocap.cli.common import JsonFlag, show, told_quality

if TYPE_CHECKING:
    from mocap.trial import Trial

NAME = "kinematics"
EXAMPLE = (
    "mocap kinematics squat.c3d --static standing.c3d --out squat.h5\n\n"
    "another model: mocap kinematics walk.c3d --static standing.c3d --model plug-in-gait --set knee_width_r_m=0.105 "
    "--out walk.h5; or --model skeleton\n\n"
    "functional movements: mocap kinematics squat.h5 --static standing.h5 --functional-hip star.h5 --functional-knee "
    "bends.h5 --closing-static standing_end.h5 --out angles.h5\n\n"
    "a pointer: mocap kinematics squat.h5 --static standing.h5 --pointer RASIS=touch_rasis.h5 --pointer LASIS="
    "touch_lasis.h5 --pointer-pivot pivot.h5 --out angles.h5"
)


def command(
    trial: Annotated[Path, typer.Argument(help="Trial: .h5, .c3d or .trc.")],
    out: Annotated[Path, typer.Option(help="Trial file to write.")],
    static: Annotated[Path | None, typer.Option(help="Standing trial of the same person: .h5, .c3d or .trc.")] = None,
    functional_hip: Annotated[
        list[Path] | None,
        typer.Option(help="Movement of the hips (star and arc), for their centres by SCoRE; repeatable."),
    ] = None,
    functional_knee: Annotated[
        list[Path] | None,
        typer.Option(help="Bending of the knees, for their axes by SARA; repeatable."),
    ] = None,
    closing_static: Annotated[
        Path | None, typer.Option(help="The same person standing again at the end: finds a plate that slid.")
    ] = None,
    pointer: Annotated[
        list[str] | None,
        typer.Option(help="LANDMARK=FILE: a recording in which a pointer (PTR1, PTR2, ...) touches it; repeatable."),
    ] = None,
    landmarks: Annotated[
        Path | None,
        typer.Option(help="landmarks.toml: landmarks clicked in two or more views of the static, a .h5 with cameras."),
    ] = None,
    pointer_pivot: Annotated[
        Path | None, typer.Option(help="The pointer pivoting about its resting tip; --pointer needs it.")
    ] = None,
    marker_set: Annotated[
        str | None, typer.Option(help="Marker set, or a .toml file of your own; found from the labels when left out.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="How poses are found: segments (the default), skeleton or plug-in-gait.")
    ] = None,
    up: Annotated[str | None, typer.Option(help="Up axis of a TRC: x, y or z; inferred when left out.")] = None,
    units: Annotated[
        str | None, typer.Option(help="Unit of length of a TRC or C3D that states none or a wrong one.")
    ] = None,
    filter: Annotated[
        str | None,
        typer.Option(
            help="Filter the raw points first: butterworth, savitzky_golay, gcv_spline or none; when left out, the "
            "smoothed points of the trial are used where it has some, else the raw ones."
        ),
    ] = None,
    cutoff: Annotated[
        float | None,
        typer.Option(help="Cut-off (-3 dB) in Hz of that filter; butterworth when no filter is named.", min=0.01),
    ] = None,
    filter_choices: Annotated[
        list[str] | None,
        typer.Option(
            "--filter-set",
            help="A choice of the filter, as in \\[options.filter] of a session: window_frames=15, order=3, "
            "longest_gap_s=0.1, hampel=true, hampel_frames=5, hampel_sd=4; repeatable.",
        ),
    ] = None,
    choices: Annotated[
        list[str] | None,
        typer.Option("--set", help="A choice of the kinematics, such as posture=any or foot=anatomical; repeatable."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Compute segment poses and joint angles with their uncertainty; say what is not observable, and why."""
    from mocap.pipeline.calibration_recordings import RecordingPaths
    from mocap.pipeline.motion import kinematics_to_file
    from mocap.pipeline.notes import notes_of
    from mocap.pipeline.point_filter import stated_filter

    touched = (_pair(one, "--pointer", "LANDMARK=FILE") for one in pointer or ())
    pointed = tuple((name, Path(file)) for name, file in touched)
    chosen = _pairs(choices, "--set")
    filtering = stated_filter(filter, cutoff, _pairs(filter_choices, "--filter-set"))
    hip, knee = tuple(functional_hip or ()), tuple(functional_knee or ())
    recorded = RecordingPaths(hip, knee, closing_static, pointer_pivot, pointed, landmarks)
    same = out.exists() and trial.exists() and out.samefile(trial)
    made = kinematics_to_file(trial, out, static, marker_set, model, up, units, filtering, chosen, recorded)
    over = (f"{out} was the trial itself: its older angles and their checks are replaced",) if same else ()
    _show(made, out, (*notes_of(made), *over), as_json)


def _pairs(choices: list[str] | None, hint: str) -> dict[str, str]:
    return dict(_pair(choice, hint, "NAME=VALUE") for choice in choices or [])


def _pair(choice: str, hint: str, form: str) -> tuple[str, str]:
    name, _, value = choice.partition("=")
    if not value:
        raise typer.BadParameter(f"give {form}", param_hint=hint)
    return name, value


def _show(made: "Trial", out: Path, notes: tuple[str, ...], as_json: bool) -> None:
    from mocap.cli.kinematics_lines import kinematics_lines
    from mocap.trial import convention_rows, measure_rows

    assert made.angles is not None
    measures = () if made.segments is None else made.segments.measures
    result = {
        "out": out, "angles": convention_rows(made.angles), "measures": measure_rows(measures),
        "quality": told_quality(made.quality), "notes": notes,
    }  # fmt: skip
    show(result, as_json, kinematics_lines(made, out, notes))
