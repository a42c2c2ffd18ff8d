"""Character cards of every front end: read, judged, and written again.

    bytes ── containers (png, exif, archive, payload) ── a document
          ── shapes, books ── the data of a V2 card ── cards, lore ── Card ── writing ── bytes

A file is refused only if there is no card in it, or none that may be played.
What is wrong with its shape is mended, and every repair is told.
"""
