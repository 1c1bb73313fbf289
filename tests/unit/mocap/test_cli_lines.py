"""Lines that commands print of a trial's checks."""

from mocap.cli.common import verdict_lines
from mocap.trial import Verdict

QUALITY = (Verdict("valid", 1234.0, 90.0, "%", True, "of all samples"), Verdict("jitter", 0.0123, 0.004, "mm", False))


def test_checks_have_no_exponents_and_failed_ones_tell_their_limit():
    failed = "  LOOK jitter: 0.0123 mm (limit 0.004 mm)"
    assert verdict_lines(QUALITY) == ["  ok   valid: 1234 % of all samples", failed]
    assert verdict_lines(QUALITY, failed_alone=True) == [failed]


def test_what_failed_reads_as_a_sentence_whatever_its_text():
    share = Verdict("cam_0 saw", 0.0, 90.0, "%", False, "of the frames hold a keypoint of this camera")
    clock = Verdict("clocks agree", float("nan"), 0.25, "frames", False, "The time of 'cam_0' cannot be told.")
    assert verdict_lines((share, clock)) == [
        "  LOOK cam_0 saw: 0 % (limit 90 %) of the frames hold a keypoint of this camera",
        "  LOOK clocks agree: not known (limit 0.25 frames). The time of 'cam_0' cannot be told.",
    ]


def test_a_unit_that_the_text_begins_with_is_said_once():
    same = Verdict("same", 0.0, 1.0, "segments", True, "segments, of 10, that differ")
    odd = Verdict("odd", 2.0, 0.0, "samples", False, "samples of landmarks that leap")
    moved = Verdict("moved", 0.0, 0.015, "m", True, "markers of 2 segments")
    assert verdict_lines((same, odd, moved)) == [
        "  ok   same: 0 segments, of 10, that differ",
        "  LOOK odd: 2 samples (limit 0 samples) of landmarks that leap",
        "  ok   moved: 0 m markers of 2 segments",
    ]


def test_counts_and_ratios_have_no_unit_and_limits_are_rounded():
    exchanged = Verdict("labels_exchanged", 4.0, 0.0, "1", False, "exchanged labels")
    residual = Verdict("residual_RTH1", 21.123456, 15.053916764086944, "mm", False, "RMS distance")
    assert verdict_lines((exchanged, residual)) == [
        "  LOOK labels_exchanged: 4 (limit 0) exchanged labels",
        "  LOOK residual_RTH1: 21.1 mm (limit 15.1 mm). RMS distance",
    ]
