"""A small painter: flat shapes with smooth edges, written as PNG.

A shape is a box and a function that tells how far a point lies outside it
(negative: inside); coverage is that distance clamped to one pixel. Only
arithmetic that every machine rounds alike is used (no `hypot`, no `sin`), so
that the same picture comes out everywhere.
"""

import struct
import zlib
from collections.abc import Callable
from itertools import pairwise
from math import sqrt
from typing import NamedTuple

SIZE = 256

Point = tuple[float, float]
Colour = tuple[float, float, float]
Distance = Callable[[float, float], float]


class Shape(NamedTuple):
    """`box` is left, top, right, bottom; nothing is painted outside it."""

    box: tuple[float, float, float, float]
    distance: Distance


def circle(x: float, y: float, radius: float) -> Shape:
    """Return a disc."""
    return ellipse(x, y, radius, radius)


def ellipse(x: float, y: float, rx: float, ry: float) -> Shape:
    """Return an ellipse with level axes."""

    def distance(px: float, py: float) -> float:
        dx, dy = (px - x) / rx, (py - y) / ry
        length = sqrt(dx * dx + dy * dy)
        gx, gy = dx / rx, dy / ry
        slope = sqrt(gx * gx + gy * gy)
        return length * (length - 1) / slope if slope else -min(rx, ry)

    return Shape((x - rx, y - ry, x + rx, y + ry), distance)


def box(left: float, top: float, right: float, bottom: float, radius: float = 0) -> Shape:
    """Return a rectangle with round corners."""
    cx, cy = (left + right) / 2, (top + bottom) / 2
    hx, hy = (right - left) / 2 - radius, (bottom - top) / 2 - radius

    def distance(px: float, py: float) -> float:
        dx, dy = abs(px - cx) - hx, abs(py - cy) - hy
        ox, oy = max(dx, 0.0), max(dy, 0.0)
        return sqrt(ox * ox + oy * oy) + min(max(dx, dy), 0.0) - radius

    return Shape((left, top, right, bottom), distance)


def polygon(*corners: Point, round_by: float = 0) -> Shape:
    """Return the area between *corners*, grown by a round edge."""
    edges = list(zip(corners, (*corners[1:], corners[0]), strict=True))

    def distance(px: float, py: float) -> float:
        nearest, inside = 1e9, False
        for (ax, ay), (bx, by) in edges:
            ex, ey, wx, wy = bx - ax, by - ay, px - ax, py - ay
            along = min(1.0, max(0.0, (wx * ex + wy * ey) / (ex * ex + ey * ey)))
            dx, dy = wx - ex * along, wy - ey * along
            nearest = min(nearest, dx * dx + dy * dy)
            if (ay > py) != (by > py) and wx < ex * wy / ey:
                inside = not inside
        return (-sqrt(nearest) if inside else sqrt(nearest)) - round_by

    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return _grown((min(xs), min(ys), max(xs), max(ys)), round_by, distance)


def stroke(start: Point, end: Point, width: float, end_width: float | None = None) -> Shape:
    """Return a line with round ends that may grow thinner on its way."""
    (ax, ay), (bx, by) = start, end
    first, last = width / 2, (width if end_width is None else end_width) / 2
    ex, ey = bx - ax, by - ay
    square = ex * ex + ey * ey or 1.0

    def distance(px: float, py: float) -> float:
        wx, wy = px - ax, py - ay
        along = min(1.0, max(0.0, (wx * ex + wy * ey) / square))
        dx, dy = wx - ex * along, wy - ey * along
        return sqrt(dx * dx + dy * dy) - (first + (last - first) * along)

    around = (min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))
    return _grown(around, max(first, last), distance)


def curve(
    points: tuple[Point, Point, Point], width: float, end_width: float | None = None, steps: int = 8
) -> list[Shape]:
    """Return a bow from the first point to the last, drawn towards the middle one."""
    last = width if end_width is None else end_width
    (ax, ay), (bx, by), (cx, cy) = points
    path = []
    for step in range(steps + 1):
        t = step / steps
        a, b, c = (1 - t) * (1 - t), 2 * t * (1 - t), t * t
        place = (a * ax + b * bx + c * cx, a * ay + b * by + c * cy)
        path.append((place, width + (last - width) * t))
    return [stroke(here, there, thick, thin) for (here, thick), (there, thin) in pairwise(path)]


