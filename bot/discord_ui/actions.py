"""What commands and buttons have in common: rights checked, then the service called."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import discord
from discord import app_commands

from bot.core.errors import NoLiveScene, UserError
from bot.core.guild_doctor import told_weakness
from bot.core.length_table import LengthTable, expected
from bot.core.lengths import AUTO, Length, LengthSource, LengthStep
from bot.core.phrases import Paragraphs, counted, joined, phrase
from bot.core.plain_text import shortened
from bot.core.rights import Action, Member, allow
from bot.core.roster import Choice
from bot.core.scene import ChannelId, GuardLevel, MessageId, Place, SceneHead, TurnId, UserId
from bot.discord_ui.convert import (
    is_age_restricted,
    member_of,
    place_of,
    roles_of,
    said_in,
    viewer_of,
)
from bot.discord_ui.examination import granted_by
from bot.services.branches import Branches
from bot.services.card_desk import CardDesk
from bot.services.chats import Chats
from bot.services.company import Company
from bot.services.directing import Director
from bot.services.doctor import Doctor
from bot.services.guild_desk import GuildDesk, Standing
from bot.services.inspection import ContextView, Explanation, Inspection
from bot.services.length_tables import LengthTables
from bot.services.limits import Limits
from bot.services.lorebooks import Lorebooks
from bot.services.personas import Personas
from bot.services.player_lines import PlayerLines
from bot.services.privacy import Privacy
from bot.services.reports import Reports
from bot.services.rewriting import Rewriting
from bot.services.roster import Roster
from bot.services.safety import Safety
from bot.services.scenes import Scenes
from bot.services.shelf import Shelf
from bot.services.turns import TurnPipeline
from bot.services.verify import Repair, Verifier

LABEL_CHARACTERS = 100

CHOSEN_BY: Mapping[LengthSource, str] = {
    LengthSource.NEXT_REPLY: phrase("next reply"),
    LengthSource.ME: phrase("me"),
    LengthSource.SCENE: phrase("scene"),
    LengthSource.CHARACTER: phrase("character"),
    LengthSource.DEFAULT: phrase("default"),
}

SCOPES = {
    "scene": phrase("this scene's replies"),
    "me": phrase("every reply to you"),
    "next": phrase("the next reply"),
}

GUARDED = {
    GuardLevel.NORMAL: phrase("a reply ends where it begins a player's line."),
    GuardLevel.STRICT: phrase(
        "a reply ends where it begins a player's line, or a sentence that tells what a player does."
    ),
}


@dataclass(frozen=True, slots=True)
class Actions:
    """The services, behind the rights of whoever asks. All raise UserError with a sentence."""

    scenes: Scenes
    pipeline: TurnPipeline
    inspection: Inspection
    length_tables: LengthTables
    verifier: Verifier
    director: Director
    player_lines: PlayerLines
    personas: Personas
    rewriting: Rewriting
    shelf: Shelf
    branches: Branches
    chats: Chats
    company: Company
    roster: Roster
    desk: CardDesk
    lorebooks: Lorebooks
    guild_desk: GuildDesk
    doctor: Doctor
    privacy: Privacy
    limits: Limits
    safety: Safety
    reports: Reports

    def place(self, interaction: discord.Interaction) -> Place:
        """Where the interaction happened.

        Raises:
            UserError: scenes cannot be played there.
        """
        place = place_of(interaction.channel, interaction.guild_id)
        if place is None:
            raise UserError(phrase("Scenes play in text channels, threads and direct messages."))
        return place

    async def choices(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        """Who may play where *interaction* is, for an option that is being typed."""
        found = await self.roster.found(
            viewer_of(interaction),
            current,
            is_age_restricted=is_age_restricted(interaction.channel),
        )
        return [labelled(choice) for choice in found]

    async def member(self, interaction: discord.Interaction) -> Member:
        """What whoever asked may do where they did."""
        place = place_of(interaction.channel, interaction.guild_id)
        standing = Standing(can_administer=False, can_start=True, barred="")
        if place is not None:
            standing = await self.guild_desk.standing(
                place,
                UserId(interaction.user.id),
                roles_of(interaction.user) or (),
                is_admin=interaction.permissions.manage_guild,
            )
        member = member_of(interaction, standing)
        guild = None if place is None else place.guild
        why = self.privacy.refusals.refuses(member.user, guild)
        return replace(member, barred=why) if why else member

    async def allow(
        self, interaction: discord.Interaction, action: Action, scene: SceneHead | None
    ) -> None:
        """Raise UserError unless whoever asked may do *action*."""
        allow(action, await self.member(interaction), scene)

    async def note_start(self, interaction: discord.Interaction) -> None:
        """A scene was started: by an admin, that allows others to start more there."""
        if (await self.member(interaction)).can_administer:
            await self.guild_desk.started(self.place(interaction))

    def require_own_rights(self, interaction: discord.Interaction) -> None:
        """Raise UserError where we could not even say that something went wrong."""
        granted = interaction.app_permissions
        in_thread = isinstance(interaction.channel, discord.Thread)
        may_send = granted.send_messages_in_threads if in_thread else granted.send_messages
        if interaction.guild_id is None or (granted.view_channel and may_send):
            return
        right = phrase("Send Messages in Threads") if in_thread else phrase("Send Messages")
        raise UserError(
            phrase(
                "I may not write here. Give me View Channel and {right} in this "
                "channel, then try again.",
                right=right,
            )
        )

    def weakness(self, interaction: discord.Interaction) -> str:
        """What scenes lack here for want of a right of ours; empty if nothing."""
        if interaction.guild_id is None:
            return ""
        return told_weakness(granted_by(interaction.app_permissions))

    async def stop_reply(self, interaction: discord.Interaction) -> bool:
        """End the reply in the making; False if there is none."""
        await self.allow(interaction, Action.STOP_REPLY, None)
        return self.pipeline.stop(self.place(interaction).channel)

    async def retry_reply(self, interaction: discord.Interaction, turn: TurnId) -> bool:
        """Ask again for the reply to *turn*; False if it is being written already."""
        await self.allow(interaction, Action.RETRY_REPLY, None)
        return await self.pipeline.retry(self.place(interaction).channel, turn)

    async def set_guard(self, interaction: discord.Interaction, level: GuardLevel) -> str:
        """Choose how closely the scene's replies are watched; returns what to tell the member."""
        channel = self.place(interaction).channel
        await self.allow(interaction, Action.SET_GUARD, await self.scenes.live_head(channel))
        await self.scenes.set_guard(channel, level)
        return phrase("Guard level: **{level}**: {guarded}", level=level, guarded=GUARDED[level])

    async def verify(self, interaction: discord.Interaction) -> str:
        """Make memory as the channel is; returns what to tell the member."""
        channel = self.place(interaction).channel
        await self.allow(interaction, Action.VERIFY, await self.scenes.live_head(channel))
        return _told(await self.verifier.verify(channel))

    async def look_inside(self, interaction: discord.Interaction) -> ContextView:
        """The prompt of this channel, for those who may read all that was said in it."""
        channel = self.place(interaction).channel
        head = await self.scenes.head(channel)
        if head is None:  # to refuse would hide that there is nothing to see
            raise NoLiveScene(phrase("There is no scene here. Start one with /roleplay start."))
        await self.allow(interaction, Action.LOOK_INSIDE, head)
        return await self.inspection.context(channel)

    async def ask_why(
        self, interaction: discord.Interaction, message: discord.Message
    ) -> Explanation:
        """Tell what became of *message*."""
        await self.allow(interaction, Action.ASK_WHY, None)
        me = interaction.client.user
        said = said_in(message, bot_user=me.id if me else 0, application=interaction.application_id)
        channel = self.place(interaction).channel
        return await self.inspection.why(channel, MessageId(message.id), said)

    async def expected(self) -> list[tuple[LengthStep, str]]:
        """Every choice of `/length`, with what it gives on this model."""
        table = await self.length_tables.current()
        return [(step, _expected(step, table)) for step in self.scenes.lengths.choices]

    async def set_length(self, interaction: discord.Interaction, step: Length, scope: str) -> str:
        """Choose a length for *scope*, one of `SCOPES`; returns what to tell the member."""
        channel = ChannelId(self.place(interaction).channel)
        user = UserId(interaction.user.id)
        if scope == "me":
            await self.scenes.set_user_length(user, step)
            return await self._said(step, scope)
        head = await self.scenes.live_head(channel)
        if scope == "next":
            await self.allow(interaction, Action.RETRY_REPLY, head)
            await self.scenes.set_next_length(channel, step)
            return await self._said(step, scope)
        await self.allow(interaction, Action.SET_SCENE_LENGTH, head)
        await self.scenes.set_length(channel, step)
        chosen = await self.scenes.length_for(await self.scenes.live_head(channel), user)
        told = await self._said(step, scope)
        if chosen.step.name != step:
            stays = phrase(
                "The next reply to you stays {name} ({source}).",
                name=chosen.step.name,
                source=CHOSEN_BY[chosen.source],
            )
            return joined(told, stays)
        return told

    async def _said(self, name: Length, scope: str) -> str:
        told = phrase("Length of {scopes}: **{name}**.", scopes=SCOPES[scope], name=name)
        step = self.scenes.lengths.find(name)
        if step is None:
            return told
        return phrase(
            "{told} Expect {step}.",
            told=told,
            step=_expected(step, await self.length_tables.current()),
        )


