#!/bin/sh
# Resolves the locks for every platform: names, versions, hashes and markers, no addresses.
set -eu
cd "$(dirname "$0")/.."
resolve() {
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --no-annotate --no-emit-index-url --no-emit-find-links "$@"
}
resolve pyproject.toml --group dev --output-file requirements/dev.lock
# Running needs flit_core too: the project itself is installed by it, without the network.
printf 'flit-core==4.2.0\n' | resolve pyproject.toml - --constraint requirements/dev.lock \
    --output-file requirements/run.lock
# The container that merges a model needs nothing but this.
printf 'numpy\n' | resolve - --constraint requirements/dev.lock --output-file requirements/merge.lock
# The recipe's tools live in an environment of their own. Of torch, only files that bring no CUDA are
# let in: those for macOS and Windows, and the CPU build for Python 3.11 on Linux, x86-64, which
# another index has. pip takes a file with a known hash first: the others' must not be in the lock.
resolve --group pyproject.toml:recipe --override requirements/recipe.overrides \
    --output-file requirements/recipe.lock
python3 - requirements/recipe.lock \
    6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b \
    e76f9bcecc52b8ff711239a2f7547d5353df95878ab232f0773c1d95928b92f8 \
    2fe228aba290d14b9f31b049be550dbd469c3fd3013d7a19705b30454da97027 \
    33449899ce5496c1b84b4853179d94fd102028ae1407314d9fb956bb79e70d09 \
    d849b390e07d8d333ce8ecaf91b273c656c598379a19c9acf1318a883f6b391c \
    a0d8b11f16a48d60e2015d8213aa0390744cbebb98e58b62b3514dddc656e330 \
    024c6cc0c1b085f2f91f20a3dc27b0471d021c31ce84b81be3afdc39f791fd9d \
    49b58f1e2c52440abb6f17c28f0335fe6c6d01ad1a7f55b0183b81e4b34d64e6 \
    4f8573e3ce9ebcd53fe922f01077a6085ccdfbe5f12fd215883a9d87d7a744fd <<'END'
import pathlib, re, sys

path, hashes = pathlib.Path(sys.argv[1]), sys.argv[2:]
lines = " \\\n".join(f"    --hash=sha256:{each}" for each in hashes)
pattern = re.compile(r"^(torch==2\.13\.0) \\\n(?:    --hash=.*\n)+", re.MULTILINE)
text, found = pattern.subn(lambda torch: f"{torch[1]} \\\n{lines}\n", path.read_text())
if not found:
    sys.exit("The hashes of torch's files in tools/lock.sh are of another version.")
path.write_text(text)
END
