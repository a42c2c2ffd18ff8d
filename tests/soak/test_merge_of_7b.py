"""A merge as large as the real one, of random weights: how long, and in how much memory."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from recipe.merge.arithmetic import narrow
from tests.recipe.checkpoints import write_adapter, write_json

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]

HIDDEN, WIDE, KEYS, LAYERS, WORDS, RANK = 4096, 14336, 1024, 32, 32_000, 32
MOST_MEMORY_MIB = 256
"""A gigabyte and a half is promised; 63 MiB were measured."""
NEEDED_BYTES = 34 << 30
LINEAR = {
    "self_attn.q_proj": (HIDDEN, HIDDEN),
    "self_attn.k_proj": (KEYS, HIDDEN),
    "self_attn.v_proj": (KEYS, HIDDEN),
    "self_attn.o_proj": (HIDDEN, HIDDEN),
    "mlp.gate_proj": (WIDE, HIDDEN),
    "mlp.up_proj": (WIDE, HIDDEN),
    "mlp.down_proj": (HIDDEN, WIDE),
}
PROGRAM = """
import sys
from pathlib import Path
from recipe.__main__ import main
code = main(sys.argv[1:])
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
sys.exit(code)
"""
Shapes = dict[str, tuple[int, ...]]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Emptied afterwards, whatever happens: it holds thirty gigabytes."""
    if shutil.disk_usage(tmp_path).free < NEEDED_BYTES:
        pytest.skip("needs 34 GiB of disk")
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


def test_a_7b_is_merged_and_verified_in_the_memory_of_a_small_server(folder: Path) -> None:
    size = write_base(folder / "base")
    write_matrices(folder / "adapter")
    folders = [f"--{name}={folder / name}" for name in ("base", "adapter", "out")]

    seconds, memory = measured(["merge", *folders])
    verify_seconds, verify_memory = measured(["verify", *folders])

    print(f"\n{size / 1e9:.2f} GB merged in {seconds:.0f} s and {memory} MiB,", end=" ")  # noqa: T201
    print(f"verified in {verify_seconds:.0f} s and {verify_memory} MiB")  # noqa: T201
    assert memory < MOST_MEMORY_MIB
    assert verify_memory < MOST_MEMORY_MIB


def measured(command: Sequence[str]) -> tuple[float, int]:
    """Seconds and the peak of resident memory, in MiB, of a recipe's command that must succeed.

    The peak is what the child itself says: what `wait` tells begins with its parent's.
    """
    started = time.monotonic()
    child = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command], check=True, stdout=subprocess.PIPE, text=True
    )
    return time.monotonic() - started, int(child.stdout.split()[-1]) >> 10


def write_base(folder: Path) -> int:
    """Two shards, cut where those of ZephRP are; bf16 numbers of a usual size."""
    folder.mkdir()
    shapes: Shapes = {"model.embed_tokens.weight": (WORDS, HIDDEN)}
    for layer in range(LAYERS):
        stem = f"model.layers.{layer}"
        shapes |= {f"{stem}.{name}.weight": shape for name, shape in LINEAR.items()}
        shapes |= {
            f"{stem}.{name}_layernorm.weight": (HIDDEN,) for name in ("input", "post_attention")
        }
    shapes |= {"model.norm.weight": (HIDDEN,), "lm_head.weight": (WORDS, HIDDEN)}
    names = list(shapes)
    cut = names.index("model.layers.22.self_attn.q_proj.weight")
    places: dict[str, str] = {}
    for number, part in enumerate((names[:cut], names[cut:]), 1):
        file = f"model-{number:05}-of-00002.safetensors"
        write_shard(folder / file, {name: shapes[name] for name in part})
        places |= dict.fromkeys(part, file)
    write_json(folder / "model.safetensors.index.json", {"weight_map": places})
    write_json(
        folder / "config.json",
        {"model_type": "mistral", "vocab_size": WORDS, "eos_token_id": 2, "bos_token_id": 1},
    )
    write_json(folder / "tokenizer_config.json", {"eos_token": "</s>"})
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))


def write_shard(path: Path, shapes: Shapes) -> None:
    """Sixteen million random numbers, over and over, beginning elsewhere for each tensor."""
    chance = np.random.default_rng(4)
    numbers = chance.normal(0, 0.02, 1 << 24).astype(np.float32)
    raw = memoryview(narrow(numbers, "BF16").tobytes() * 2)
    entries, end = {}, 0
    for name, shape in shapes.items():
        size = 2 * int(np.prod(shape))
        entries[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    write_json(path, entries)
    header = path.read_bytes()
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        for shape in shapes.values():
            left = 2 * int(np.prod(shape))
            while left:
                start = 2 * int(chance.integers(0, 1 << 24))
                left -= file.write(raw[start : start + min(left, 1 << 25)])


def write_matrices(folder: Path) -> None:
    chance = np.random.default_rng(5)
    matrices = {}
    for layer in range(LAYERS):
        for name, (height, width) in LINEAR.items():
            stem = f"base_model.model.model.layers.{layer}.{name}"
            matrices[f"{stem}.lora_A.weight"] = chance.normal(0, 0.02, (RANK, width))
            matrices[f"{stem}.lora_B.weight"] = chance.normal(0, 0.02, (height, RANK))
    write_adapter(
        folder,
        {name: values.astype(np.float32) for name, values in matrices.items()},
        r=RANK,
        lora_alpha=16,
    )
