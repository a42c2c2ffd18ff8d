"""An evaluation as a picture: how many words the replies of each length have."""

import math
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from bot.core.lengths import Length
from bot.core.profiles import ModelProfile
from recipe.evaluation.figures import Evaluation

WIDTH: Final = 1200
HEIGHT: Final = 640
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 30, 70, 70
_TICKS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
_PAPER, _INK, _FAINT = "#ffffff", "#22262e", "#d9dce3"
_EXPECTED, _SPREAD, _DOT, _MEDIAN = "#eef1f6", "#b9cbe8", "#5b83c0", "#c2452d"
_FONT_SIZE, _TITLE_SIZE = 16, 20

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def to_png(evaluation: Evaluation, profile: ModelProfile) -> bytes:
    """Draw a column for each length: what is usual, most replies, each reply, the median."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    _Plot(ImageDraw.Draw(picture), evaluation, profile).draw()
    data = BytesIO()
    picture.save(data, "PNG", optimize=True)
    return data.getvalue()


class _Plot:
    """Words stand on a logarithmic axis: from micro to unlimited they grow a hundredfold."""

    def __init__(
        self, draw: ImageDraw.ImageDraw, evaluation: Evaluation, profile: ModelProfile
    ) -> None:
        self._draw = draw
        self._evaluation = evaluation
        self._expected = {step.name: step.words for step in profile.lengths.steps}
        self._font: Font = ImageFont.load_default(_FONT_SIZE)
        self._title: Font = ImageFont.load_default(_TITLE_SIZE)
        most = max(
            *(each.reply.words for each in evaluation.scored),
            *(self._expected[name][1] for name in evaluation.lengths),
        )
        self._most = next((tick for tick in _TICKS if tick >= most), most)
        self._column = (WIDTH - _LEFT - _RIGHT) / len(evaluation.lengths)

    def draw(self) -> None:
        self._axis()
        for at, name in enumerate(self._evaluation.lengths):
            self._length(name, _LEFT + self._column * (at + 0.5))
        title = f"{self._evaluation.title}: words of a reply, by the length asked for"
        self._draw.text((_LEFT, 16), title, _INK, self._title)
        legend = "pale: usual   blue: p20 to p80   dots: replies   red: median"
        self._draw.text((_LEFT, 44), legend, _INK, self._font)

    def _axis(self) -> None:
        for tick in _TICKS:
            if tick <= self._most:
                y = self._y(tick)
                self._draw.line((_LEFT, y, WIDTH - _RIGHT, y), _FAINT)
                self._draw.text((_LEFT - 12, y), str(tick), _INK, self._font, anchor="rm")

    def _length(self, name: Length, x: float) -> None:
        figures = self._evaluation.lengths[name]
        low, middle, high = figures.words
        wide, narrow = self._column * 0.4, self._column * 0.22
        from_words, to_words = self._expected[name]
        self._bar(x, wide, from_words, to_words, _EXPECTED)
        self._bar(x, narrow, low, high, _SPREAD)
        replies = [each for each in self._evaluation.scored if each.length == name]
        for at, each in enumerate(replies):
            shift = narrow * (2 * (at + 0.5) / len(replies) - 1)
            self._dot(x + shift, self._y(each.reply.words))
        y = self._y(middle)
        self._draw.line((x - wide, y, x + wide, y), _MEDIAN, 3)
        self._draw.text((x, HEIGHT - _BOTTOM + 14), name, _INK, self._font, anchor="mt")
        self._draw.text((x, HEIGHT - _BOTTOM + 36), str(middle), _MEDIAN, self._font, anchor="mt")

    def _bar(self, x: float, half: float, low: int, high: int, colour: str) -> None:
        self._draw.rectangle((x - half, self._y(high), x + half, self._y(low) + 1), colour)

    def _dot(self, x: float, y: float) -> None:
        self._draw.ellipse((x - 3, y - 3, x + 3, y + 3), _DOT)

    def _y(self, words: int) -> float:
        share = math.log(max(1, words)) / math.log(max(2, self._most))
        return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)
