#!/bin/sh
# Stands in for `protoc` where a dependency's build script wants one.
#
# Uses a `protoc` from PATH when there is one, else installs protox (the compiler that
# this workspace's own contracts are built with) once into the tools folder beside the
# target folder, and runs it. Arguments pass through unchanged.
set -eu

if command -v protoc >/dev/null 2>&1; then
    exec protoc "$@"
fi

version=0.10.0
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
tools=${POSTLUDE_TOOLS:-$here/.tools}
protox=$tools/protox-$version/bin/protox

if [ ! -x "$protox" ]; then
    echo "protoc.sh: building protox $version into $tools (once)" >&2
    # Own target folder: the outer build holds the lock of its own.
    env -u CARGO_ENCODED_RUSTFLAGS -u RUSTFLAGS -u RUSTC_WRAPPER -u RUSTC_WORKSPACE_WRAPPER \
        CARGO_TARGET_DIR="$tools/protox-build" \
        cargo install protox --version "=$version" --features bin --locked --debug --quiet \
        --root "$tools/protox-$version" >&2
    rm -rf "$tools/protox-build"
fi
exec "$protox" "$@"