def ring(x: float, y: float, rx: float, ry: float, width: float) -> Shape:
    """Return the line of an ellipse."""
    inner = ellipse(x, y, rx, ry).distance
    half = width / 2
    return Shape(
        (x - rx - half, y - ry - half, x + rx + half, y + ry + half),
        lambda px, py: abs(inner(px, py)) - half,
    )


def within(shape: Shape, *limits: Shape) -> Shape:
    """Return the part of *shape* that lies in all of *limits*."""
    return Shape(
        shape.box,
        lambda px, py: max(shape.distance(px, py), *(limit.distance(px, py) for limit in limits)),
    )


class Picture:
    """A square of pixels; every paint goes over what is there."""

    def __init__(self, top: str, bottom: str) -> None:
        self._rows = [[_mix(_rgb(top), _rgb(bottom), y / (SIZE - 1))] * SIZE for y in range(SIZE)]

    def paint(
        self, *shapes: Shape, fill: str, to: str | None = None, alpha: float = 1, blur: float = 1
    ) -> None:
        """Fill shapes with a colour, or one that runs from top to bottom into *to*."""
        for shape in shapes:
            self._paint(shape, (_rgb(fill), _rgb(to or fill)), alpha, blur)

    def shade(self, shape: Shape, *, on: Shape, fill: str, alpha: float, blur: float = 1) -> None:
        """Fill the part of *shape* that lies on another: its edge stays sharp."""
        self._paint(shape, (_rgb(fill), _rgb(fill)), alpha, blur, on.distance)

    def _paint(
        self,
        shape: Shape,
        colours: tuple[Colour, Colour],
        alpha: float,
        blur: float,
        limit: Distance | None = None,
    ) -> None:
        first, last = colours
        left, top, right, bottom = shape.box
        height = max(bottom - top, 1.0)
        columns = range(max(0, int(left - blur)), min(SIZE, int(right + blur) + 2))
        for y in range(max(0, int(top - blur)), min(SIZE, int(bottom + blur) + 2)):
            colour = _mix(first, last, min(1.0, max(0.0, (y - top) / height)))
            row = self._rows[y]
            for x in columns:
                cover = 0.5 - shape.distance(x + 0.5, y + 0.5) / blur
                if limit and cover > 0:
                    cover = min(cover, 0.5 - limit(x + 0.5, y + 0.5))
                if cover >= 1 and alpha == 1:
                    row[x] = colour
                elif cover > 0:
                    row[x] = _mix(row[x], colour, min(cover, 1.0) * alpha)

    def pixels(self) -> bytes:
        """Return three bytes a pixel, row by row from the top."""
        return b"".join(
            bytes(int(part + 0.5) for pixel in row for part in pixel) for row in self._rows
        )

    def png(self) -> bytes:
        """Return the picture as a file."""
        pixels, width = self.pixels(), SIZE * 3
        rows, above = [], bytes(width)
        for start in range(0, len(pixels), width):
            row = pixels[start : start + width]
            rows.append(min(_filtered(row, above), key=_cost))
            above = row
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            (
                _chunk(b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)),
                _chunk(b"IDAT", zlib.compress(b"".join(rows), 9)),
                _chunk(b"IEND", b""),
            )
        )


def _filtered(row: bytes, above: bytes) -> tuple[bytes, bytes]:
    """Return the row as PNG stores it: as differences to the left, or to the row above."""
    left = b"\0\0\0" + row[:-3]
    return (
        b"\1" + bytes((a - b) & 255 for a, b in zip(row, left, strict=True)),
        b"\2" + bytes((a - b) & 255 for a, b in zip(row, above, strict=True)),
    )


def _cost(row: bytes) -> int:
    return sum(min(byte, 256 - byte) for byte in row)


def _chunk(kind: bytes, data: bytes) -> bytes:
    checked = kind + data
    return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))


def _grown(around: tuple[float, float, float, float], by: float, distance: Distance) -> Shape:
    left, top, right, bottom = around
    return Shape((left - by, top - by, right + by, bottom + by), distance)


def _rgb(colour: str) -> Colour:
    red, green, blue = bytes.fromhex(colour)
    return (float(red), float(green), float(blue))


def _mix(first: Colour, last: Colour, share: float) -> Colour:
    keep = 1 - share
    return (
        first[0] * keep + last[0] * share,
        first[1] * keep + last[1] * share,
        first[2] * keep + last[2] * share,
    )
