"""The model, from data to server: data set, training, merge, stand-in, evaluation.

Imports `bot.core` and nothing else of the bot, so that training text and serving
prompts come from one renderer.
"""
