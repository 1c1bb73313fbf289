"""`mocap detect`: images become 2D keypoints."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calibration.digits import counted
from mocap.cli.common import JsonFlag, end_refused, note_lines, progress_bars, show

if TYPE_CHECKING:
    from mocap.pipeline.detection_footage import DetectionOptions, TrialDetection
    from mocap.pipeline.detectors import DetectorRequest

NAME = "detect"
EXAMPLE = "mocap detect P01_2026-03-01 --overlay; or mocap detect videos/ --detector rtmpose.onnx --sha256 9f2c..."


def command(
    session_dir: Annotated[
        Path, typer.Argument(help="Folder with a session.toml, or with one video or image folder per camera.")
    ],
    detector: Annotated[
        str,
        typer.Option(
            help="mediapipe (good for a demonstration, poor for a lab), plates, markers, or the path of an ONNX pose "
            "model; auto takes what the session or the other options name, mediapipe where they name nothing."
        ),
    ] = "auto",
    sha256: Annotated[str | None, typer.Option(help="Digest of the ONNX model; another file is refused.")] = None,
    plates: Annotated[str | None, typer.Option(help="plates.toml, or a preset of configs/plates.")] = None,
    marker_set: Annotated[
        Path | None,
        typer.Option(help="Standing trial (.h5, .c3d, .trc) whose labelled markers tell round markers apart."),
    ] = None,
    markers: Annotated[
        str | None,
        typer.Option(help="Round markers are bright (the default), dark, or auto: those that fit --marker-set."),
    ] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="Calibration of the cameras, for round markers; default the session's.")
    ] = None,
    skeleton: Annotated[str | None, typer.Option(help="Keypoints of an ONNX model, such as halpe_26.")] = None,
    trial: Annotated[list[str] | None, typer.Option(help="Only this trial of the session; repeatable.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the tables; default SESSION_DIR/keypoints, or beside the footage."),
    ] = None,
    overlay: Annotated[
        bool, typer.Option("--overlay", help="Leave a picture per camera with the keypoints drawn into its images.")
    ] = False,
    jobs: Annotated[int | None, typer.Option(help="Cameras at a time; default all cores.", min=1)] = None,
    as_json: JsonFlag = False,
) -> None:
    """Find keypoints in videos: plates with tags, markers, or people's joints by a pose model.

    Writes one Parquet table per trial, as mocap reconstruct takes it. A second run does only the cameras whose footage
    or settings changed. MediaPipe's model comes with the program and works offline: it shows what the pipeline does,
    and swaps left and right in views from behind; measure with plates or with a better ONNX model.
    """
    from mocap.pipeline.detection_footage import DetectionOptions
    from mocap.pipeline.detectors import DetectorRequest

    request = DetectorRequest(detector, sha256, plates, marker_set, calibration, skeleton, markers)
    found = _detected(session_dir, request, DetectionOptions(overlay, jobs), tuple(trial or ()), out)
    counts = _counts(found)
    closing = (
        f"{counted(sum(counts.values()), 'camera')} found, {counts['done']} done, {counts['skipped']} skipped because "
        f"nothing changed, {counts['refused']} refused"
    )
    result = {"trials": [_result(one) for one in found], "counts": counts}
    show(result, as_json, [*(line for one in found for line in _lines(one)), closing])
    end_refused((one.name, one.refused) for one in found)
    if not any(counts.values()):
        raise typer.Exit(1)


def _detected(
    folder: Path, request: "DetectorRequest", options: "DetectionOptions", trials: tuple[str, ...], out: Path | None
) -> Sequence["TrialDetection"]:
    """Go through a session, or through the footage of one trial in a folder."""
    from mocap.errors import ConfigError
    from mocap.pipeline.detection import detect_folder, detect_session

    with progress_bars() as progress:
        if (folder / "session.toml").is_file():
            return detect_session(folder, request, progress, options, trials, out)
        if trials:
            raise ConfigError(f"{folder} has no session.toml, and so no trials.", "Leave --trial out.")
        return (detect_folder(folder, request, progress, options, out),)


def _counts(found: Sequence["TrialDetection"]) -> dict[str, int]:
    states = [camera.state for one in found for camera in one.cameras]
    return {state: states.count(state) for state in ("done", "skipped", "refused")}


def _result(one: "TrialDetection") -> dict[str, Any]:
    return {
        "name": one.name, "file": one.file, "notes": list(one.notes), "refused": one.refused,
        "overlays": [str(path) for path in one.overlays],
        "cameras": [{"camera": c.camera, "state": c.state, "text": c.text} for c in one.cameras],
    }  # fmt: skip


def _lines(one: "TrialDetection") -> list[str]:
    return [
        f"{one.name}: {'no keypoints' if one.refused else one.file}",
        *(f"  {camera.camera}: {camera.state}, {camera.text}" for camera in one.cameras),
        *note_lines(one.notes),
        *(f"  look at: {path}" for path in one.overlays),
    ]
