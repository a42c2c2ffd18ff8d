"""Draw a stranger's picture anew: reads it from standard input, writes two PNG files.

Run as a file, not imported: `python redraw_picture.py`. It stands in a process of
its own because a decoder of pictures is the one part of us that a hostile file
could blow up: memory and time end here, not in the bot. Nothing of the upload
but its pixels comes out: no text, no profile, nothing behind its end.

Out come the whole picture and the face, each behind its length in four bytes.
"""

import io
import sys
import warnings

from PIL import Image, ImageOps

MOST_MEMORY = 512 * 1024 * 1024
MOST_CPU_S = 5
MOST_SIDE = 4096
MOST_PIXELS = 16_000_000
KINDS = ("PNG", "WEBP", "JPEG", "GIF")
SIDES = (768, 512, 384, 256)
MOST_PICTURE = 768 * 1024
FACE_SIDES = (256, 192, 128)
MOST_FACE = 160 * 1024
FACE_FROM_TOP = 0.1
"""Of what is cut off a tall picture: faces are near its top."""
NOT_USABLE, TOO_LARGE = 3, 4


def main() -> int:
    """Return the exit code."""
    _limit()
    warnings.simplefilter("error")  # what Pillow only warns of, it decodes
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    data = sys.stdin.buffer.read()
    try:
        with Image.open(io.BytesIO(data), formats=KINDS) as found:
            if max(found.size) > MOST_SIDE or found.width * found.height > MOST_PIXELS:
                return TOO_LARGE
            found.draft("RGB", (SIDES[0], SIDES[0]))
            found.load()
            upright = ImageOps.exif_transpose(found).convert("RGBA")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return TOO_LARGE
    except (OSError, ValueError, SyntaxError, EOFError, Warning, MemoryError):
        return NOT_USABLE
    for drawn in (
        _fitting(upright, SIDES, MOST_PICTURE),
        _fitting(_square(upright), FACE_SIDES, MOST_FACE),
    ):
        sys.stdout.buffer.write(len(drawn).to_bytes(4, "big") + drawn)
    return 0


def _limit() -> None:
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  # not on Windows

    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S))
    if sys.platform == "linux":  # elsewhere it counts what is only reserved
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def _square(picture: Image.Image) -> Image.Image:
    side = min(picture.size)
    left, top = (picture.width - side) // 2, round((picture.height - side) * FACE_FROM_TOP)
    return picture.crop((left, top, left + side, top + side))


def _fitting(picture: Image.Image, sides: tuple[int, ...], most_bytes: int) -> bytes:
    """Draw it as large as *most_bytes* allow; the last size in fewer colours, which always fits."""
    smaller = picture
    for side in sides:
        smaller = picture.copy()
        smaller.thumbnail((side, side))
        drawn = _png(smaller)
        if len(drawn) <= most_bytes:
            return drawn
    return _png(smaller.quantize(128))


def _png(picture: Image.Image) -> bytes:
    if picture.mode == "RGBA" and picture.getchannel("A").getextrema() == (255, 255):
        picture = picture.convert("RGB")
    into = io.BytesIO()
    picture.save(into, "PNG", optimize=True)
    return into.getvalue()


if __name__ == "__main__":
    sys.exit(main())
