"""A calibration from a wand or a person is assessed and written, with page and table beside it: as one from a board."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from calibration.camera import CameraRig
from calibration.files import rig_text, write_rig, write_texts
from calibration.points.assessment import PointAssessment, assess_points
from calibration.points.assessment_json import point_assessment_metadata, point_assessment_table
from calibration.points.quality import PointQuality
from calibration.points.result import PointCalibration
from calibration.quality.assessment import refusal
from calibration.quality.judgement import GRADES
from mocap.pipeline.outputs import refused_path, report_paths


@dataclass(frozen=True, eq=False)
class PointOutcome:
    """A rig calibrated from points.

    Attributes
    ----------
    rig : CameraRig
        As it was written, verdict and figures among its metadata.
    quality : PointQuality
    scale_sd : float
    notes : tuple of str
        What has to be told of how the files were read.
    assessment : PointAssessment, optional
        None without a report.
    files : tuple of Path
        Those that were written.
    """

    rig: CameraRig
    quality: PointQuality
    scale_sd: float
    notes: tuple[str, ...]
    assessment: PointAssessment | None = None
    files: tuple[Path, ...] = ()

    @property
    def verdict(self) -> str:
        """What the assessment says, in a line."""
        return "not assessed" if self.assessment is None else f"{self.assessment.grade}: {self.assessment.reason}"


def write_point_calibration(
    found: PointCalibration, notes: tuple[str, ...], out: Path | None, report: bool = True, anyway: bool = False
) -> PointOutcome:
    """Assess a calibration from points and write it.

    Parameters
    ----------
    found : PointCalibration
    notes : tuple of str
    out : Path, optional
        Nothing is written or assessed without it. With `report`, page (.html) and table (.json) come beside it; what
        was there before stays as it was until all of them are complete.
    report : bool
    anyway : bool
        Write also a calibration whose verdict is 'refuse'; the file says so.

    Raises
    ------
    CalibrationError
        CALIBRATION_REFUSED: the verdict is 'refuse'. Page and table are then left as `.refused.html` and
        `.refused.json`, to see why, and the calibration file is not touched.
    SourceError
        CALIBRATION_NOT_WRITTEN
    """
    outcome = PointOutcome(found.rig, found.quality, found.scale_sd, notes)
    if out is None:
        return outcome
    if not report:
        write_rig(out, found.rig)
        return replace(outcome, files=(out,))
    from mocap.report.point_page import point_page

    assessment = assess_points(found)
    refused = assessment.grade == GRADES[-1] and not anyway
    page, table = report_paths(refused_path(out) if refused else out)
    title = "Calibration" if out.stem == "calibration" else f"Calibration {out.stem}"
    figures = json.dumps(point_assessment_table(found, assessment), indent=1, allow_nan=False) + "\n"
    texts = {table: figures, page: point_page(found, assessment, title)}
    if refused:
        write_texts(texts)
        raise refusal(assessment, f"{page} shows it all; --anyway writes the calibration nevertheless.")
    rig = replace(found.rig, metadata={**found.rig.metadata, **point_assessment_metadata(assessment)})
    write_texts({out: rig_text(rig), **texts})
    return replace(outcome, rig=rig, assessment=assessment, files=(out, *texts))
