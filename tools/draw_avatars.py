"""Draws the faces of the characters that come with the bot, into `characters/`.

    python -m tools.draw_avatars [NAME …]

One look for all: a two-tone sky, a soft disc behind, flat shapes, ink-dark eyes
with one light in them. Discord shows avatars as circles, so nothing that
matters stands in a corner.
"""

# ruff: noqa: PLR2004  # a drawing is made of coordinates

import sys
from collections.abc import Callable
from pathlib import Path

from tools.drawing import (
    Picture,
    box,
    circle,
    curve,
    ellipse,
    polygon,
    ring,
    stroke,
    within,
)

FOLDER = Path(__file__).resolve().parent.parent / "characters"
INK = "1d2233"
CREAM = "fff6e0"


def hesper_quill() -> Picture:
    """A lighthouse at night."""
    picture = _scene("1a2a4f", "4a7a9c", disc="35598a", at=(128, 92), radius=86)
    for x, y, r in ((44, 60, 2), (70, 30, 1.6), (206, 44, 2), (190, 84, 1.4), (92, 52, 1.3)):
        picture.paint(circle(x, y, r), fill=CREAM)
    for beam in (
        polygon((122, 76), (-6, 30), (-6, 104)),
        polygon((134, 76), (262, 30), (262, 104)),
    ):
        picture.paint(beam, fill="ffe9a0", alpha=0.55, blur=6)
    tower = polygon((106, 94), (150, 94), (162, 218), (94, 218))
    picture.paint(tower, fill="fffaf0")
    for top in (112, 152, 192):
        picture.paint(within(box(80, top, 176, top + 20), tower), fill="d9483b")
    picture.shade(box(132, 90, 176, 220), on=tower, fill="14213d", alpha=0.14)
    picture.paint(box(98, 88, 158, 97, 3), box(104, 51, 152, 56, 2), fill="2a3350")
    picture.paint(circle(128, 73, 40), fill="fff0a8", alpha=0.5, blur=44)
    picture.paint(box(110, 55, 146, 89, 3), fill="fff3b8", to="ffd35c")
    picture.paint(box(126, 55, 130, 89), fill="2a3350")
    picture.paint(polygon((102, 52), (154, 52), (128, 28), round_by=2), fill="c23b30")
    picture.paint(box(121, 198, 135, 220, 6), fill="2a3350")
    picture.paint(ellipse(128, 236, 84, 26), fill="333c55", to="1d2233")
    for x in (10, 58, 106, 154, 202, 250):
        picture.paint(ellipse(x, 254, 34, 16), fill="7fb4c9")
    return picture


def tamsin_sedge() -> Picture:
    """A frog in a felt hat, in the rain."""
    picture = _scene("22353d", "5f8574", disc="86a895", at=(128, 116), radius=92)
    for x, y in ((28, 40), (62, 84), (40, 150), (214, 60), (232, 120), (196, 30), (222, 186)):
        picture.paint(stroke((x, y), (x - 6, y + 22), 3), fill="d3e6dc", alpha=0.6)
    picture.paint(polygon((40, 262), (74, 206), (182, 206), (216, 262), round_by=8), fill="3d4a3a")
    picture.paint(polygon((128, 262), (84, 200), (62, 226)), fill="55654d")
    picture.paint(polygon((128, 262), (172, 200), (194, 226)), fill="55654d")
    picture.paint(circle(86, 116, 31), circle(170, 116, 31), fill="6fae4e")
    picture.paint(ellipse(128, 164, 78, 56), fill="7fbf58", to="5d9a43")
    picture.paint(ellipse(128, 192, 56, 26), fill="d6e8a8")
    for x in (86, 170):
        eye = circle(x, 119, 22)
        picture.paint(eye, fill=CREAM)
        _eye(picture, x + (4 if x < 128 else -4), 125, 10)
        picture.paint(within(box(x - 30, 90, x + 30, 117), eye), fill="5d9a43")
    picture.paint(*curve(((78, 168), (128, 192), (178, 168)), 5), fill="2f5230")
    picture.paint(circle(118, 152, 2.6), circle(138, 152, 2.6), fill="2f5230")
    picture.paint(ellipse(128, 93, 88, 14), fill="2c5a45")
    picture.paint(polygon((84, 92), (94, 40), (122, 47), (128, 52), (134, 47), (162, 40), (172, 92),
                          round_by=4), fill="3c7459", to="2f6049")  # fmt: skip
    picture.paint(polygon((82, 90), (84, 76), (172, 76), (174, 90), round_by=2), fill="1e3a33")
    return picture


