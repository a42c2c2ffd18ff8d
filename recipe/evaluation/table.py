"""An evaluation as Markdown, for people and for the docs."""

from collections.abc import Iterator

from recipe.evaluation.figures import Evaluation, Figures

_COLUMNS = (
    *("length", "replies", "words (p20, p50, p80)", "format kept", "player spoken for"),
    *("player narrated", "markers leaked", "strayed", "cut", "repeated", "distinct-2"),
)
_SAMPLE_WORDS = 120


def to_markdown(evaluation: Evaluation) -> str:
    """Return the table, what it comes to, and one reply of each length."""
    return "\n".join(_lines(evaluation)) + "\n"


def summary(evaluation: Evaluation) -> str:
    """Say in a few sentences what the table comes to."""
    total = evaluation.total
    rising = len(evaluation.rising)
    return (
        f"Format kept in {total.kept} of {total.replies} replies; players impersonated in "
        f"{total.impersonated}, before any guard; markers leaked in {total.leaked}; "
        f"{total.cut} cut by the token cap. The median of words rises at {rising} of "
        f"{evaluation.steps} steps: {_medians(evaluation)}."
    )


def _lines(evaluation: Evaluation) -> Iterator[str]:
    yield f"# {evaluation.title}\n"
    yield f"Model: {evaluation.model}. Profile: {evaluation.profile}.\n"
    yield f"| {' | '.join(_COLUMNS)} |"
    yield f"| --- |{' --: |' * (len(_COLUMNS) - 1)}"
    for name, figures in evaluation.lengths.items():
        yield _row(name, figures)
    yield _row("**all**", evaluation.total)
    yield f"\n{summary(evaluation)}\n"
    yield "## One reply of each length\n"
    yield from _samples(evaluation)


def _row(name: str, figures: Figures) -> str:
    cells = (
        name,
        figures.replies,
        " ".join(map(str, figures.words)),
        figures.kept,
        figures.spoke,
        figures.narrated,
        figures.leaked,
        figures.strayed,
        figures.cut,
        f"{figures.repeated:.1%}",
        f"{figures.distinct:.2f}",
    )
    return f"| {' | '.join(map(str, cells))} |"


def _medians(evaluation: Evaluation) -> str:
    return ", ".join(f"{name} {each.median}" for name, each in evaluation.lengths.items())


def _samples(evaluation: Evaluation) -> Iterator[str]:
    """The first scene's first reply of each length: not chosen by anybody."""
    for length in evaluation.lengths:
        first = next(each for each in evaluation.scored if each.length == length)
        words = first.reply.text.split(" ")
        text = " ".join(words[:_SAMPLE_WORDS]) + (" […]" if len(words) > _SAMPLE_WORDS else "")
        quoted = "\n".join(f"> {line}".rstrip() for line in (text or "(nothing)").split("\n"))
        yield f"**{length}** ({first.scene}, {first.reply.words} words)\n\n{quoted}\n"
