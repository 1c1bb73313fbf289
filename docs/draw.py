# ruff: noqa: E501 - coordinates of drawings
"""Draw the pictures of the pages: `python docs/draw.py` writes docs/pages/pictures/*.svg, which are committed."""

import math
from pathlib import Path

OUT = Path(__file__).parent / "pages" / "pictures"
INK, BODY, PLUS, PLATE, SOFT = "#263238", "#90a4ae", "#c62828", "#1565c0", "#eceff1"
Point = tuple[float, float]


def line(a: Point, b: Point, color: str = INK, width: float = 2, more: str = "") -> str:
    return (
        f'<line x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}" stroke="{color}" '
        f'stroke-width="{width}" stroke-linecap="round" {more}/>'
    )


def dashed(a: Point, b: Point) -> str:
    return line(a, b, "#78909c", 1.5, 'stroke-dasharray="5 5"')


def dot(p: Point, radius: float = 5, color: str = INK) -> str:
    return f'<circle cx="{p[0]:.1f}" cy="{p[1]:.1f}" r="{radius}" fill="{color}"/>'


def text(p: Point, words: str, size: float = 14, color: str = INK, anchor: str = "middle", weight: str = "400") -> str:
    return (
        f'<text x="{p[0]:.1f}" y="{p[1]:.1f}" font-size="{size}" fill="{color}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{words}</text>'
    )


def arrow(a: Point, b: Point, color: str = INK, width: float = 3) -> str:
    return line(a, b, color, width, f'marker-end="url(#{"plus" if color == PLUS else "ink"})"')


def turn(center: Point, radius: float, start_deg: float, end_deg: float) -> str:
    """An arrow along a circle; angles from right, counter-clockwise as seen."""
    a, b = (at(center, radius, angle) for angle in (start_deg, end_deg))
    sweep = 0 if end_deg > start_deg else 1
    return (
        f'<path d="M {a[0]:.1f} {a[1]:.1f} A {radius} {radius} 0 0 {sweep} {b[0]:.1f} {b[1]:.1f}" fill="none" '
        f'stroke="{PLUS}" stroke-width="3" marker-end="url(#plus)"/>'
    )


def at(p: Point, length: float, angle_deg: float) -> Point:
    """The point at a distance and direction (from right, counter-clockwise as seen)."""
    angle = math.radians(angle_deg)
    return p[0] + length * math.cos(angle), p[1] - length * math.sin(angle)


def write(name: str, width: int, height: int, parts: list[str]) -> None:
    heads = "".join(
        f'<marker id="{name_}" viewBox="0 0 10 10" refX="7" refY="5" markerWidth="10" markerHeight="10" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L10 5L0 10z" fill="{color}"/></marker>'
        for name_, color in (("plus", PLUS), ("ink", INK))
    )
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="Helvetica, Arial, sans-serif"><defs>{heads}</defs>'
        f'<rect width="{width}" height="{height}" rx="10" fill="#ffffff"/>' + "\n".join(parts) + "</svg>\n"
    )
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.svg").write_text(picture, encoding="utf-8")


def limb(a: Point, b: Point, width: float = 16) -> str:
    return line(a, b, BODY, width)


def pelvis(center: Point, tilt_deg: float) -> list[str]:
    """A pelvis from the right side, facing right: PSIS behind, ASIS in front."""
    back, front = at(center, 42, 180 - tilt_deg), at(center, 42, -tilt_deg)
    low = at(center, 34, -90 - tilt_deg)
    hull = " ".join(f"{x:.1f},{y:.1f}" for x, y in (back, front, low))
    return [f'<polygon points="{hull}" fill="{BODY}" stroke="{BODY}" stroke-width="14" stroke-linejoin="round"/>',
            line(back, front, INK, 2), dot(back), dot(front)]  # fmt: skip


def panel(x: float, y: float, title: str, under: str) -> list[str]:
    return [f'<rect x="{x}" y="{y}" width="230" height="270" rx="8" fill="{SOFT}"/>',
            text((x + 115, y + 26), title, 16, weight="700"), text((x + 115, y + 256), under, 11.5)]  # fmt: skip


def signs() -> None:
    """The sign of each main angle, all seen from the right side, the person facing right."""
    parts: list[str] = []
    for column in range(4):
        for row in range(2):
            parts += _SIGNS[row * 4 + column](10 + column * 240, 10 + row * 280)
    write("signs", 970, 570, parts)


def _tilt(x: float, y: float) -> list[str]:
    c = (x + 115, y + 140)
    back, front = at(c, 42, 155), at(c, 42, -25)
    return [*panel(x, y, "pelvic_tilt", "ASIS sinks: anterior +; line level: 0"), *pelvis(c, 25),
            dashed((x + 30, c[1]), (x + 205, c[1])), turn(c, 72, 2, -24),
            text((back[0] - 8, back[1] - 12), "PSIS", 12), text((front[0] + 12, front[1] + 24), "ASIS", 12)]  # fmt: skip