def hollis() -> Picture:
    """A round station with one sleepy eye, and a tomato."""
    picture = _scene("1b1740", "4b3d78", disc="3a3170", at=(128, 128), radius=98)
    for x, y, r in ((40, 70, 2), (60, 200, 2.4), (210, 54, 2), (196, 206, 1.6), (90, 30, 1.5),
                    (226, 150, 1.5), (26, 140, 1.4), (160, 26, 1.2)):  # fmt: skip
        picture.paint(circle(x, y, r), fill=CREAM)
    orbit = ring(128, 142, 106, 30, 14)
    picture.paint(orbit, fill="8f86b8")
    picture.paint(stroke((128, 84), (128, 46), 6), fill="b9c2d6")
    picture.paint(circle(128, 40, 15), fill="f2604d", to="d6402f")
    for start in ((117, 27), (128, 23), (139, 27)):
        picture.paint(stroke((128, 29), start, 5, 2), fill="5aa55a")
    picture.paint(circle(124, 35, 3), fill="ffc9bd")
    body = circle(128, 140, 64)
    picture.paint(body, fill="eef1f7", to="b7bfd6")
    picture.shade(circle(168, 172, 66), on=body, fill="8a95b8", alpha=0.5, blur=40)
    picture.paint(within(orbit, box(0, 143, 256, 256)), fill="c9c2ea")
    for x in (52, 80, 176, 204):
        picture.paint(circle(x, 163 if 60 < x < 190 else 156, 3.4), fill="ffd56b")
    eye = circle(128, 126, 34)
    picture.paint(circle(128, 126, 39), fill="6b7390")
    picture.paint(eye, fill="24304f")
    picture.paint(within(circle(128, 132, 22), eye), fill="58c6d8", to="9be8ea")
    picture.paint(circle(128, 132, 11), fill=INK)
    picture.paint(circle(136, 125, 4.5), fill="ffffff")
    picture.paint(within(box(90, 88, 166, 121), eye), fill="cdd4e4")
    picture.paint(stroke((95, 121), (161, 121), 4), fill="6b7390")
    return picture


def dame_perpetua() -> Picture:
    """A helmet with a red plume and worried eyes."""
    picture = _scene("e9853f", "f8d27a", disc="fbe3a4", at=(128, 128), radius=94)
    for points, width, tip in (
        (((128, 62), (70, 26), (50, 120)), 30, 20),
        (((128, 58), (84, -6), (36, 82)), 40, 24),
        (((130, 56), (120, -4), (60, 34)), 40, 26),
    ):
        picture.paint(*curve(points, width, tip, steps=12), fill="c42f3a")
    for points in (((124, 50), (84, 10), (44, 76)), ((128, 44), (112, 10), (66, 32))):
        picture.paint(*curve(points, 6, 4, steps=10), fill="e9626a")
    picture.paint(polygon((58, 262), (74, 214), (182, 214), (198, 262), round_by=8), fill="8993a8")
    picture.paint(ellipse(128, 212, 50, 16), fill="616b82")
    helmet = box(72, 56, 184, 208, 52)
    picture.paint(helmet, fill="dfe5ee", to="a9b3c6")
    picture.shade(box(142, 50, 190, 210), on=helmet, fill="8893aa", alpha=0.45)
    picture.paint(box(123, 54, 133, 104, 4), fill="f0c04c")
    slit = box(80, 100, 176, 140, 18)
    picture.paint(slit, fill="252b3f")
    for x in (107, 149):
        picture.paint(circle(x, 121, 15), fill=CREAM)
        _eye(picture, x + 4, 123, 7.5)
    picture.paint(stroke((92, 101), (114, 95), 5), stroke((142, 95), (164, 101), 5), fill="7a5230")
    picture.paint(polygon((118, 140), (138, 140), (133, 206), (123, 206)), fill="f0c04c")
    for x in (90, 104, 152, 166):
        for y in (160, 176, 192):
            if 84 < x < 172 or y < 190:
                picture.paint(circle(x, y, 3.4), fill="4d566c")
    picture.paint(*curve(((150, 64), (168, 70), (172, 88)), 5), fill="ffffff", alpha=0.7)
    return picture


