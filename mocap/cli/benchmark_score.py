"""`mocap benchmark-score`: how far answers are from the truth of a benchmark."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mocap.cli.common import JsonFlag, show

if TYPE_CHECKING:
    from mocap.pipeline.benchmark_score import TrialScore
    from mocap.synthetic.scoring import CurveScore

NAME = "benchmark-score"
EXAMPLE = "mocap benchmark-score answers/ --truth apart/truth.json --set set/"


def command(
    answers: Annotated[Path, typer.Argument(help="Folder with T01.csv (or .h5), ... as the set's README asks for.")],
    truth: Annotated[Path, typer.Option(help="The truth that was written with the set.")],
    set_folder: Annotated[
        Path | None, typer.Option("--set", help="The set; its truth has to be the one it was committed to.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Compare pelvic tilt, lumbar flexion, tucks and points of any tool with the truth of a benchmark set.

    Missing values are counted apart from wrong ones. Where a simple mistake would explain an error (sign, radians, a
    lag, another zero, millimetres), that is said.
    """
    from mocap.pipeline.benchmark_score import overall, score_answers

    scores = score_answers(answers, truth, set_folder)
    whole = overall(scores)
    told = {"overall": whole, "trials": {one.name: asdict(one) for one in scores}}
    show(_without_nan(told), as_json, _lines(scores, whole))


def _lines(scores: "tuple[TrialScore, ...]", whole: dict[str, Any]) -> list[str]:
    lines = [f"{'trial':8}{'level':7}{'angle':16}{'RMSE':>8}{'bias':>8}{'most':>8}{'within 95 %':>13}{'missing':>9}"]
    for one in scores:
        for angle, score in one.angles.items():
            lines.append(f"{one.name:8}{one.level:7}{angle:16}{_cells(score)}")
            lines += [f"{'':15}hint: {hint}" for hint in score.hints]
        if one.points_mm is not None:
            lines.append(f"{one.name:8}{one.level:7}{'points':16}{_figure(one.points_mm.rmse)} mm")
            lines += [f"{'':15}hint: {hint}" for hint in one.points_mm.hints]
        lines += [f"{one.name:8}note: {note}" for note in one.notes]
    lines.append("")
    for angle in ("pelvic_tilt", "lumbar_flexion"):
        figures = whole[angle]
        lines.append(
            f"{angle}: RMSE {_figure(figures['rmse_deg']).strip()} deg "
            f"({_figure(figures['rmse_without_bias_deg']).strip()} without bias), truth within the stated 95 % in "
            f"{_share(figures['coverage'])}, missing {_share(figures['missing'])}"
        )
    if math.isfinite(whole["points_rmse_mm"]):
        lines.append(f"points: RMSE {whole['points_rmse_mm']:.2f} mm")
    tuck = whole["tuck"]
    if tuck["repetitions"]:
        lines.append(
            f"tuck: {tuck['told']} of {tuck['repetitions']} repetitions told, RMSE of the magnitude "
            f"{_figure(tuck['magnitude_rmse_deg']).strip()} deg, of the onset {_figure(tuck['onset_rmse']).strip()} of "
            f"the depth; {tuck['missed']} missed, {tuck['invented']} invented"
        )
    return lines


def _cells(score: "CurveScore") -> str:
    figures = "".join(_figure(value) for value in (score.rmse, score.bias, score.largest))
    return f"{figures}{_share(score.coverage):>13}{_share(score.missing):>9}"


def _figure(value: float) -> str:
    return f"{value:8.2f}" if math.isfinite(value) else f"{'-':>8}"


def _share(value: float) -> str:
    return f"{100 * value:.0f} %" if math.isfinite(value) else "-"


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nan(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
