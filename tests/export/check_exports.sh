#!/usr/bin/env bash
# Exported heads as others read them: Khronos' validator, three.js and Blender.
#
#   tests/export/check_exports.sh [HEAD.avatar | HEAD.glb ...]
#
# Without arguments: a synthetic avatar and the default head. Runs the python on the PATH for our
# side (or $PYTHON); installs the readers into a cache of its own, Blender's module (GPL) in a
# virtual environment apart, so that nothing of ours ever depends on it.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
python="${PYTHON:-python}"
readers="${AVATAR_EXPORT_CHECKS:-${XDG_CACHE_HOME:-$HOME/.cache}/avatar-export-checks}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

heads=()
for head in "$@"; do heads+=("$(realpath "$head")"); done

install_node_readers() {
    local folder="$readers/node"
    [[ -d "$folder/node_modules/three" && -d "$folder/node_modules/gltf-validator" ]] && return
    mkdir -p "$folder"
    npm install --silent --no-audit --no-fund --prefix "$folder" \
        gltf-validator@2.0.0-dev.3.10 three@0.187.0 >/dev/null
}

install_blender() {
    local folder="$readers/blender"
    install_blender_libraries
    [[ -x "$folder/bin/python" ]] && "$folder/bin/python" -c 'import bpy' 2>/dev/null && return
    rm -rf "$folder"
    python3.11 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check bpy==5.0.1
}

install_blender_libraries() {
    local missing=() package root=()
    command -v dpkg >/dev/null && command -v apt-get >/dev/null || return 0
    for package in libxrender1 libxi6 libxxf86vm1 libxfixes3 libxkbcommon0 libsm6 libice6 libgl1 \
        libegl1; do
        dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    ((EUID == 0)) || root=(sudo -n)
    "${root[@]}" apt-get update -qq >/dev/null
    DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -qq -y "${missing[@]}" >/dev/null
}

install_node_readers
install_blender

# The installed package comes before the source tree, which has no native module.
(cd "$work" && "$python" -c "
import runpy, sys
sys.path.append(sys.argv.pop(1))
runpy.run_module('tests.export.write_states', run_name='__main__')
" "$root" "$work/heads" "${heads[@]}")

failed=0
# Imports of JavaScript modules are looked up beside the file that makes them.
cp "$here"/consumers/*.mjs "$readers/node/"
node "$readers/node/validate.mjs" "$work"/heads/*.glb || failed=1
node "$readers/node/three_positions.mjs" "$work"/heads/*.json || failed=1
"$readers/blender/bin/python" "$here/consumers/blender_positions.py" "$work"/heads/*.json \
    >"$work/blender.log" 2>&1 || failed=1
# Blender tells of every import; its own chatter matters only when something is wrong.
if ((failed)); then tail -n 40 "$work/blender.log"; else grep '^Blender  ' "$work/blender.log"; fi
exit "$failed"