def ignatius_foliot() -> Picture:
    """A dragon with porthole spectacles behind a book."""
    picture = _scene("4a2c2a", "a8683c", disc="d9a25c", at=(128, 110), radius=92)
    for side in (-1, 1):
        picture.paint(*curve(((128 + side * 34, 66), (128 + side * 66, 52), (128 + side * 62, 14)),
                             22, 5), fill="f0dfb4")  # fmt: skip
        picture.paint(polygon((128 + side * 58, 92), (128 + side * 106, 74), (128 + side * 92, 104),
                              (128 + side * 102, 126), (128 + side * 60, 128), round_by=3),
                      fill="557a42")  # fmt: skip
    picture.paint(box(66, 54, 190, 170, 52), fill="7fa75a", to="5f8a47")
    for y, width in ((48, 9), (62, 11), (78, 9)):
        picture.paint(polygon((128 - width, y + 12), (128, y - 8), (128 + width, y + 12),
                              round_by=2), fill="f0c65e")  # fmt: skip
    picture.paint(ellipse(128, 166, 60, 38), fill="94bb6c", to="79a356")
    for x in (104, 152):
        picture.paint(ellipse(x, 154, 6, 4.5), fill="3d5a30")
    picture.paint(*curve(((92, 178), (128, 196), (164, 178)), 4.5), fill="3d5a30")
    picture.paint(stroke((118, 112), (138, 112), 6), fill="c9952f")
    for x in (95, 161):
        picture.paint(circle(x, 112, 30), fill="e8b84b", to="b98224")
        picture.paint(circle(x, 112, 23), fill="eef6f2")
        _eye(picture, x + (3 if x < 128 else -3), 116, 11)
        picture.paint(stroke((x - 14, 104), (x - 4, 95), 4), fill="ffffff")
        for dx, dy in ((0, -26.5), (0, 26.5), (-26.5, 0), (26.5, 0)):
            picture.paint(circle(x + dx, 112 + dy, 2.2), fill="7d5617")
    for left, right in ((40, 128), (128, 216)):
        fold, edge = (128, left) if left < 128 else (128, right)
        picture.paint(polygon((fold, 214), (edge, 200), (edge, 250), (fold, 262), round_by=5),
                      fill="a23c34")  # fmt: skip
        page = 1 if edge > fold else -1
        picture.paint(polygon((fold, 210), (edge - page * 4, 196), (edge - page * 4, 240),
                              (fold, 254), round_by=3), fill="fff6e0")  # fmt: skip
        for y in (214, 224, 234):
            picture.paint(stroke((fold + page * 14, y), (edge - page * 16, y - 10), 3),
                          fill="c9b48a")  # fmt: skip
    return picture


def ambrose_tuttle() -> Picture:
    """A ghost with a bow tie and a carnation."""
    picture = _scene("2c1838", "6a3a63", disc="8c5580", at=(128, 118), radius=96)
    for x, y in ((38, 96), (216, 88), (60, 40), (198, 36), (30, 160), (226, 156)):
        picture.paint(circle(x, y, 8), fill="ffdf8e", alpha=0.35, blur=12)
        picture.paint(circle(x, y, 2.6), fill="fff1c4")
    picture.paint(circle(128, 120, 80), fill="dfe6ff", alpha=0.35, blur=40)
    body = box(66, 44, 190, 300, 60)
    picture.paint(body, fill="f7f8ff", to="b9bfe6", alpha=0.95)
    for x in (66, 97, 128, 159, 190):
        picture.paint(within(circle(x, 262, 17), box(60, 226, 196, 262)), fill="54305a")
    picture.shade(box(156, 40, 200, 250), on=body, fill="8c90c4", alpha=0.3, blur=18)
    for x in (104, 152):
        _eye(picture, x, 106, 10.5)
        picture.paint(ellipse(x + (-12 if x < 128 else 12), 128, 9, 6), fill="f3b6c4", alpha=0.7)
        picture.paint(stroke((x - 9, 84), (x + 9, 82 if x < 128 else 86), 4), fill="8a8fb5")
    for side in (-1, 1):
        picture.paint(*curve(((128, 134), (128 + side * 14, 130), (128 + side * 27, 139)), 8, 3),
                      fill="6d7199")  # fmt: skip
    picture.paint(*curve(((118, 149), (128, 156), (138, 149)), 4), fill="6d7199")
    for side in (-1, 1):
        picture.paint(polygon((128, 186), (128 + side * 34, 168), (128 + side * 34, 204),
                              round_by=4), fill="a3243f")  # fmt: skip
    picture.paint(box(120, 177, 136, 195, 5), fill="7c1a30")
    for dx, dy in ((-6, 0), (6, 0), (0, -6), (0, 6)):
        picture.paint(circle(166 + dx, 222 + dy, 6), fill="ff8fa3")
    picture.paint(circle(166, 222, 4), fill="d94f6b")
    picture.paint(stroke((166, 230), (162, 246), 3), fill="5f9e6a")
    return picture