def labelled(choice: Choice) -> app_commands.Choice[str]:
    """A character as Discord lists it under an option."""
    text = f"{choice.name}: {choice.tagline}" if choice.tagline else choice.name
    return app_commands.Choice(name=shortened(text, LABEL_CHARACTERS), value=choice.key)


def length_choices(actions: Actions) -> list[app_commands.Choice[str]]:
    """What `/length` and `/roleplay start` offer: the ladder of the model's profile."""
    steps = actions.scenes.lengths.choices
    return [app_commands.Choice(name=step.name, value=step.name) for step in steps]


def _told(repair: Repair) -> str:
    looked_at = phrase(
        "I have looked at the last {looked_at} messages here.", looked_at=repair.looked_at
    )
    missing, changed, gone = repair.missing, repair.changed, repair.gone
    found = [
        said
        for count, said in (
            (
                missing,
                counted(
                    missing,
                    phrase("1 line was missing"),
                    phrase("{count} lines were missing", count=missing),
                ),
            ),
            (
                changed,
                counted(
                    changed,
                    phrase("1 line had another text"),
                    phrase("{count} lines had another text", count=changed),
                ),
            ),
            (
                gone,
                counted(
                    gone, phrase("1 line was gone"), phrase("{count} lines were gone", count=gone)
                ),
            ),
        )
        if count
    ]
    if not found:
        return phrase("{looked_at} I remember them as they stand.", looked_at=looked_at)
    *others, last = found
    listed = (
        phrase("{others} and {last}", others=Paragraphs(others, ", "), last=last)
        if others
        else last
    )
    return phrase(
        "{looked_at} {listed}. Now I remember them as they stand.",
        looked_at=looked_at,
        listed=listed,
    )


def _expected(step: LengthStep, table: LengthTable | None) -> str:
    if step.name == AUTO:
        return phrase("what the model sees fit")
    return expected(step, table)
