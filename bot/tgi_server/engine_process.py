"""The child process that holds llama.cpp: `python -m bot.tgi_server.engine_process`.

A process of its own, so that a crash in native code ends a child that can be
started again rather than the server. It reads one JSON line of settings from
standard input, answers one JSON line on standard output (`{"url"}` or
`{"error"}`) and ends when standard input ends: its parent is gone then.
"""

import ctypes
import json
import os
import signal
import sys
from typing import Any

# Waiting threads must sleep: on a busy machine spinning ones cost nine tenths of the
# speed. OpenMP reads it once, when llama.cpp is loaded by the next import.
os.putenv("OMP_WAIT_POLICY", "passive")

import xllamacpp  # see above

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Load the model, say where the server is, and wait for the parent to go."""
    _end_with_parent()
    settings = json.loads(sys.stdin.buffer.readline())
    answer = _take_stdout()
    try:
        server = xllamacpp.Server(_parameters(settings))
    except (RuntimeError, ValueError) as error:
        _say(answer, {"error": str(error)})
        os._exit(1)
    _say(answer, {"url": server.listening_address})
    while sys.stdin.buffer.readline():
        pass
    # llama.cpp's own shutdown waits for running requests; nobody reads them any more.
    os._exit(0)


def _end_with_parent() -> None:
    """Let the kernel end us with our parent; the end of standard input does it elsewhere."""
    # Ctrl-C reaches the whole process group; when we end is our parent's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _take_stdout() -> int:
    """Keep standard output for our answer alone: native code logs there too."""
    answer = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return answer


def _say(answer: int, message: dict[str, str]) -> None:
    os.write(answer, json.dumps(message).encode() + b"\n")
    os.close(answer)


def _parameters(settings: dict[str, Any]) -> Any:
    """Llama.cpp's settings; the reasons stand where the value surprises."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path = settings["model"]
    if settings["lora"]:
        parameters.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(settings["lora"], 1.0)]
    parameters.n_ctx = settings["context"]
    parameters.n_parallel = settings["slots"]
    # A shared window would let two long requests exhaust it, and both would fail.
    parameters.kv_unified = False
    parameters.cpuparams.n_threads = settings["threads"]
    parameters.cpuparams_batch.n_threads = settings["threads"]
    # A cancelled request is noticed between two batches: small ones end sooner.
    parameters.n_batch = parameters.n_ubatch = 128
    # So many tokens in a row that moved within the prompt are not read again.
    parameters.n_cache_reuse = 32 if settings["reuses_moved"] else 0
    parameters.slot_prompt_similarity = 0.01
    parameters.cache_ram_mib = settings["cache_mib"]
    parameters.n_gpu_layers = 0
    parameters.api_keys = [settings["key"]]
    parameters.cors_origins = "http://127.0.0.1"
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.ui = False
    parameters.verbosity = 0
    return parameters


if __name__ == "__main__":
    main()