def dov_kettlewick() -> Picture:
    """A big bearded man with a small brass teapot."""
    picture = _scene("3b5a63", "d49a5c", disc="f0c27d", at=(128, 110), radius=94)
    picture.paint(polygon((32, 262), (58, 196), (198, 196), (224, 262), round_by=12), fill="8d4b35")
    picture.paint(circle(70, 108, 15), circle(186, 108, 15), fill="d99a78")
    picture.paint(box(72, 44, 184, 170, 54), fill="f0b48f", to="e2a07c")
    picture.paint(ellipse(128, 56, 58, 26), circle(78, 74, 17), circle(178, 74, 17), fill="5b3524")
    picture.paint(polygon((70, 116), (92, 130), (128, 122), (164, 130), (186, 116), (176, 196),
                          (128, 222), (80, 196), round_by=8),
                  fill="7a4a2e", to="5b3524")  # fmt: skip
    for x in (94, 162):
        picture.paint(ellipse(x, 121, 12, 8), fill="ee8d7c", alpha=0.75)
    for x in (104, 152):
        _eye(picture, x, 102, 8)
        inner = 10 if x < 128 else -10
        picture.paint(stroke((x - inner, 88), (x + inner, 84), 7), fill="5b3524")
    picture.paint(ellipse(128, 116, 13, 11), fill="e08c72")
    for side in (-1, 1):
        picture.paint(*curve(((128, 134), (128 + side * 20, 126), (128 + side * 38, 142)), 16, 6),
                      fill="8d5938")  # fmt: skip
    picture.paint(*curve(((118, 150), (128, 157), (138, 150)), 5), fill="3c2116")
    picture.paint(*curve(((92, 216), (66, 214), (60, 190)), 13, 7), fill="c28a25")
    picture.paint(ring(170, 214, 19, 17, 9), fill="c28a25")
    picture.paint(ellipse(128, 216, 45, 34), fill="f2c654", to="c28a25")
    picture.paint(ellipse(128, 188, 29, 9), fill="d9a334")
    picture.paint(circle(128, 176, 7), fill="c28a25")
    picture.paint(stroke((138, 182), (142, 188), 2.5), stroke((142, 188), (139, 194), 2.5),
                  fill="6d470e")  # fmt: skip
    for x in (114, 142):
        picture.paint(circle(x, 212, 4.2), fill=INK)
    picture.paint(*curve(((118, 224), (128, 218), (138, 224)), 3.5), fill=INK)
    picture.paint(stroke((98, 204), (104, 196), 5), fill="fff3c4")
    for x, y in ((52, 174), (48, 156)):
        picture.paint(circle(x, y, 8), fill="ffffff", alpha=0.6, blur=8)
    return picture


