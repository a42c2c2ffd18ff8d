"""Everything that differs between one deployment and the next.

The only module that reads the environment, and `app` is the only one that
reads it: everybody else is handed plain values.
"""

import difflib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.core.errors import StartupError

PREFIX = "BOT_"
PLAIN_NAMES = {
    "DISCORD_TOKEN": "BOT_DISCORD__TOKEN",
    "REDIS_URL": "BOT_REDIS__URL",
    "TGI_URL": "BOT_TGI__URLS",
}
"""Names without prefix for the three settings that everybody sets."""

EXIT_CONFIG = 78

MOST = 10**9
"""As good as without end; what is larger overflows in a clock or in Redis."""


def _address(text: str, *schemes: str) -> str:
    try:
        parts = urlsplit(text)
        is_one = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if is_one and not any(mark.isspace() for mark in text):
        return text
    shown = " or ".join(f"{scheme}://" for scheme in schemes)
    raise PydanticCustomError(
        "address", "Input should be an address that begins {shown}", {"shown": shown}
    )


def _web_address(text: str) -> str:
    return _address(text, "http", "https")


def _api_address(text: str) -> str:
    if "@" in urlsplit(_web_address(text)).netloc:  # aiohttp sends that, or the token, not both
        raise PydanticCustomError("login", "Input should be an address without a login in it")
    return text


def _socket_address(text: str) -> str:
    return _address(text, "ws", "wss")


def _key(secret: SecretStr) -> SecretStr:
    bare = secret.get_secret_value().strip()
    if any(mark <= " " or mark == "\x7f" for mark in bare):  # no header can hold it
        raise PydanticCustomError("key", "Input should have no blanks or line breaks in it")
    return SecretStr(bare)


Seconds = Annotated[float, Field(gt=0, le=MOST)]
Count = Annotated[int, Field(ge=1, le=MOST)]
Snowflake = Annotated[int, Field(gt=0, lt=2**63)]
ApiAddress = Annotated[str, AfterValidator(_api_address)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
SocketAddress = Annotated[str, AfterValidator(_socket_address)]
Key = Annotated[SecretStr, AfterValidator(_key)]
LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR"],
    BeforeValidator(lambda level: level.strip().upper() if isinstance(level, str) else level),
]
Fails = Literal["open", "closed", "by-age"]


class DiscordSettings(BaseModel, frozen=True, extra="forbid"):
    """The bot's account and where Discord is."""

    token: Key | None = None
    """From the developer portal, page Bot."""
    api_url: ApiAddress = "https://discord.com/api/v10"
    """Discord's API, or a proxy before it."""
    gateway_url: SocketAddress | None = None
    """Empty asks the API for it; set it where `api_url` is not Discord itself."""
    report_channel: Snowflake | None = None
    """Of the host's own: what members report is posted there, by ids only."""
    asset_channel: Snowflake | None = None
    """A channel the bot may upload portraits to, when there is no public URL."""
    steady_s: Seconds = 60.0
    """A crash within this time of connecting makes the next start wait, longer each time."""


class RedisSettings(BaseModel, frozen=True, extra="forbid"):
    """Where stories are kept."""

    url: SecretStr | None = None
    """None starts an embedded server whose data lies in `data`."""
    encryption_keys: SecretStr | None = None
    """What people write is stored encrypted; the newest first, comma separated. See
    docs/hosting.md."""
    timeout_s: Seconds = 1.0
    """The longest wait for one answer."""
    give_up_s: Seconds = 10.0
    """At start-up: how long a configured server may stay unreachable."""


