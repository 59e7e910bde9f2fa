#!/usr/bin/env bash
# Provides what a checkout needs to run: Node 26, the npm packages, the .wasm and the command line's bundle,
# and the runtime parts (crun, conmon, …). Idempotent; two at once wait for each other; nothing to do costs
# a few hashes and one find.
#
#   scripts/bootstrap.sh                    stops with exit code 3 when runtime parts are missing and it may not install them
#   scripts/bootstrap.sh --runtime=offer    says the same, and goes on: unpack and commit --from need none of them
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=scripts/lib.sh
. "$root/scripts/lib.sh"
cd "$root"

runtime=require
for argument in "$@"; do
  case $argument in
    --runtime=require | --runtime=offer) runtime=${argument#--runtime=} ;;
    *) fail "unknown argument: $argument" ;;
  esac
done

[ "$(uname -s)" = Linux ] || fail "Mica runs containers on Linux only; this is $(uname -s)"

node_version=26.10.0
# Integrity as in the registry's own metadata (Subresource Integrity, sha512).
node_integrity_x64='sha512-OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw=='

stamps=$root/.toolchain/stamps
mkdir -p "$stamps"

# ---- each step: is it done, and how to do it ------------------------------------------------------------------

toolchain_ready() {
  { [ -x "$root/.toolchain/node-$node_version/bin/node" ] && stamped node "$node_version"; } || machine_has_node_26
}

machine_has_node_26() {
  local found
  found=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null) || return 1
  [ "$found" -ge 26 ] && command -v npm >/dev/null
}

# A minimal Debian lacks the one library beside libc that Node 26 is linked with; npm cannot bring it.
prove_node() {
  local node=$root/.toolchain/node-$node_version/bin/node
  "$node" --version >/dev/null 2>&1 || install_packages libatomic1 || exit 3
  "$node" --version >/dev/null || fail "Node $node_version does not run on this machine"
  stamp node "$node_version"
}

# What one write(2) brings stays in the page cache in pages as large as that, on ext4 and xfs at least, and Linux maps
# 2 MiB of a program at once where they lie in one: node -e 0 takes 73 ms so, and 95 as tar writes it, 10 KiB at a time.
# bin/mica brings some of it back after a boot, and knows one by the note beside it.
in_large_pages() {
  # A disk that has no room for a second one is no reason to fail.
  dd if="$1" of="$1.new" bs=64M conv=fsync status=none 2>/dev/null && chmod --reference="$1" "$1.new" && mv -f "$1.new" "$1" || {
    rm -f "$1.new"
    return 0
  }
  cat /proc/sys/kernel/random/boot_id >"$1.boot" || rm -f "$1.boot"
}

provide_node() {
  command -v npm >/dev/null || fail "npm is missing: install Node 20 or later with npm (apt-get install nodejs npm)"
  local arch integrity
  case $(uname -m) in
    x86_64) arch=x64 integrity=$node_integrity_x64 ;;
    *) fail "no pinned Node $node_version for $(uname -m): install Node 26 yourself and put it on the PATH" ;;
  esac
  say "Node $node_version into .toolchain/"
  local work archive
  work=$(mktemp -d "$root/.toolchain/unpack.XXXXXX")
  # The trap, not a last line: a failed download must leave nothing behind either.
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  (cd "$work" && npm pack --loglevel=error "node-linux-$arch@$node_version" >/dev/null) ||
    fail "npm could not download node-linux-$arch@$node_version: is the registry reachable? (npm ping)"
  archive=$(echo "$work"/*.tgz)
  node -e '
    const [file, integrity] = process.argv.slice(1);
    const found = "sha512-" + require("crypto").createHash("sha512").update(require("fs").readFileSync(file)).digest("base64");
    if (found !== integrity) { console.error(`expected ${integrity}\nfound    ${found}`); process.exit(1); }
  ' "$archive" "$integrity" || fail "the downloaded Node does not have the pinned digest"
  tar -xzf "$archive" -C "$work" --no-same-owner
  mv -T "$work/package" "$root/.toolchain/node-$node_version"
  rm -rf "$work"
  trap - EXIT
}

packages_key() { hash_files package-lock.json .npmrc packages/*/package.json; }
packages_ready() { [ -d node_modules ] && stamped packages "$(packages_key)"; }
install_npm_packages() {
  say "npm packages"
  # No package here needs its install script: their binaries come as optional dependencies.
  # Twice: a registry that fails once is common, and npm ci begins anew.
  local options=(--ignore-scripts --no-audit --no-fund --loglevel=error)
  npm ci "${options[@]}" >&2 || npm ci "${options[@]}" >&2
  stamp packages "$(packages_key)"
}

# The key holds names, sizes and times, not bytes: Nx hashes the bytes itself, once this says that something moved.
build_key() {
  find packages package-lock.json \( -name node_modules -o -name dist -o -name build -o -name test -o -name bench \) -prune \
    -o -type f -printf '%p %s %T@\n' | LC_ALL=C sort | sha256sum | cut -d' ' -f1
}
build_ready() {
  [ -f packages/cli/dist/main.js ] && ls packages/core-wasm/build/*.wasm >/dev/null 2>&1 && stamped build "$(build_key)" &&
    # A file that came and went, an editor's: bin/mica would run the sources from then on.
    [ -z "$(find -H packages/*/src -type d -newer packages/cli/dist/main.js -print -quit)" ]
}
build() {
  say "kernels and command line"
  local key log
  key=$(build_key)
  log=$root/.toolchain/build.log
  NX_DAEMON=false NX_NO_CLOUD=true NX_TUI=false node node_modules/.bin/nx run-many -t build --output-style=static >"$log" 2>&1 || {
    tail -n 60 "$log" >&2
    fail "the build failed (all of it: .toolchain/build.log)"
  }
  stamp build "$key"
}

# ---- in order --------------------------------------------------------------------------------------------------

everything_ready() { toolchain_ready && use_toolchain && packages_ready && build_ready; }

if ! everything_ready; then
  # One bootstrap at a time; whoever waited finds the work done.
  exec 9>"$root/.toolchain/lock"
  flock 9
  toolchain_ready || { [ -d ".toolchain/node-$node_version" ] || provide_node; prove_node; }
  # npm runs on the machine's own Node when there is one: Debian's npm 9 is not made for Node 26.
  packages_ready || install_npm_packages
  use_toolchain
  if ! build_ready; then
    build
    # At each build, not only the first: what Linux takes back where memory is short comes again in small pages.
    if [ -x ".toolchain/node-$node_version/bin/node" ]; then in_large_pages "$root/.toolchain/node-$node_version/bin/node"; fi
  fi
  exec 9>&-
fi

if ! install_commands crun:crun conmon:conmon runc:runc busybox:busybox-static nft:nftables aardvark-dns:aardvark-dns; then
  [ "$runtime" = offer ] || exit 3
fi
