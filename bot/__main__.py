"""`python -m bot`: arguments, logging and exit codes; nothing else."""

import argparse
import asyncio
import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot import __version__
from bot.core.errors import StartupError, first_of

if TYPE_CHECKING:
    from bot.settings import Settings

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # its only name

EXIT_INTERRUPTED = 130
EXIT_PIPE_CLOSED = 141
USUAL_REPLIES, MOST_REPLIES = 5, 1000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of servers are in all the world's letters
        sys.stdout.reconfigure(errors="backslashreplace")
    options = command_line().parse_args(arguments)
    try:
        code: int = options.run(options)
    except StartupError as error:
        with suppress(OSError):  # a full disk or a gone reader: the exit code says it still
            print(error, file=sys.stderr)  # noqa: T201
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # whoever read what we print has seen enough
        _print_no_more()
        return EXIT_PIPE_CLOSED
    return code


def command_line() -> argparse.ArgumentParser:
    """What may stand behind `python -m bot`."""
    parser = argparse.ArgumentParser(
        prog="zephrp", description="A Discord bot that plays characters."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    play = commands.add_parser("play", help="try everything locally, in your browser")
    play.add_argument("--port", type=int, help="of the page; 0 finds a free one")
    play.add_argument("--no-browser", action="store_true", help="do not open the browser")
    play.add_argument("--data", type=Path, default=Path(".play"), help="where the story is kept")
    play.set_defaults(run=_play)

    run = commands.add_parser("run", help="the bot, on Discord")
    run.add_argument(
        "--stand-in", action="store_true", help="answer with the small stand-in model on this CPU"
    )
    run.add_argument("--parent-watch", action="store_true", help=argparse.SUPPRESS)
    run.set_defaults(run=_run)

    tgi = commands.add_parser("tgi", help="a model server for the CPU, speaking TGI's protocol")
    # Imported here, as below: `run` must not pay for what only others need.
    from bot.tgi_server import command  # noqa: PLC0415

    command.add_arguments(tgi)
    tgi.add_argument("--parent-watch", action="store_true", help=argparse.SUPPRESS)
    tgi.set_defaults(run=_tgi)

    _add_tools(commands)
    return parser


def _add_tools(commands: "Commands") -> None:
    """What hosts use at a terminal."""
    prompt = commands.add_parser("prompt", help="the exact prompt for a scene file")
    prompt.add_argument("scene", metavar="SCENE.json", help="the scene; - reads standard input")
    prompt.add_argument("--json", action="store_true", help="with tokens, parameters and cuts")
    prompt.set_defaults(run=_prompt)

    chat = commands.add_parser("chat", help="chat files of SillyTavern and other front ends")
    show = chat.add_subparsers(required=True, metavar="ACTION").add_parser(
        "show", help="what was said, as it is read"
    )
    show.add_argument("file", metavar="FILE", help="the chat; - reads standard input")
    show.add_argument("--json", action="store_true", help="messages and warnings")
    show.set_defaults(run=_show_chat)

    _add_cards(commands)

    calibrate = commands.add_parser(
        "calibrate", help="measure words per length step on a model server"
    )
    calibrate.add_argument("--url", help="of the server; otherwise the configured one")
    calibrate.add_argument(
        "--replies",
        type=_count,
        default=USUAL_REPLIES,
        help="per step and scene (default: %(default)s)",
    )
    calibrate.add_argument(
        "--steps", type=_names, default=[], help="comma separated; otherwise all"
    )
    calibrate.set_defaults(run=_calibrate)

    doctor = commands.add_parser("doctor", help="look at all that has to be set up")
    doctor.add_argument("--json", action="store_true", help="findings as JSON")
    doctor.set_defaults(run=_doctor)

    _add_incident(commands)

    bench = commands.add_parser("bench", help="measure what the bot's own parts cost here")
    bench.add_argument(
        "--json",
        type=Path,
        default=Path("bench.json"),
        metavar="FILE",
        help="where the figures go (default: %(default)s)",
    )
    bench.add_argument("--only", metavar="NAME", help="measure this alone; a wrong NAME lists all")
    bench.add_argument("--quick", action="store_true", help="fewer rounds and turns")
    bench.set_defaults(run=_bench)


def _add_cards(commands: "Commands") -> None:
    card = commands.add_parser("card", help="character cards of SillyTavern and other front ends")
    actions = card.add_subparsers(required=True, metavar="ACTION")
    show = actions.add_parser("show", help="the character as it is read, and what was mended")
    show.add_argument("file", metavar="FILE", help="the card; - reads standard input")
    show.add_argument("--json", action="store_true", help="fields, warnings, rating and tokens")
    show.set_defaults(run=_show_card)
    export = actions.add_parser("export", help="the same card in another kind of file")
    export.add_argument("file", metavar="FILE", help="the card; - reads standard input")
    export.add_argument("--to", required=True, choices=("png", "json", "charx"), help="its kind")
    export.add_argument("out", metavar="OUT", help="the file to write")
    export.set_defaults(run=_export_card)


def _add_incident(commands: "Commands") -> None:
    incident = commands.add_parser(
        "incident", help="the token got out: what it reaches, what to remove, whom to tell"
    )
    incident.add_argument(
        "--since",
        type=_moment,
        metavar="WHEN",
        help="it was in other hands, like 2026-01-31 or 2026-01-31T18:30 (UTC)",
    )
    acts = incident.add_mutually_exclusive_group()
    acts.add_argument("--dry-run", action="store_true", help="only look (the default)")
    acts.add_argument(
        "--remove-webhooks", action="store_true", help="remove the bot's webhooks, one by one"
    )
    incident.add_argument("--json", action="store_true", help="all of it as JSON")
    incident.set_defaults(run=_incident)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        complaint = f"{text!r} is no time such as 2026-01-31 or 2026-01-31T18:30"
        raise argparse.ArgumentTypeError(complaint) from None


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MOST_REPLIES:
        raise argparse.ArgumentTypeError(f"is to be from 1 to {MOST_REPLIES}")
    return number


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _play(options: argparse.Namespace) -> int:
    from bot.play import PlayOptions, play  # noqa: PLC0415
    from bot.settings import load_settings  # noqa: PLC0415

    chosen = PlayOptions(
        data=options.data,
        characters=load_settings().characters,
        port=options.port,
        open_browser=not options.no_browser,
    )
    return asyncio.run(play(chosen, environment=os.environ, say=_say))  # noqa: TID251  # handed on to the children


def _run(options: argparse.Namespace) -> int:
    from bot.app import run_bot  # noqa: PLC0415
    from bot.log_format import set_up_logging  # noqa: PLC0415
    from bot.processes import watch_parent  # noqa: PLC0415
    from bot.settings import load_settings, secrets_in  # noqa: PLC0415

    settings = load_settings()
    set_up_logging(settings.log_level, style=settings.log_format, secrets=secrets_in(settings))
    if options.parent_watch:
        watch_parent()
    if not options.stand_in:
        return asyncio.run(run_bot(settings))
    return asyncio.run(_run_with_stand_in(settings))


async def _run_with_stand_in(settings: "Settings") -> int:
    from bot.app import run_bot  # noqa: PLC0415
    from bot.play import free_ports, stand_in  # noqa: PLC0415
    from bot.processes import running  # noqa: PLC0415

    [port] = free_ports(1)
    code = 0
    try:
        async with running(stand_in(settings.data, port, os.environ)):  # noqa: TID251  # handed on
            code = await run_bot(settings, model_url=f"http://127.0.0.1:{port}")
    except* StartupError as group:
        raise first_of(group) from None
    return code


def _tgi(options: argparse.Namespace) -> int:
    from bot.processes import watch_parent  # noqa: PLC0415
    from bot.tgi_server import command  # noqa: PLC0415

    if options.parent_watch:
        watch_parent()
    return command.run(options, os.environ)  # noqa: TID251  # handed on, for the cache folder


def _prompt(options: argparse.Namespace) -> int:
    from bot.cli.prompt import prompt  # noqa: PLC0415
    from bot.settings import load_settings  # noqa: PLC0415

    shown = asyncio.run(prompt(options.scene, load_settings(), as_json=options.json))
    _write(shown)
    return 0


def _show_chat(options: argparse.Namespace) -> int:
    from bot.cli.chat import show_chat  # noqa: PLC0415

    _write(show_chat(options.file, as_json=options.json))
    return 0


def _show_card(options: argparse.Namespace) -> int:
    from bot.cli.card import show_card  # noqa: PLC0415
    from bot.settings import load_settings  # noqa: PLC0415

    shown = show_card(options.file, load_settings(), as_json=options.json)
    _write(shown)
    return 0


def _export_card(options: argparse.Namespace) -> int:
    from bot.cli.card import export_card  # noqa: PLC0415

    _say(export_card(options.file, options.to, options.out))
    return 0


def _calibrate(options: argparse.Namespace) -> int:
    from bot.cli.calibrate import Wanted, calibrate  # noqa: PLC0415
    from bot.settings import load_settings  # noqa: PLC0415

    wanted = Wanted(url=options.url, replies=options.replies, steps=options.steps)
    return asyncio.run(calibrate(wanted, load_settings(), _say))


def _doctor(options: argparse.Namespace) -> int:
    from bot.cli.doctor import doctor  # noqa: PLC0415

    return asyncio.run(doctor(_say, as_json=options.json))


def _incident(options: argparse.Namespace) -> int:
    from bot.cli.incident import Wanted, incident  # noqa: PLC0415

    wanted = Wanted(
        since=options.since, removes_webhooks=options.remove_webhooks, as_json=options.json
    )
    return asyncio.run(incident(wanted, _say))


def _bench(options: argparse.Namespace) -> int:
    from bot.bench import command  # noqa: PLC0415

    return command.run(
        command.BenchOptions(json=options.json, only=options.only, quick=options.quick), say=_say
    )


def _say(line: str) -> None:
    with _told_if_it_cannot_be_written():
        print(line, flush=True)  # noqa: T201


def _write(shown: bytes) -> None:
    if sys.stdout is None:
        raise _unprinted("its output is closed")
    with _told_if_it_cannot_be_written():
        sys.stdout.buffer.write(shown)
        sys.stdout.buffer.flush()


@contextmanager
def _told_if_it_cannot_be_written() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        _print_no_more()
        raise _unprinted(error.strerror or "the output is broken") from None


def _unprinted(why: str) -> StartupError:
    return StartupError(f"What this command prints cannot be written: {why}.", exit_code=2)


def _print_no_more() -> None:
    """What still waits to be written would fail once more at the exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