class TgiSettings(BaseModel, frozen=True, extra="forbid"):
    """The model server, or several that hold the same model."""

    urls: Annotated[tuple[str, ...], NoDecode, Field(repr=False)] = ("http://127.0.0.1:8080",)
    """Comma separated."""
    api_key: Key | None = None
    """Sent as a bearer token, if the server asks for one."""
    connect_s: Seconds = 5.0
    """To connect."""
    first_token_s: Seconds = 60.0
    """Queue and prompt reading included."""
    between_tokens_s: Seconds = 20.0
    """From one token to the next."""
    whole_reply_s: Seconds = 180.0
    """For a whole reply."""

    @field_validator("urls", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
        return value

    @field_validator("urls")
    @classmethod
    def _are_addresses(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        for url in urls or ("",):
            _web_address(url)
        return urls


class PromptSettings(BaseModel, frozen=True, extra="forbid"):
    """How the model is asked."""

    profile: str = "zephrp"
    """`zephrp`, `limarp-v3-early`, `alpaca`, `chatml`, or the path of a `.toml` file."""
    context_tokens: Annotated[int, Field(ge=256, le=1_000_000)] | None = None
    """Prompt and reply together; empty leaves it to the profile."""
    later_input_header: str = ""
    """For every input block but the first; `### Input` is the model card's own."""


class TurnSettings(BaseModel, frozen=True, extra="forbid"):
    """When and how the character answers."""

    merge_pause_s: Annotated[float, Field(ge=0, le=MOST)] = 1.2
    """Messages that follow each other this fast get one reply."""
    resume_age_s: Seconds = 600.0
    """After a restart, older lines than this are not answered any more."""
    history_keep: Annotated[int, Field(ge=2, le=MOST)] = 2000
    """Turns kept per scene; older ones are forgotten."""
    history_days: Annotated[int, Field(ge=1, le=36_500)] = 30
    """A channel that is silent for longer is forgotten."""
    writing_at_once: Count = 16
    """Replies written at the same time by this process."""
    waiting: Annotated[int, Field(ge=0, le=MOST)] = 64
    """Replies that may wait for their turn; one more is refused."""
    drain_s: Seconds = 25.0
    """On shutdown, how long replies in the making may go on."""
    lease_s: Seconds = 15.0
    """After a process was killed, how long another one waits before it takes its place."""


class StreamSettings(BaseModel, frozen=True, extra="forbid"):
    """How a reply grows on the screen."""

    edit_every_s: Seconds = 1.25
    """Between two edits, times the replies growing in the same channel."""
    edit_at_most_s: Seconds = 2.5
    """The longest of these pauses."""
    last_edit_s: Seconds = 20.0
    """How long the final text may be retried before we say it is lost."""


class GuildSettings(BaseModel, frozen=True, extra="forbid"):
    """What holds in servers whose admins have settled nothing."""

    members_start: bool = False
    """Whether members may start scenes where no admin has allowed or started one."""
    ask_players: bool = True
    """Whether who joins a shared story is told once that it is stored, with buttons to choose."""
    ai_notice: bool = True
    """Whether a channel is told, at its first scene, that an AI speaks there."""


class LimitSettings(BaseModel, frozen=True, extra="forbid"):
    """How much members and servers may ask of the bot."""

    member_uses: Count = 10
    """Commands, presses and forms of one member within `uses_in_s`; and as many lines answered."""
    server_uses: Count = 60
    """The same of a whole server."""
    uses_in_s: Seconds = 30.0
    """What was used comes back evenly within this time."""
    uploads: Count = 5
    """Files of one member within `uploads_in_s`."""
    uploads_in_s: Seconds = 600.0
    """The time for files."""
    reports_in_hour: Count = 3
    """Reports of one member."""


class FilterSettings(BaseModel, frozen=True, extra="forbid"):
    """A filter of the host's own, asked of every line and every text that is shown."""

    url: Annotated[WebAddress | None, Field(repr=False)] = None
    """Where each text is POSTed to, as JSON; empty for no filter. See docs/hosting.md."""
    within_s: Seconds = 0.2
    """So long is waited for its answer."""
    fails: Fails = "by-age"
    """What a text is without an answer: `open`, `closed`, or closed in age-restricted channels."""


class HttpSettings(BaseModel, frozen=True, extra="forbid"):
    """The bot's own web server: health, metrics, portraits."""

    host: str = "127.0.0.1"
    """The address it listens on; `0.0.0.0` for all."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8081
    """0 takes any free port."""
    public_url: WebAddress | None = None
    """Under which Discord can reach this server; portraits are served there."""


class Settings(BaseSettings):
    """`BOT_TGI__CONNECT_S=3` sets `settings.tgi.connect_s`; see `.env.example`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_file=".env",
        env_ignore_empty=True,
        env_file_encoding="utf-8",
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    discord: DiscordSettings = DiscordSettings()
    redis: RedisSettings = RedisSettings()
    tgi: TgiSettings = TgiSettings()
    prompt: PromptSettings = PromptSettings()
    turns: TurnSettings = TurnSettings()
    stream: StreamSettings = StreamSettings()
    guilds: GuildSettings = GuildSettings()
    limits: LimitSettings = LimitSettings()
    filter: FilterSettings = FilterSettings()
    http: HttpSettings = HttpSettings()
    characters: Path = Path("characters")
    """The folder of the characters."""
    data: Path = Path(".play")
    """Where embedded servers keep their files."""
    log_level: LogLevel = "INFO"
    """`DEBUG`, `INFO`, `WARNING` or `ERROR`. No level logs what people write."""
    log_format: Literal["text", "json"] = "text"
    """`text`, or `json` for one object a line."""


def load_settings(**overrides: Any) -> Settings:
    """Read the environment and `.env`; *overrides* win over both.

    Raises:
        StartupError: a value is wrong or a name misspelt; the sentence names it.
    """
    given = {**_env_file(), **os.environ}
    _refuse_misspelt(name.upper() for name in given if name.upper().startswith(PREFIX))
    values: dict[str, Any] = {}
    for plain, full in PLAIN_NAMES.items():
        if given.get(plain) and not given.get(full):
            group, _, field = full.removeprefix(PREFIX).lower().partition("__")
            values.setdefault(group, {})[field] = given[plain]
    try:
        return Settings(**{**values, **overrides})
    except ValidationError as error:
        raise StartupError(_sentence(error), exit_code=EXIT_CONFIG) from None


def _env_file() -> dict[str, str | None]:
    try:
        return dotenv_values(".env", encoding="utf-8")
    except UnicodeDecodeError:
        why = "it is not saved as UTF-8"
    except OSError as error:
        why = error.strerror or "it is damaged"
    raise StartupError(f".env cannot be read: {why}.", exit_code=EXIT_CONFIG)


def secrets_in(settings: Settings) -> Iterator[str]:
    """Whatever of them must never be shown."""
    for secret in (settings.discord.token, settings.tgi.api_key, settings.redis.url):
        if secret is not None:
            yield secret.get_secret_value().strip()
    yield from filter(None, (key.strip() for key in encryption_keys_of(settings).split(",")))
    elsewhere = (settings.discord.gateway_url or "", settings.filter.url or "")
    for url in (redis_url_of(settings), *settings.tgi.urls, *elsewhere):
        try:
            parts = urlsplit(url)
        except ValueError:  # of Redis: refused where it is used, with a sentence of its own
            continue
        given = [parts.password or "", *parse_qs(parts.query).get("password", ())]
        given += parse_qs(parts.query).get("sentinel_password", ())
        yield from (unquote(each) for each in given if each)
        yield from (each for each in given if each)


def token_of(settings: Settings) -> str:
    """The token, without blanks; empty if there is none."""
    token = settings.discord.token
    return "" if token is None else token.get_secret_value().strip()


def redis_url_of(settings: Settings) -> str:
    """Where Redis is; empty for an embedded one."""
    url = settings.redis.url
    return "" if url is None else url.get_secret_value()


def encryption_keys_of(settings: Settings) -> str:
    """The host's keys; empty for none."""
    keys = settings.redis.encryption_keys
    return "" if keys is None else keys.get_secret_value().strip()


def known_names() -> Iterator[str]:
    """Every variable that sets something, as it is written in the environment."""
    for name, field in Settings.model_fields.items():
        group = field.annotation
        if isinstance(group, type) and issubclass(group, BaseModel):
            for inner in group.model_fields:
                yield f"{PREFIX}{name}__{inner}".upper()
        else:
            yield f"{PREFIX}{name}".upper()


def _refuse_misspelt(names: Iterable[str]) -> None:
    known = sorted(known_names())
    for name in sorted(names):
        if name in known:
            continue
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
        raise StartupError(
            f"{name} is not a setting; did you mean {nearest}?", exit_code=EXIT_CONFIG
        )


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    name = PREFIX + "__".join(str(part) for part in first["loc"]).upper()
    return f"{name} cannot be used: {first['msg']}. Correct it in the environment or in .env."
