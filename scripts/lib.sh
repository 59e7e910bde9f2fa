# Shared by the scripts; sourced, after `root` is set.

say() {
  if [ -t 2 ]; then printf '\033[2m· %s\033[0m\n' "$*" >&2; else printf '· %s\n' "$*" >&2; fi
}
fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Puts the checkout's Node 26 first on the PATH, if the checkout has one.
use_toolchain() {
  local bin
  for bin in "$root"/.toolchain/node-26*/bin; do
    if [ -x "$bin/node" ]; then PATH=$bin:$PATH; fi
  done
  export PATH
}

hash_files() { sha256sum -- "$@" | sha256sum | cut -d' ' -f1; }
stamped() { [ -f "$stamps/$1" ] && [ "$(cat "$stamps/$1")" = "$2" ]; }
stamp() { printf '%s\n' "$2" >"$stamps/$1.$$" && mv "$stamps/$1.$$" "$stamps/$1"; }

# install_commands COMMAND:PACKAGE… installs the Debian packages of the commands that are missing.
install_commands() {
  local pair packages=() PATH=$PATH:/usr/sbin:/sbin:/usr/lib/podman:/usr/libexec/podman
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null || packages+=("${pair#*:}")
  done
  [ ${#packages[@]} -gt 0 ] || return 0
  install_packages "${packages[@]}"
}

# install_packages PACKAGE… by Debian's names. Anywhere it may not, it prints the one command that would, and returns 3.
install_packages() {
  local packages=("$@")
  if ! command -v apt-get >/dev/null; then
    say "missing: ${packages[*]}. Install them with your distribution's package manager, for example:"
    printf 'dnf install %s\n' "${packages[*]}" >&2
    return 3
  fi
  if [ "$(id -u)" != 0 ]; then
    say "missing: ${packages[*]}. Run:"
    printf 'sudo apt-get install --no-install-recommends %s\n' "${packages[*]}" >&2
    return 3
  fi
  say "apt-get install ${packages[*]}"
  local log=$root/.toolchain/apt.log
  # A fresh image has no package lists, an old one stale ones: so once as it is, then once more after an update.
  export DEBIAN_FRONTEND=noninteractive
  local options=(-y -q --no-install-recommends -o DPkg::Lock::Timeout=300)
  apt-get install "${options[@]}" "${packages[@]}" >"$log" 2>&1 </dev/null ||
    { apt-get update -q >"$log" 2>&1 && apt-get install "${options[@]}" "${packages[@]}" >>"$log" 2>&1 </dev/null; } || {
    tail -n 20 "$log" >&2
    fail "apt-get could not install ${packages[*]}"
  }
}

# Whether this process may make a container: root, with a mount namespace and an overlay of its own.
containers_allowed() {
  [ "$(id -u)" = 0 ] || return 1
  local at verdict=1
  at=$(mktemp -d)
  mkdir "$at/lower" "$at/top"
  unshare --mount --propagation private sh -c "
    mount -t tmpfs none '$at/top' && mkdir '$at/top/upper' '$at/top/work' '$at/top/all' &&
    mount -t overlay none -o 'lowerdir=$at/lower,upperdir=$at/top/upper,workdir=$at/top/work' '$at/top/all'
  " >/dev/null 2>&1 && verdict=0
  rm -rf "$at"
  return $verdict
}
