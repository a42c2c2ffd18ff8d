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