def _lumbar(x: float, y: float) -> list[str]:
    c = (x + 90, y + 190)
    low, neutral, bent = at(c, 22, 90), at(c, 112, 90), at(c, 112, 55)
    return [*panel(x, y, "lumbar_flexion", "T12/L1 turns forward +; own standing: 0"), *pelvis(c, 0),
            dashed(low, at(neutral, 18, 90)), limb(low, bent, 14), line(at(bent, 20, 145), at(bent, 20, -35), PLATE, 5),
            turn(c, 122, 88, 60), text((bent[0] + 36, bent[1] + 8), "T12/L1", 12, PLATE)]  # fmt: skip


def _lean(x: float, y: float) -> list[str]:
    c = (x + 90, y + 215)
    top = at(c, 125, 60)
    return [*panel(x, y, "trunk_lean", "thorax forward +; vertical: 0"), dashed(c, at(c, 165, 90)), limb(c, top, 20),
            dot(at(top, 28, 60), 17, BODY), turn(c, 100, 90, 66)]  # fmt: skip


def _hip(x: float, y: float) -> list[str]:
    c = (x + 90, y + 120)
    return [*panel(x, y, "hip_flexion", "thigh towards the belly +"), dashed(at(c, 20, -90), at(c, 110, -90)),
            limb(at(c, 15, -45), at(c, 105, -40)), *pelvis(c, 0), turn(c, 88, -88, -46)]  # fmt: skip


def _knee(x: float, y: float) -> list[str]:
    hip, knee = (x + 80, y + 60), (x + 120, y + 135)
    angle = math.degrees(math.atan2(hip[1] - knee[1], knee[0] - hip[0]))
    shank = at(knee, 90, angle - 60)
    return [*panel(x, y, "knee_flexion", "heel towards the seat +; straight: 0"), limb(hip, knee), limb(knee, shank),
            dashed(knee, at(knee, 90, angle)), turn(knee, 72, angle - 2, angle - 53), dot(knee)]  # fmt: skip


def _foot(ankle: Point) -> list[str]:
    return [limb(ankle, (ankle[0] - 22, ankle[1] + 22), 14), limb((ankle[0] - 22, ankle[1] + 24), (ankle[0] + 72, ankle[1] + 24), 12)]


def _ankle(x: float, y: float) -> list[str]:
    ankle = (x + 85, y + 200)
    return [*panel(x, y, "ankle_dorsiflexion", "shank to foot +; perpendicular: 0"), *_foot(ankle),
            limb(ankle, at(ankle, 120, 62)), dashed(ankle, at(ankle, 140, 90)), turn(ankle, 105, 90, 70), dot(ankle)]  # fmt: skip


def _shank(x: float, y: float) -> list[str]:
    ankle = (x + 85, y + 200)
    knee = at(ankle, 120, 62)
    return [*panel(x, y, "shank_inclination", "knee in front of the ankle +; vertical: 0"), *_foot(ankle),
            limb(ankle, knee), dashed(ankle, at(ankle, 140, 90)), line(ankle, knee, INK, 2), dot(ankle), dot(knee),
            turn(ankle, 132, 90, 68)]  # fmt: skip


def _thigh(x: float, y: float) -> list[str]:
    knee = (x + 160, y + 165)
    hip = at(knee, 105, 155)
    return [*panel(x, y, "thigh_elevation", "hip above the knee +; level: 0"), limb(knee, hip), limb(knee, (x + 135, y + 225)),
            dashed(knee, at(knee, 130, 180)), turn(knee, 92, 179, 160), dot(hip), dot(knee)]  # fmt: skip


_SIGNS = (_tilt, _lumbar, _lean, _hip, _knee, _ankle, _shank, _thigh)


def axes() -> None:
    """World and ISB axes beside each other, with the person."""
    parts = []
    for x, title, names in (
        (60, "World: X forward, Y left, Z up", ("X", "Y", "Z")), (430, "Segments (ISB): X forward, Y up, Z right", None),
    ):  # fmt: skip
        o = (x + 120.0, 190.0)
        parts += [f'<rect x="{x - 40}" y="10" width="350" height="260" rx="8" fill="{SOFT}"/>',
                  text((x + 135, 38), title, 15, weight="700")]  # fmt: skip
        parts += [arrow(o, at(o, 100, 0)), arrow(o, at(o, 100, 90))]
        parts += [text(at(o, 118, 0), "X", 16, weight="700"), text(at(o, 112, 90), "Z" if names else "Y", 16, weight="700")]
        side = 150 if names else -35
        parts += [arrow(o, at(o, 78, side)), text(at(o, 96, side), "Y" if names else "Z", 16, weight="700"), dot(o)]
        if names:
            parts += [arrow((o[0] + 70, 90), (o[0] + 70, 150), PLUS), text((o[0] + 82, 125), "gravity -Z", 13, PLUS, "start")]
        parts.append(text((x + 135, 258), "metres, right-handed" if names else "one map at the door of the kinematics", 12))
    write("axes", 770, 280, parts)


