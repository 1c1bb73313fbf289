"""The body of Plug-in Gait: joint centres by regression and chord function, segments from them and the wands."""

import numpy as np

from mocap.kinematics import segments
from mocap.kinematics.body import SIDES, Body
from mocap.kinematics.hip_centre import PelvisSize, davis
from mocap.kinematics.observability import NotObservable
from mocap.kinematics.plug_in_gait.chord import axis_of, chord
from mocap.kinematics.plug_in_gait.foot import FootOffset, uncorrected_foot, with_offset
from mocap.kinematics.plug_in_gait.measures import Measures, SideMeasures
from mocap.kinematics.traced import Frame, Vec, add_grads, carried, chain, combine, frame

NO_OFFSET = (
    "needs a static trial of the same person: Plug-in Gait takes from it how the foot lies to the line from toe marker "
    "to ankle centre"
)


class PlugInGaitBody(Body):
    """Segments and joint centres as Plug-in Gait defines them, in ISB axes; the rest is that of `Body`.

    The setting has to carry the measures of the person, and the zeros what the static tells of the feet.
    """

    @property
    def measures(self) -> Measures:
        """Return the measures of the person."""
        assert isinstance(self.setting.plug_in_gait, Measures)
        return self.setting.plug_in_gait

    def leg(self, side: str) -> SideMeasures:
        """Return the measures of a leg."""
        if side not in self.measures.sides:
            raise NotObservable(f"needs {side}LFE and {side}THI_WAND, the markers {side}KNE and {side}THI of the thigh")
        return self.measures.sides[side]

    def hip(self, side: str) -> Vec:
        """Return the hip centre by Davis 1991."""

        def build() -> Vec:
            m = self.measures
            size = PelvisSize(
                m.inter_asis_m, np.nan, m.leg_length_m, self.leg(side).asis_trochanter_m, m.marker_diameter_m / 2
            )
            return carried(self.pelvis(), davis(size, SIDES[side]), self.mid_asis())

        return self._keep(f"{side}HJC", build)

    def knee(self, side: str) -> Vec:
        """Return the knee centre by the chord function."""
        return self._keep(f"{side}KJC", lambda: self._chord(side, self.hip(side), "LFE", "THI_WAND"))

    def ankle(self, side: str) -> Vec:
        """Return the ankle centre by the chord function."""
        return self._keep(f"{side}AJC", lambda: self._chord(side, self.knee(side), "LMAL", "TIB_WAND"))

    def _chord(self, side: str, upper: Vec, marker: str, stick: str) -> Vec:
        lateral, wand = self.need(side + marker, side + stick)
        leg = self.leg(side)
        width = leg.knee_width_m if marker == "LFE" else leg.ankle_width_m
        return chord(upper, lateral, wand, (width + self.measures.marker_diameter_m) / 2)

    def femur(self, side: str) -> Frame:
        """Return the femur frame: its Z in the plane of hip, knee and thigh wand."""
        return self._keep(f"femur_{side}", lambda: self._bone(side, self.hip(side), self.knee(side), "LFE"))

    def shank_distal(self, side: str) -> Frame:
        """Return the shank frame: its Z in the plane of knee, ankle and shank wand."""
        return self._keep(f"shank_distal_{side}", lambda: self._bone(side, self.knee(side), self.ankle(side), "LMAL"))

    def shank_proximal(self, side: str) -> Frame:
        """Return the shank frame of the knee: that of the ankle, as there is no tibial torsion."""
        return self.shank_distal(side)

    def _bone(self, side: str, upper: Vec, lower: Vec, marker: str) -> Frame:
        (lateral,) = self.need(side + marker)
        rightward = combine((SIDES[side], -SIDES[side]), (lateral, lower))
        return segments.long_bone_frame(upper, lower, rightward)

    def foot_to_ankle(self, side: str) -> Frame:
        """Return the foot before the static corrects it: Y from the toe marker to the ankle centre."""

        def build() -> Frame:
            (toe,) = self.need(f"{side}MT2")
            return uncorrected_foot(toe, self.ankle(side), self.shank_axis(side))

        return self._keep(f"foot_to_ankle_{side}", build)

    def shank_axis(self, side: str) -> Vec:
        """Return the mediolateral axis of the shank, to the right."""
        return axis_of(self.shank_distal(side), np.array([0.0, 0.0, 1.0]))

    def foot_heelward(self, side: str) -> Frame:
        """Return the foot with Y along its long axis towards the heel and X dorsal, as its angles are taken."""

        def build() -> Frame:
            plain = self.foot_to_ankle(side)
            if side not in self.zeros.plug_in_gait:
                raise NotObservable(NO_OFFSET)
            offset = self.zeros.plug_in_gait[side]
            long = with_offset(plain, offset)
            return self._with_placement(side, plain, long, offset) if self.setting.placement_pass else long

        return self._keep(f"foot_heelward_{side}", build)

    def _with_placement(self, side: str, plain: Frame, long: Frame, offset: FootOffset) -> Frame:
        """A misplaced marker was so in the static, where the offset comes from."""
        homes = self.homes(side)
        grads = [
            chain(plain.axes @ matrix @ np.swapaxes(homes[name].axes, -1, -2), self.points[name].grad)
            for name, matrix in offset.by_placement.items()
            if name in self.points
        ]
        return Frame(long.axes, add_grads(long.grad, *grads))

    def homes(self, side: str) -> dict[str, Frame]:
        """Return the segment to which each marker that the foot depends on is fixed."""
        pelvis, femur, shank = self.pelvis(), self.femur(side), self.shank_distal(side)
        homes = {name: pelvis for name in ("RASIS", "LASIS", "RPSIS", "LPSIS", "SACR")}
        homes |= {f"{side}LFE": femur, f"{side}THI_WAND": femur, f"{side}LMAL": shank, f"{side}TIB_WAND": shank}
        # Without a foot of its own before the static: the line from toe to ankle centre stands for it.
        return homes | {f"{side}{name}": self.foot_to_ankle(side) for name in ("MT2", "HEEL")}

    def foot(self, side: str) -> Frame:
        """Return the foot frame: X along its long axis, as the static corrects it."""

        def build() -> Frame:
            long = self.foot_heelward(side)
            return Frame(long.axes[..., [1, 0, 2]] * np.array([-1.0, 1.0, 1.0]), long.grad)

        return self._keep(f"foot_{side}", build)

    def thorax(self) -> Frame:
        """Return the thorax: Y from mid(STRN, T10) to mid(CLAV, C7), X towards mid(CLAV, STRN)."""

        def build() -> Frame:
            c7, t10, clav, strn = self.need("C7", "T10", "CLAV", "STRN")
            upward = combine((0.5, -0.5, 0.5, -0.5), (c7, t10, clav, strn))
            return frame(upward, combine((-0.5, -0.5, 0.5, 0.5), (c7, t10, clav, strn)), "yx")

        return self._keep("thorax", build)
