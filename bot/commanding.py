"""What commands, menus, buttons and forms stand on, put together."""

import secrets

from bot.assembly import (
    World,
    director_of,
    player_lines_of,
)
from bot.core.ports import Threads
from bot.core.scene import ChannelId
from bot.discord_ui.actions import Actions
from bot.ground import (
    Ground,
    card_desk_of,
    doctor_on,
    privacy_of,
)
from bot.services.branches import Branches
from bot.services.casting import Casting
from bot.services.chats import Chats
from bot.services.company import Company
from bot.services.dispatcher import Dispatcher
from bot.services.inspection import Inspection
from bot.services.length_tables import LengthTables
from bot.services.notices import Notices
from bot.services.personas import Personas
from bot.services.presenting import Presenter
from bot.services.reports import Reports
from bot.services.rewriting import Rewriting
from bot.services.safety import Safety
from bot.services.scenes import Scenes
from bot.services.shelf import Shelf
from bot.services.staff import Staff
from bot.services.turns import TurnPipeline
from bot.settings import Settings
from bot.upkeep import Upkeep


def actions_of(
    settings: Settings,
    world: World,
    ground: Ground,
    pipeline: TurnPipeline,
    *,
    scenes: Scenes,
    upkeep: Upkeep,
    presenter: Presenter,
    dispatcher: Dispatcher,
    threads: Threads,
) -> Actions:
    """Put together what commands, menus, buttons and forms call, for one process."""
    inspection = Inspection(
        store=ground.store,
        prompting=world.prompting,
        casting=Casting(ground.characters),
        is_writing=pipeline.is_writing,
        resume_age_s=settings.turns.resume_age_s,
        now_ms=ground.clock.now_ms,
    )
    tables = LengthTables(ground.store, ground.generator, ground.profile)
    rewriting = Rewriting(
        store=ground.store,
        pipeline=pipeline,
        prompting=world.prompting,
        debts=upkeep.debts,
        doubts=ground.doubts,
        now_ms=ground.clock.now_ms,
        post=presenter.show,
        why_paused=Casting(world.characters, world.is_age_restricted).why_paused,
        fit=world.outgoing.fit,
    )
    shelf = Shelf(
        store=ground.store,
        scenes=scenes,
        pipeline=pipeline,
        voice=world.voice,
        debts=upkeep.debts,
        doubts=ground.doubts,
        forget_prompt=world.prompting.forget,
        keep=settings.turns.history_keep,
    )
    personas = Personas(ground.store, Staff())
    director = director_of(world, presenter, personas, lambda sides: secrets.randbelow(sides) + 1)
    return Actions(
        scenes,
        pipeline,
        inspection,
        tables,
        upkeep.verifier,
        rewriting=rewriting,
        director=director,
        player_lines=player_lines_of(world, pipeline, presenter, dispatcher, personas),
        personas=personas,
        shelf=shelf,
        branches=Branches(store=ground.store, threads=threads, scenes=scenes, shelf=shelf),
        chats=Chats(
            store=ground.store, scenes=scenes, shelf=shelf, keep=settings.turns.history_keep
        ),
        lorebooks=ground.lorebooks,
        guild_desk=ground.guild_desk,
        doctor=doctor_on(settings, ground),
        privacy=privacy_of(settings, world, ground, pipeline),
        limits=ground.limits,
        reports=_reports(settings, world, ground),
        safety=Safety(
            ground.store,
            rewriting,
            Notices(world.voice),
            pipeline.stop,
            world.prompting.forget,
        ),
        company=Company(
            store=ground.store,
            characters=ground.characters,
            prompting=world.prompting,
            noted=pipeline.noted,
            show=pipeline.show,
        ),
        roster=ground.characters,
        desk=card_desk_of(ground, personas.staff),
    )


def _reports(settings: Settings, world: World, ground: Ground) -> Reports:
    channel = settings.discord.report_channel
    return Reports(world.voice, ground.limits, None if channel is None else ChannelId(channel))
