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
# The recipe's tools live in an environment of their own. Linux wants torch's CPU build, which
# another index has: its file for Python 3.11 on x86-64 is let in by its hash.
resolve --group pyproject.toml:recipe --override requirements/recipe.overrides \
    --output-file requirements/recipe.lock
CPU_TORCH=6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b
sed -i.old "s/^torch==[^ ]* \\\\\$/&\n    --hash=sha256:$CPU_TORCH \\\\/" requirements/recipe.lock
rm requirements/recipe.lock.old
