#!/usr/bin/env bash
# All tests, after installing what they compare with. With CI=true a missing tool is a failure; on a
# user's machine the tests that need root step aside, and the run says so.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=scripts/lib.sh
. "$root/scripts/lib.sh"
cd "$root"
mkdir -p .toolchain
if ! install_commands setfattr:attr mkfs.ext4:e2fsprogs tar:tar debootstrap:debootstrap umoci:umoci skopeo:skopeo podman:podman \
  dockerd:docker.io docker-registry:docker-registry openssl:openssl tmux:tmux curl:curl ip:iproute2 \
  chromium:chromium /usr/bin/time:time nsenter:util-linux; then
  [ "${CI:-}" != true ] || fail 'with CI=true nothing may be missing'
fi
exec vitest run "$@"
