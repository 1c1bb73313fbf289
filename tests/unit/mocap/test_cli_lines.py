"""Lines that commands print of a trial's checks."""

from mocap.cli.common import verdict_lines
from mocap.trial import Verdict

QUALITY = (Verdict("valid", 1234.0, 90.0, "%", True, "of all samples"), Verdict("jitter", 0.0123, 0.004, "mm", False))


def test_checks_have_no_exponents_and_failed_ones_tell_their_limit():
    failed = "  LOOK jitter: 0.0123 mm, limit 0.004 mm."
    assert verdict_lines(QUALITY) == ["  ok   valid: 1234 % of all samples", failed]
    assert verdict_lines(QUALITY, failed_alone=True) == [failed]