def pixels() -> None:
    """Where pixel (0, 0) is."""
    parts = []
    for column in range(4):
        for row in range(3):
            parts.append(f'<rect x="{60 + column * 60}" y="{50 + row * 60}" width="60" height="60" fill="#fff" stroke="{BODY}"/>')
    parts += [dot((90, 80), 6, PLUS), text((90, 38), "(0, 0)", 14, PLUS, weight="700"), line((90, 44), (90, 70), PLUS, 1.5)]
    parts += [dot((60, 50), 5, PLATE), text((140, 272), "blue: the corner of the image, (-0.5, -0.5)", 12, PLATE, "start")]
    parts += [arrow((320, 80), (385, 80)), text((352, 70), "u"), arrow((90, 245), (90, 290)) , text((104, 280), "v")]
    write("pixels", 420, 305, parts)


def figure_back(x: float, y: float) -> list[str]:
    """A person from behind, 380 high."""
    parts = [dot((x, y + 30), 26, BODY), limb((x - 45, y + 85), (x + 45, y + 85), 22), limb((x, y + 85), (x, y + 190), 66)]
    for s in (-1, 1):
        parts += [limb((x + s * 52, y + 90), (x + s * 74, y + 190), 16), limb((x + s * 22, y + 205), (x + s * 26, y + 295), 30),
                  limb((x + s * 26, y + 295), (x + s * 28, y + 385), 22), limb((x + s * 28, y + 392), (x + s * 36, y + 398), 16)]  # fmt: skip
    return parts


def plate(p: Point, turn_deg: float = 0, size: float = 15) -> str:
    """A folded plate: two tags and the fold."""
    return (
        f'<g transform="translate({p[0]:.1f} {p[1]:.1f}) rotate({turn_deg})">'
        f'<rect x="{-size - 3}" y="{-size / 2 - 3}" width="{2 * size + 6}" height="{size + 6}" fill="#fff" stroke="{PLATE}" stroke-width="2"/>'
        f'<rect x="{-size - 0.5}" y="{-size / 2}" width="{size - 2}" height="{size}" fill="{INK}"/>'
        f'<rect x="2.5" y="{-size / 2}" width="{size - 2}" height="{size}" fill="{INK}"/>'
        f'<line x1="0" y1="{-size / 2 - 3}" x2="0" y2="{size / 2 + 3}" stroke="{PLATE}" stroke-width="1.5"/></g>'
    )


def body() -> None:
    """Where plates and landmarks go."""
    x, y = 230.0, 30.0
    parts = [*figure_back(x, y), text((x, 455), "from behind; plates of the legs face", 13), text((x, 473), "forward and outward", 13)]
    marks = (
        ((x, y + 205), 0, "sacrum: flat bone below the line of the PSIS", y + 205),
        ((x, y + 135), 0, "t12_l1: over the spinous process of T12 or L1", y + 135),
        ((x + 38, y + 255), 90, "thigh_r: middle of the thigh, front and outside", y + 255),
        ((x + 36, y + 345), 90, "shank_r: over the shin, where no muscle bulges", y + 320),
        ((x + 38, y + 394), 0, "foot_r: on top of the foot or shoe, laced tight", y + 390),
    )  # fmt: skip
    for place, angle, words, height in marks:
        parts += [line((place[0] + 18, place[1]), (390, height), PLATE, 1), plate(place, angle),
                  text((398, height + 5), words, 14, INK, "start")]  # fmt: skip
    parts += [plate((x - 38, y + 255), 90), plate((x - 36, y + 345), 90), plate((x - 38, y + 394), 0)]
    for name, s in (("LPSIS", -1), ("RPSIS", 1)):
        parts += [dot((x + s * 21, y + 181), 5, PLUS), text((x + s * 150 if s < 0 else x + 160, y + 178), name, 12, PLUS, "middle"),
                  line((x + s * 26, y + 181), (x + s * 128 if s < 0 else x + 136, y + 175), PLUS, 1)]  # fmt: skip
    parts.append(text((398, 90), "blue: plates, stay on in every trial", 14, PLATE, "start", "700"))
    parts.append(text((398, 112), "red: landmarks, needed in the static alone", 14, PLUS, "start", "700"))
    write("plates_body", 740, 490, parts)


