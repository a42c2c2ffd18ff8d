"""Conversations as files, and what a model is trained on made of them.

sources ──> conversation ──> training_text ──> command (JSONL and statistics)
which        one file's        windows of the
files        values            bot's own prompt
"""
