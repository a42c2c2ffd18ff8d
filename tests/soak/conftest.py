import os
from pathlib import Path

import pytest

from bot.tgi_server.model_file import default_cache_dir, ensure_model


@pytest.fixture(scope="session")
def model_file() -> Path:
    """The built-in model, fetched if this machine has never had it."""
    return ensure_model(default_cache_dir(os.environ), print)
