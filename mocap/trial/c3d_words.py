"""The words of C3D files that their reader and their exporter share.

Kinds of model outputs after the C3D user guide (groups of POINT) and Vicon's naming; subject measurements as Vicon's
Plug-in Gait calls them in the group PROCESSING.
"""

import numpy as np

# Group of POINT that lists the labels of a kind, the word for one of them, the parameter of its unit, the usual unit.
KINDS = {
    "angles": ("ANGLES", "ANGLE", "ANGLE_UNITS", "deg"),
    "forces": ("FORCES", "FORCE", "FORCE_UNITS", "N"),
    "moments": ("MOMENTS", "MOMENT", "MOMENT_UNITS", "Nmm"),
    "powers": ("POWERS", "POWER", "POWER_UNITS", "W"),
    "scalars": ("SCALARS", "SCALAR", "SCALAR_UNITS", ""),
}

# Vicon's subject measurements: name here, and what turns its unit (mm, kg, deg, rad) into SI.
SUBJECT = {
    "Bodymass": ("mass_kg", 1.0), "Height": ("height_m", 1e-3), "InterAsisDistance": ("inter_asis_distance_m", 1e-3),
    "PelvisLength": ("pelvis_length_m", 1e-3), "MarkerDiameter": ("marker_diameter_m", 1e-3),
}  # fmt: skip
SIDED = {
    "LegLength": ("leg_length", "m", 1e-3), "AsisTrocanterDistance": ("asis_trochanter_distance", "m", 1e-3),
    "KneeWidth": ("knee_width", "m", 1e-3), "AnkleWidth": ("ankle_width", "m", 1e-3),
    "ShoulderOffset": ("shoulder_offset", "m", 1e-3), "ElbowWidth": ("elbow_width", "m", 1e-3),
    "WristWidth": ("wrist_width", "m", 1e-3), "HandThickness": ("hand_thickness", "m", 1e-3),
    "SoleDelta": ("sole_delta", "m", 1e-3), "TibialTorsion": ("tibial_torsion", "rad", np.pi / 180),
    "ThighRotation": ("thigh_rotation", "rad", np.pi / 180), "ShankRotation": ("shank_rotation", "rad", np.pi / 180),
    "StaticPlantFlex": ("static_plantar_flexion", "rad", 1.0),
    "StaticRotOff": ("static_rotation_offset", "rad", 1.0),
}  # fmt: skip

# What files call the contacts of a foot, and what it is called here.
EVENTS = {
    "foot strike": "initial_contact", "heel strike": "initial_contact", "initial contact": "initial_contact",
    "foot off": "final_contact", "toe off": "final_contact", "final contact": "final_contact",
}  # fmt: skip
STRIKE_AND_OFF = {"initial_contact": "Foot Strike", "final_contact": "Foot Off"}

# The group of files written here, with what no standard parameter holds.
OWN_GROUP, OWN_FORMAT = "MOCAP", "mocap c3d 1"
STATUS_ENDING = "_status"
# Stands in the place of the digest while it is computed: of the whole file.
DIGEST, NO_DIGEST = "FILE_SHA256", "0" * 64

# Written anew from the parts of a trial, so that nothing says them twice; a number may follow (LABELS2).
RENEWED = {
    "POINT": {"USED", "FRAMES", "LONG_FRAMES", "LABELS", "DESCRIPTIONS", "RATE", "UNITS", "DATA_START", "TYPE_GROUPS",
              *(word for group, _, unit, _ in KINDS.values() for word in (group, unit))},
    "ANALOG": {"USED", "LABELS", "DESCRIPTIONS", "UNITS", "RATE"},
    "FORCE_PLATFORM": {"USED", "TYPE", "CORNERS", "ORIGIN", "CHANNEL", "ZERO", "CAL_MATRIX"},
    "ROTATION": {"USED", "DATA_START", "RATE", "RATIO", "FRAMES", "LABELS", "DESCRIPTIONS"},
    "TRIAL": {"ACTUAL_START_FIELD", "ACTUAL_END_FIELD"},
}  # fmt: skip
# Who was recorded: no file of ours holds a name.
PERSONS = {
    "SUBJECTS": {"NAMES", "LABEL_PREFIXES"}, "EVENT": {"SUBJECTS"}, "ANALYSIS": {"SUBJECTS"},
    "SUBJECT": {"NAME", "NAMES", "FIRSTNAME", "FIRST_NAME", "LASTNAME", "LAST_NAME"},
    "PATIENT": {"NAME", "NAMES", "FIRSTNAME", "FIRST_NAME", "LASTNAME", "LAST_NAME"},
}  # fmt: skip
