"""The CPU stand-in: a drill set, a small trainer, and an adapter that llama.cpp loads."""