def folded() -> None:
    """The folded plate, flat and from above."""
    parts = [f'<rect x="10" y="10" width="300" height="220" rx="8" fill="{SOFT}"/>', text((160, 36), "printed", 15, weight="700"),
             f'<rect x="40" y="60" width="240" height="120" fill="#fff" stroke="{INK}"/>']  # fmt: skip
    for left in (52, 172):
        parts.append(f'<rect x="{left}" y="72" width="96" height="96" fill="{INK}"/>')
        for number in range(9):
            if number in (0, 2, 4, 5, 7) if left == 52 else number in (1, 3, 4, 8):
                parts.append(f'<rect x="{left + 18 + number % 3 * 20}" y="{90 + number // 3 * 20}" width="20" height="20" fill="#fff"/>')
    parts += [dashed((160, 52), (160, 188)), text((160, 205), "fold", 13)]
    parts += [f'<rect x="330" y="10" width="330" height="220" rx="8" fill="{SOFT}"/>', text((495, 36), "folded, from above", 15, weight="700")]
    o = (495.0, 95.0)
    parts += [line(o, at(o, 125, 195), INK, 7), line(o, at(o, 125, -15), INK, 7), dashed((370, 95), (620, 95))]
    parts += [text((495, 152), "30 deg between the fronts of both facets", 12), arrow((495, 82), (495, 52)), text((506, 66), "towards the cameras", 12, INK, "start")]
    parts += [text((495, 190), "on a rigid sheet, taped to skin or tight shorts", 12)]
    write("plate_folded", 670, 240, parts)


def room() -> None:
    """Cameras around the volume, from above."""
    parts = [f'<rect x="20" y="20" width="480" height="400" fill="{SOFT}" stroke="{INK}" stroke-width="3"/>',
             f'<rect x="180" y="160" width="160" height="120" rx="6" fill="#fff" stroke="{PLATE}" stroke-width="2" stroke-dasharray="6 4"/>',
             text((260, 298), "capture volume 2 x 1.5 m", 12, PLATE)]  # fmt: skip
    for x, y in ((40, 40), (260, 34), (480, 40), (480, 400), (260, 406), (40, 400)):
        angle = math.degrees(math.atan2(220 - y, 260 - x))
        parts.append(f'<path d="M {x} {y} L {260 + 90 * math.cos(math.radians(angle + 90)):.0f} {220 + 90 * math.sin(math.radians(angle + 90)):.0f} '
                     f'L {260 + 90 * math.cos(math.radians(angle - 90)):.0f} {220 + 90 * math.sin(math.radians(angle - 90)):.0f} Z" fill="{PLATE}" opacity="0.05"/>')  # fmt: skip
        parts.append(f'<g transform="translate({x} {y}) rotate({angle:.0f})"><rect x="-12" y="-9" width="24" height="18" rx="3" fill="{INK}"/>'
                     f'<polygon points="12,-5 20,-9 20,9 12,5" fill="{INK}"/></g>')  # fmt: skip
    parts += [dot((250, 220), 15, BODY), arrow((262, 220), (312, 220), PLUS), text((318, 212), "faces +X", 12, PLUS, "start")]
    for number, words in enumerate((
        "Six to eight cameras; each plate seen by two or more at any time.",
        "At least two behind: sacrum and T12 plates face backwards.",
        "2 to 2.5 m high, looking down by 15 to 25 deg, and two low ones for feet.",
        "Neighbours 40 to 90 deg apart as seen from the person.",
        "Feet in view at standing and at the bottom alike.",
    )):  # fmt: skip
        parts += [dot((530, 75 + 50 * number), 4, PLATE), text((544, 80 + 50 * number), words, 14, INK, "start")]
    write("room", 1080, 440, parts)


def static() -> None:
    """How to stand in the static trial."""
    parts = [*figure_back(150, 20), line((40, 426), (260, 426), INK, 3)]
    for number, words in enumerate((
        "three seconds or more, as still as can be",
        "eyes ahead, arms as in the movement (no hand in front of a plate)",
        "weight on both feet, feet flat, toes forward, hip width apart",
        "knees straight, not locked back",
        "facing the way of the movement, in the middle of the volume",
        "landmarks on: ASIS and PSIS, epicondyles, malleoli, heel, MT1, MT5, both sides",
        "every plate on: none is moved between static and last trial",
    )):  # fmt: skip
        parts += [text((300, 80 + 46 * number), f"{number + 1}", 18, PLATE, "middle", "700"), text((322, 80 + 46 * number), words, 15, INK, "start")]
    write("static", 960, 445, parts)


def draw_all() -> None:
    """Write every picture."""
    for draw in (signs, axes, pixels, body, folded, room, static):
        draw()


if __name__ == "__main__":
    draw_all()
