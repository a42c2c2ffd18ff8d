"""The use cases: asyncio and the core, nothing else."""
