"""`doctor`: everything that a host has to set up, looked at; a line each with what to do."""

import json
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial

from bot.adapters.character_files import DirectoryCharacters
from bot.adapters.discord_rest import DiscordClock
from bot.adapters.redis_store import RedisClient, connect, wait_until_ready
from bot.adapters.redis_store.examination import RedisExamination
from bot.adapters.redis_store.guild_rules import RedisGuildRules
from bot.adapters.redis_store.seals import NO_SEALS
from bot.composition import (
    answer_within,
    look_at_seals,
    open_generator,
    profile_of,
    seals_on,
    store_on,
)
from bot.core.doctor import Finding, MemoryFacts, State, judge_faces, listed, must_act
from bot.core.errors import StartupError, StoreRefusesWrites, StoreUnavailable
from bot.core.guild_doctor import Right
from bot.core.profiles import ModelProfile
from bot.core.scene import ChannelId, GuildId
from bot.discord_ui.client import use_discord_at
from bot.discord_ui.examination import Named, examine_by_token
from bot.services.doctor import Doctor, places_that_matter
from bot.settings import Settings, load_settings, redis_url_of, token_of

Say = Callable[[str], None]
LOOKED_FOR_S = 3.0
"""Redis; whoever waits for the answer has started it already, or has to."""
ORDER = [State.BROKEN, State.ADVICE, State.FINE]
FOR_REPORTS = frozenset({Right.VIEW, Right.SEND})
FOR_PORTRAITS = FOR_REPORTS | {Right.ATTACH_FILES, Right.READ_HISTORY}
"""They are uploaded, and looked up again when their addresses have run out."""


async def doctor(say: Say, *, as_json: bool) -> int:
    """Examine, and say a line for each finding; 1 if something must be done, else 0."""
    try:
        findings = await _examined(load_settings())
    except StartupError as error:
        findings = [Finding("settings", State.BROKEN, str(error), "Correct it, and ask again.")]
    findings.sort(key=lambda finding: ORDER.index(finding.state))
    if as_json:
        say(_json(findings))
    else:
        for finding in findings:
            line = f"{finding.state:<7} {finding.part:<12} {finding.what}"
            say(f"{line} → {finding.do}" if finding.do else line)
    return 1 if must_act(findings) else 0


async def _examined(settings: Settings) -> list[Finding]:
    findings, profile = _of_settings(settings)
    clock = DiscordClock()
    async with AsyncExitStack() as stack:
        redis, said = await _redis(settings, stack)
        findings += said
        memory = _Memory(redis, settings)
        models = await stack.enter_async_context(open_generator(settings))
        findings += await _of_discord(settings, memory, clock)
        ground = Doctor(
            memory=memory,
            models=models,
            profile=profile,
            ahead_s=clock.ahead_s,
            places=memory.places,
        )
        findings += await ground.examine()
    return findings


def _of_settings(settings: Settings) -> tuple[list[Finding], ModelProfile]:
    profile = profile_of(settings)
    host = DirectoryCharacters(
        settings.characters, lengths=[step.name for step in profile.lengths.choices]
    )
    count = len(host.characters())
    findings = [
        Finding("settings", State.FINE, f"Profile {profile.name}, {count} characters."),
        judge_faces(
            has_address=bool(settings.http.public_url),
            has_channel=settings.discord.asset_channel is not None,
        ),
    ]
    findings += [
        Finding("settings", State.ADVICE, warning, "Correct that file.")
        for warning in host.warnings
    ]
    return findings, profile


async def _of_discord(settings: Settings, memory: "_Memory", clock: DiscordClock) -> list[Finding]:
    held = token_of(settings)
    if not held:
        do = "Put BOT_DISCORD__TOKEN=… into .env (developer portal, your application, page Bot)."
        return [Finding("discord", State.BROKEN, "No Discord token is set.", do)]
    use_discord_at(settings.discord.api_url, None)
    named: list[Named] = [
        (channel, partial(_judge_named, setting, needed))
        for setting, channel, needed in (
            ("BOT_DISCORD__ASSET_CHANNEL", settings.discord.asset_channel, FOR_PORTRAITS),
            ("BOT_DISCORD__REPORT_CHANNEL", settings.discord.report_channel, FOR_REPORTS),
        )
        if channel is not None
    ]
    return await examine_by_token(held, memory.places, clock.listen(), named)


def _judge_named(
    setting: str, needed: frozenset[Right], granted: frozenset[Right] | None
) -> Finding:
    if granted is None:
        what = f"{setting} names a channel that the bot does not see."
        do = "Give its role “View Channel” there, or correct the setting."
        return Finding("settings", State.BROKEN, what, do)
    lacking = [f"“{right}”" for right in Right if right in needed - granted]
    if lacking:
        what = f"The bot lacks {listed(lacking)} in the channel that {setting} names."
        do = "Edit Channel → Permissions: set that to ✓ for its role."
        return Finding("settings", State.BROKEN, what, do)
    return Finding("settings", State.FINE, f"The channel that {setting} names can be used.")


async def _redis(
    settings: Settings, stack: AsyncExitStack
) -> tuple[RedisClient | None, list[Finding]]:
    """None where it does not let us in, and where the bot has its own."""
    url = redis_url_of(settings)
    if not url:  # a second process must not start another
        what = f"Redis is embedded: its files lie in {settings.data}."
        return None, [Finding("redis", State.FINE, what)]
    redis = connect(url, timeout_s=settings.redis.timeout_s)
    stack.push_async_callback(redis.aclose)
    try:
        await wait_until_ready(redis, give_up_s=min(LOOKED_FOR_S, settings.redis.give_up_s))
        with suppress(StoreUnavailable, StoreRefusesWrites):  # found by who looks at the rest
            await look_at_seals(redis, settings)
    except StartupError as error:
        return None, [Finding("redis", State.BROKEN, str(error), "Correct it, and ask again.")]
    return redis, []


@dataclass(frozen=True, slots=True)
class _Memory:
    """The configured Redis, if there is one."""

    redis: RedisClient | None
    settings: Settings

    async def facts(self) -> list[MemoryFacts]:
        if self.redis is None:
            return []
        return [*await _examination(self.redis, self.settings).facts()]

    async def why_not_written(self) -> str:
        if self.redis is None:
            return ""
        return await _examination(self.redis, self.settings).why_not_written()

    async def places(self, guild: GuildId) -> Collection[ChannelId]:
        """Of a server that nothing is known of, none: then its role alone is examined."""
        if self.redis is None:
            return ()
        rules = RedisGuildRules(self.redis, answer_within=answer_within(self.settings))
        try:
            seals = seals_on(self.redis, self.settings) or NO_SEALS
            book = store_on(self.redis, self.settings, seals=seals)
            return await places_that_matter(book, await rules.rules(guild), guild)
        except (StoreUnavailable, StoreRefusesWrites):
            return ()


def _examination(redis: RedisClient, settings: Settings) -> RedisExamination:
    return RedisExamination(redis, answer_within=answer_within(settings))


def _json(findings: list[Finding]) -> str:
    listed = [
        {"part": each.part, "state": each.state, "what": each.what, "do": each.do}
        for each in findings
    ]
    return json.dumps({"fine": not must_act(findings), "findings": listed}, ensure_ascii=False)
