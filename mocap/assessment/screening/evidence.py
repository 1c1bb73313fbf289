"""What is published for and against each rule, and how strong that is."""

EVIDENCE = {
    "ANKLE": (
        "Moderate, mixed. People under 30 deg in the knee-to-wall test moved pelvis, hips and lumbar spine more and "
        "leaned further than those over 35 deg (n = 44). The test goes with depth (Gomes et al. 2020, r = 0.69, "
        "n = 20) and with lean (Conradsson et al. 2010, Fuglsang et al. 2017). Raised heels: no effect (Lee et al. "
        "2017), less lean (Monteiro et al. 2022)."
    ),
    "HIP": (
        "Weak. Plausible; people with cam impingement moved the pelvis less in squats (Lamontagne et al. 2009, "
        "n = 26); the shape of the hip on CT did not go with the tuck (a thesis, R2 below 0.04); in men depth goes "
        "with hip range (Kim et al. 2015)."
    ),
    "STANCE": (
        "Weak. Stance and foot angle change moments and the way of the knee (Lorenzetti et al. 2018, n = 42); an "
        "effect on the tuck is unproven."
    ),
    "CONTROL": (
        "Weak. Bending to 50 deg with a still low back is an established test of control (Monnier et al. 2012); a "
        "session of 20 min did not change the tuck (a study of 2025, n = 42)."
    ),
    "BALANCE": "Mechanics alone: the centre of mass has to stay over the feet; no study of the tuck.",
    "LOAD": "None general: it is tested for this person.",
    "HAMSTRING": (
        "Weak, and argued against: in a squat the knee slackens what the hip lengthens, so that the length changes "
        "little. Needs a straight leg raise or a knee extension test; no cut-off is published, so that it is told and "
        "not judged."
    ),
}