def professor_brine() -> Picture:
    """An octopus with a monocle, deep down."""
    picture = _scene("0f3b5c", "1b7a86", disc="2b9aa0", at=(128, 104), radius=92)
    for x, y, r in ((46, 72, 8), (62, 46, 5), (210, 66, 7), (200, 40, 4), (222, 110, 5)):
        picture.paint(ring(x, y, r, r, 2.4), fill="bff0ea")
    arms = (
        ((100, 166), (40, 176), (34, 214)), ((156, 166), (216, 176), (222, 214)),
        ((104, 172), (70, 216), (40, 250)), ((152, 172), (186, 216), (216, 250)),
        ((112, 176), (100, 226), (84, 262)), ((144, 176), (156, 226), (172, 262)),
    )  # fmt: skip
    for number, arm in enumerate(arms):
        shade = "8f5fb3" if number in {0, 1, 4, 5} else "a573c7"
        picture.paint(*curve(arm, 34, 15, steps=10), fill=shade)
    for x, curl in ((34, -1), (222, 1)):
        picture.paint(*curve(((x, 214), (x - curl * 4, 236), (x - curl * 20, 228)), 15, 8),
                      fill="8f5fb3")  # fmt: skip
    for x, y in ((58, 190), (44, 202), (198, 190), (212, 202), (76, 220), (62, 234), (180, 220),
                 (194, 234), (102, 226), (154, 226)):  # fmt: skip
        picture.paint(circle(x, y, 4.2), fill="e3c4f0")
    picture.paint(box(62, 30, 194, 190, 66), fill="c794e0", to="a573c7")
    picture.paint(ellipse(94, 62, 14, 9), fill="e3c4f0", alpha=0.8)
    picture.paint(circle(156, 52, 5), circle(170, 66, 3.6), circle(146, 64, 3), fill="a573c7")
    for x in (100, 156):
        picture.paint(circle(x, 118, 21), fill=CREAM)
        _eye(picture, x, 121, 11)
    picture.paint(ring(156, 118, 27, 27, 6), fill="f2c654")
    picture.paint(*curve(((180, 132), (198, 158), (180, 186)), 3), fill="f2c654")
    picture.paint(stroke((88, 90), (110, 86), 5), stroke((146, 82), (170, 84), 5), fill="6d4291")
    picture.paint(*curve(((112, 154), (130, 170), (148, 152)), 5), fill="5b3480")
    return picture


def clover() -> Picture:
    """A round rusty robot with a sparrow on its head and a flower."""
    picture = _scene("8fd0c4", "e8eaa0", disc="f7f3c4", at=(128, 116), radius=92)
    for x, height in ((20, 30), (44, 44), (76, 26), (180, 26), (208, 46), (236, 32)):
        picture.paint(stroke((x, 262), (x + 4, 236 - height / 2), 10, 3), fill="6fae4e")
    picture.paint(ellipse(128, 262, 150, 34), fill="79b957", to="559640")
    picture.paint(*curve(((72, 172), (44, 176), (44, 150)), 13), fill="8a4a2a")
    picture.paint(*curve(((184, 172), (216, 180), (212, 206)), 13), fill="8a4a2a")
    picture.paint(stroke((44, 152), (40, 108), 5), fill="559640")
    for dx, dy in ((0, -13), (12, -4), (8, 10), (-8, 10), (-12, -4)):
        picture.paint(circle(40 + dx, 98 + dy, 8.5), fill="ffffff")
    picture.paint(circle(40, 98, 8), fill="f5b93a")
    picture.paint(box(84, 212, 112, 246, 9), box(144, 212, 172, 246, 9), fill="5e3520")
    body = circle(128, 158, 68)
    picture.paint(body, fill="e58a4b", to="b85c2b")
    picture.shade(circle(106, 134, 52), on=body, fill="f8bd88", alpha=0.5, blur=40)
    picture.paint(within(box(56, 190, 200, 197), body), fill="8a4a2a")
    for x in (84, 106, 128, 150, 172):
        picture.paint(circle(x, 206, 3), fill="8a4a2a")
    picture.paint(circle(128, 146, 37), fill="7a4326")
    picture.paint(circle(128, 146, 30), fill="dff5ee", to="9fdccb")
    _eye(picture, 128, 148, 16)
    picture.paint(box(100, 82, 156, 96, 6), fill="8a4a2a")
    picture.paint(polygon((150, 76), (180, 58), (178, 68), round_by=2), fill="6f4e37")
    picture.paint(ellipse(132, 68, 29, 20), fill="9a7352", to="7d5a3e")
    picture.paint(ellipse(124, 75, 18, 12), fill="f0ddc0")
    picture.paint(circle(108, 52, 16), fill="8a6243")
    picture.paint(ellipse(104, 58, 9, 7), fill="f0ddc0")
    picture.paint(polygon((93, 50), (80, 55), (93, 58), round_by=1), fill="f2a93b")
    _eye(picture, 104, 49, 4)
    picture.paint(*curve(((132, 60), (148, 62), (154, 74)), 6, 3), fill="5f4330")
    return picture


