"""The model server: Text Generation Inference over HTTP.

`sse` cuts the bytes, `wire` gives them meaning with the public types of the
`text-generation` package, `reading` says when they are read, `generator` is
the port. That package's own client is not used: it opens a connection per
call, and its time limit cuts streams.
"""

from bot.adapters.tgi.generator import Deadlines, TgiGenerator, open_tgi

__all__ = ("Deadlines", "TgiGenerator", "open_tgi")
