#!/usr/bin/env bash
# Bootstraps, then runs a command with Node 26 first on its PATH: scripts/with-toolchain.sh node --version
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=scripts/lib.sh
. "$root/scripts/lib.sh"
bash "$root/scripts/bootstrap.sh" --runtime=offer
use_toolchain
PATH=$root/node_modules/.bin:$PATH
exec "$@"
