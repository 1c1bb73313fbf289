"""What is said about squats and hinges, as questions, and the columns that answer each.

The statements are common ones of coaching articles on the tuck of the pelvis and on the hip hinge. A column is named
`task.column`; one that ends in `*` stands for both sides.
"""

from mocap.assessment.claims import Claim

_IMAGING = "skin points do not show single vertebrae: it needs imaging; lumbar flexion is told as a whole"
_NO_EMG = "no muscle activity is recorded"

CLAIMS: tuple[Claim, ...] = (
    Claim(1, "Does the pelvis tuck under near the lowest part of the squat, and by how much?", (
        "squat.wink_magnitude", "squat.wink_peak", "squat.tilt_most_anterior", "squat.tilt_bottom")),
    Claim(2, "Is the tuck more than what clothing and noise may feign?", (
        "squat.wink_magnitude", "squat.wink_threshold", "squat.wink_detectable"),
        note="the check of plate against landmarks is among the trial's quality verdicts (pelvis_sta)"),
    Claim(3, "How does the low back move against the pelvis, as fingers on both would feel it?", (
        "squat.lumbar_bottom", "squat.lumbar_excursion")),
    Claim(4, "Does the lumbar spine flex with the tuck?", (
        "squat.lumbar_change", "squat.lumbar_bottom", "squat.wink_lumbar_ratio")),
    Claim(5, "Does the flexion concentrate at the lowest segment, L5/S1?", (), "not assessable", _IMAGING),
    Claim(6, "How often and for how long does it happen, with what load, and does it grow over the repetitions?", (
        "squat.wink_detected", "squat.wink_magnitude_slope", "squat.lumbar_flexed_time", "squat.lumbar_flexed_load"),
        note="exposure, no measure of tissue"),
    Claim(7, "How wide is this person's own neutral, and how do people differ?", (
        "squat.pelvic_tilt_neutral_band", "squat.lumbar_flexion_neutral_band", "squat.wink_magnitude_norm_z",
        "squat.wink_onset_depth_norm_z", "squat.lumbar_change_norm_z", "squat.depth_norm_z"),
        note="z against the lab's own people by its reliability file; withheld until they are 20"),
    Claim(8, "How early does the tuck begin?", (
        "squat.wink_onset_depth", "squat.wink_earliness", "squat.onset_hip_*", "squat.onset_thigh_*",
        "squat.onset_knee_*")),
    Claim(9, "How much lumbar flexion goes with it, in parts of the person's most?", (
        "squat.lumbar_change", "squat.lumbar_pctmax")),
    Claim(10, "Under what load?", ("squat.context_load", "squat.wink_magnitude")),
    Claim(11, "Is it a small one at the very bottom, the lumbar spine not flexed?", (
        "squat.wink_onset_depth", "squat.wink_magnitude", "squat.lumbar_bottom", "squat.grade")),
    Claim(12, "Does it begin at the end of the hip's flexion?", ("squat.onset_hip_*", "squat.hip_reserve_*")),
    Claim(13, "Are the hamstrings what pulls the pelvis under?", ("squat.hamstring_surrogate_*",), "surrogate",
          "hip less knee flexion at the onset stands for their length; the rule HAMSTRING tells stated tests"),
    Claim(14, "Do gluteal muscles or the capsule of the hip limit it?", (
        "squat.hip_reserve_*", "squat.hip_external_rotation_bottom_*"), "in part",
        "the range that is left is told, not what limits it"),
    Claim(15, "Does the shape of the hip's bones matter?", (), "not assessable",
          "movement does not show bones; a study with CT found no correlation with the tuck"),
    Claim(16, "Is it a matter of control of pelvis and low back?", (
        "hinge.lumbar_early", "squat.wink_magnitude_sd", "squat.rule CONTROL")),
    Claim(17, "Does the ankle's range limit it?", (
        "squat.onset_ankle_*", "squat.ankle_dorsiflexion_largest_*", "squat.ankle_reserve_*", "squat.heel_rise_*",
        "knee_to_wall.shank_inclination", "squat.rule ANKLE")),
    Claim(18, "Does raising the heels change it?", ("squat.context_heel_height", "squat.wink_magnitude"),
          note="the effect is the comparison of trials with and without"),
    Claim(19, "Is the stance about as wide as the shoulders?", (
        "squat.stance_width", "squat.stance_to_biacromial", "squat.stance_to_hips")),
    Claim(20, "Do the toes point about 30 deg out?", ("squat.toe_out_*",)),
    Claim(21, "Do the toes point out slightly, and not too much?", ("squat.toe_out_*", "squat.rule STANCE"),
          note="against the band of the protocol"),
    Claim(22, "Do the knees track along the feet, or outside of them?", (
        "squat.knee_tracking_*", "squat.knee_over_foot_*", "squat.knee_varus_*")),
    Claim(23, "How far are the hips turned out and apart?", (
        "squat.hip_external_rotation_onset_*", "squat.hip_abduction_onset_*")),
    Claim(24, "How much shorter does turning out make the thigh, seen from the side?", (
        "squat.femur_sagittal_length_*",)),
    Claim(25, "Does the thigh meet the front of the pelvis?", ("squat.asis_femur_gap_*", "squat.hip_flexion_largest_*"),
          "surrogate", "a distance of landmarks and joint centres; soft tissue between them is not seen"),
    Claim(26, "Does the centre of mass stay over the feet?", (
        "squat.com_ap_ratio_bottom", "squat.com_ap_ratio_lowest", "squat.base_margin_lowest",
        "squat.xcom_heel_margin")),
    Claim(27, "Does a load in front keep the trunk more upright and allow more depth?", (
        "squat.context_bar_position", "squat.trunk_lean_largest", "squat.depth", "squat.hip_flexion_largest_*"),
        note="the effect is the comparison of trials by the position of the bar"),
    Claim(28, "Does a load in front take hip flexion at the same depth?", ("squat.hip_flexion_matched_*",),
          note="the effect is the comparison of trials by the position of the bar"),
    Claim(29, "How deep is the squat before it begins?", ("squat.wink_free_depth", "squat.wink_magnitude")),
    Claim(30, "Does the trunk stay rigid?", ("squat.lumbar_excursion", "squat.thoracopelvic_excursion")),
    Claim(31, "Does the rounding disappear on the way up?", ("squat.wink_recovery",)),
    Claim(32, "Does it bulge or herniate discs?", (), "not assessable",
          "movement does not show tissue, and no claim is made"),
    Claim(33, "How far does the knee come towards a wall with the heel down?", (
        "knee_to_wall.distance", "knee_to_wall.shank_inclination", "knee_to_wall.ankle_dorsiflexion")),
    Claim(34, "Do the gluteal muscles or the low back switch off?", (), "not assessable", _NO_EMG),
    Claim(35, "Hinge: do the hips bend and travel back?", (
        "hinge.hip_back", "hinge.hip_back_travel", "hinge.hip_share")),
    Claim(36, "Hinge: do the hips stay tall?", ("hinge.hip_drop", "hinge.hip_drop_travel")),
    Claim(37, "Hinge: are the knees soft, at 15 to 20 deg?", (
        "hinge.knee_flexion_start", "hinge.knee_flexion_bottom", "hinge.knee_flexion_mean",
        "hinge.knee_flexion_range")),
    Claim(38, "Hinge: do the shins stay upright?", ("hinge.shank_inclination_largest",)),
    Claim(39, "Hinge: does the spine stay aligned?", ("hinge.lumbar_excursion", "hinge.thoracic_change")),
    Claim(40, "Hinge: does the chest come down?", ("hinge.trunk_lean_range",)),
    Claim(41, "Hinge: do the knees soften only late in the bend?", ("hinge.knee_soften_lean",)),
    Claim(42, "Are the shoulders back and the abdomen tight?", (
        "hinge.thoracic_change", "squat.thoracopelvic_excursion"),
          "in part", f"the thorax's extension is told; {_NO_EMG}"),
    Claim(43, "Is the athletic position that of the bottom of a hinge?", (
        "hinge.score", "hinge.knee_flexion_bottom", "hinge.hip_back", "hinge.trunk_lean_range"),
        note="by the components of a trial of that position"),
    Claim(44, "Is the weight near the middle of the trunk?", ("squat.bar_ap_offset", "squat.bar_over_mid_foot")),
)  # fmt: skip
