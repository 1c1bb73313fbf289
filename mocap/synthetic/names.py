"""Names of the landmarks: the whole project calls them so.

Side prefix R or L. Plates: `SAC1..4` on the sacrum, rigid with the pelvis, `T12_1..4` on T12/L1; `T12` is the spinous
process itself. Clusters: `RTH1..3` on the thigh, `RSH1..3` on the shank. Source of the set: the minimum for true
pelvic tilt, lumbar flexion and dorsiflexion, plus the upper body for the centre of mass.
"""

SIDES = ("r", "l")
SIDE_SIGN = {"r": 1.0, "l": -1.0}
_SIDE_LANDMARKS = {
    "thigh": ("LFE", "MFE", "TH1", "TH2", "TH3"),
    "shank": ("LMAL", "MMAL", "SH1", "SH2", "SH3"),
    "foot": ("HEEL", "MT1", "MT2", "MT5", "HALLUX"),
    "arm": ("SJC", "EJC", "WJC", "MET3"),
}

PELVIS_LANDMARKS = ("RASIS", "LASIS", "RPSIS", "LPSIS", "SAC1", "SAC2", "SAC3", "SAC4")
LUMBAR_LANDMARKS = ("T12", "T12_1", "T12_2", "T12_3", "T12_4")
THORAX_LANDMARKS = ("C7", "T10", "CLAV", "STRN")
LANDMARKS: tuple[str, ...] = (
    *PELVIS_LANDMARKS,
    *LUMBAR_LANDMARKS,
    *THORAX_LANDMARKS,
    "VERTEX",
    *(f"{side}{name}" for group in _SIDE_LANDMARKS.values() for side in "RL" for name in group),
)
"""Every landmark that a camera can see, in the order of the keypoint axis."""

JOINT_CENTRES: tuple[str, ...] = ("RHJC", "LHJC", "RKJC", "LKJC", "RAJC", "LAJC")
"""Virtual points: hip (Harrington's regression of the pelvis markers), knee and ankle centres (mid-epicondyles,
mid-malleoli)."""

_SIDE_BONES = (
    ("ASIS", "LFE"), ("ASIS", "MFE"), ("LFE", "MFE"),
    ("LFE", "LMAL"), ("MFE", "MMAL"), ("LMAL", "MMAL"),
    ("LMAL", "HEEL"), ("MMAL", "HEEL"), ("HEEL", "MT1"), ("HEEL", "MT5"), ("MT1", "MT2"), ("MT2", "MT5"),
    ("MT1", "HALLUX"), ("LMAL", "MT5"), ("MMAL", "MT1"),
    ("TH1", "TH2"), ("TH2", "TH3"), ("TH3", "TH1"), ("SH1", "SH2"), ("SH2", "SH3"), ("SH3", "SH1"),
    ("SJC", "EJC"), ("EJC", "WJC"), ("WJC", "MET3"),
)  # fmt: skip
_MIDDLE_BONES = (
    ("RASIS", "LASIS"), ("RPSIS", "LPSIS"), ("RASIS", "RPSIS"), ("LASIS", "LPSIS"),
    ("SAC1", "SAC2"), ("SAC2", "SAC3"), ("SAC3", "SAC4"), ("SAC4", "SAC1"),
    ("T12_1", "T12_2"), ("T12_2", "T12_3"), ("T12_3", "T12_4"), ("T12_4", "T12_1"),
    ("RPSIS", "T12"), ("LPSIS", "T12"), ("T12", "T10"), ("T10", "C7"), ("C7", "CLAV"), ("CLAV", "STRN"),
    ("STRN", "T10"), ("C7", "VERTEX"), ("C7", "RSJC"), ("C7", "LSJC"), ("CLAV", "RSJC"), ("CLAV", "LSJC"),
)  # fmt: skip
LANDMARK_BONES: tuple[tuple[str, str], ...] = (
    *_MIDDLE_BONES,
    *((f"{side}{a}", f"{side}{b}") for side in "RL" for a, b in _SIDE_BONES),
)
"""Pairs of landmarks to draw as lines."""


def mirror_name(name: str) -> str:
    """Return the landmark's, joint centre's or angle's partner on the other side, or the name itself."""
    if name in _PLATE_PARTNERS:
        return _PLATE_PARTNERS[name]
    if name[0] in "RL" and name in _SIDED:
        return ("L" if name[0] == "R" else "R") + name[1:]
    if name.endswith(("_r", "_l")):
        return name[:-1] + ("l" if name.endswith("r") else "r")
    return name


_SIDED = frozenset(
    [name for name in LANDMARKS if name[0] in "RL" and ("L" if name[0] == "R" else "R") + name[1:] in LANDMARKS]
    + list(JOINT_CENTRES)
)
# Plate corners run clockwise from the upper left, seen from behind.
_PLATE_PARTNERS = {
    f"{plate}{a}": f"{plate}{b}" for plate in ("SAC", "T12_") for a, b in ((1, 2), (2, 1), (3, 4), (4, 3))
}