def marshal_ida_crane() -> Picture:
    """A tortoise that carries a town, at sundown."""
    picture = _scene("b8433c", "f6b45e", disc="fbd98a", at=(128, 104), radius=84)
    picture.paint(polygon((-10, 190), (40, 150), (92, 152), (120, 196)), fill="d8743f")
    picture.paint(polygon((150, 196), (190, 156), (230, 150), (270, 190)), fill="d8743f")
    picture.paint(box(-4, 188, 260, 260), fill="e3a35c", to="b56a34")
    for x in (78, 112, 164):
        picture.paint(polygon((x - 14, 178), (x + 14, 178), (x + 12, 224), (x - 16, 224),
                              round_by=4), fill="6f7a44")  # fmt: skip
        picture.paint(stroke((x - 16, 225), (x + 12, 225), 5), fill="4f5833")
    picture.paint(*curve(((172, 176), (200, 186), (206, 152)), 30, 26), fill="869154")
    picture.paint(ellipse(210, 142, 25, 20), fill="929d5e", to="7d884c")
    _eye(picture, 217, 139, 5.5)
    picture.paint(*curve(((218, 152), (226, 154), (231, 148)), 3), fill="4f5833")
    picture.paint(polygon((52, 178), (40, 190), (60, 186), round_by=2), fill="869154")
    shell = within(ellipse(120, 180, 76, 70), box(0, 60, 256, 184))
    picture.paint(shell, fill="9a6a3c", to="6f4526")
    for patch in (
        polygon((92, 134), (120, 126), (148, 134), (142, 160), (98, 160), round_by=3),
        polygon((60, 160), (80, 142), (86, 168), (56, 176), round_by=3),
        polygon((180, 160), (160, 142), (154, 168), (184, 176), round_by=3),
    ):
        picture.paint(patch, fill="b98450")
    picture.paint(box(46, 176, 194, 190, 7), fill="5a371f")
    _houses(picture)
    picture.paint(stroke((108, 62), (108, 40), 3), fill=INK)
    picture.paint(polygon((109, 38), (128, 43), (109, 50)), fill="f2c654")
    return picture


def _houses(picture: Picture) -> None:
    for left, top, right, roof, wall in (
        (62, 98, 90, "8c3b2e", "f3dcb0"), (92, 80, 124, "5d4a68", "fff0cf"),
        (126, 92, 150, "8c3b2e", "f3dcb0"), (152, 104, 174, "4e6b62", "fff0cf"),
    ):  # fmt: skip
        middle = (left + right) / 2
        picture.paint(box(left, top, right, 132 if 90 < middle < 152 else 142), fill=wall)
        picture.paint(polygon((left - 3, top), (middle, top - 18), (right + 3, top), round_by=1),
                      fill=roof)  # fmt: skip
        picture.paint(box(middle - 4, top + 9, middle + 4, top + 19, 1), fill="f5a93b")


AVATARS: dict[str, Callable[[], Picture]] = {
    draw.__name__.replace("_", "-"): draw
    for draw in (
        hesper_quill, tamsin_sedge, hollis, dame_perpetua, ignatius_foliot, ambrose_tuttle,
        dov_kettlewick, professor_brine, clover, marshal_ida_crane,
    )
}  # fmt: skip


def main(names: list[str]) -> int:
    """Draw the named avatars, or all."""
    unknown = [name for name in names if name not in AVATARS]
    if unknown:
        print(f"No such avatar: {', '.join(unknown)}. There are {', '.join(AVATARS)}.")
        return 2
    for name in names or AVATARS:
        path = FOLDER / f"{name}.png"
        path.write_bytes(AVATARS[name]().png())
        print(f"{path.name}  {path.stat().st_size / 1024:.1f} kB")
    return 0


def _scene(top: str, bottom: str, *, disc: str, at: tuple[float, float], radius: float) -> Picture:
    picture = Picture(top, bottom)
    picture.paint(circle(*at, radius), fill=disc, alpha=0.75)
    return picture


def _eye(picture: Picture, x: float, y: float, radius: float) -> None:
    picture.paint(circle(x, y, radius), fill=INK)
    picture.paint(circle(x + radius * 0.34, y - radius * 0.36, radius * 0.3), fill="ffffff")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
