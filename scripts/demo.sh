#!/usr/bin/env bash
# The main job for real, in a store of its own that is gone afterwards: an image of busybox, a
# container that changes, its diff, its commit, the picture of its layers, and a container of that commit.
# Where no container may run: the same over a plain directory.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=scripts/lib.sh
. "$root/scripts/lib.sh"

work=$(mktemp -d)
export MICA_ROOT=$work/store
mica() { "$root/bin/mica" "$@"; }
clean_up() {
  local id
  for id in $(mica ps -aq 2>/dev/null); do mica rm -f "$id" >/dev/null || true; done
  # The folder of sockets and pid files that belongs to this store.
  rm -rf "/run/mica/$(printf %s "$MICA_ROOT" | sha256sum | cut -c1-8)" 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT

# The command as one would type it.
prompt() {
  local word line=
  for word in "$@"; do
    case $word in *[!A-Za-z0-9_./:=@-]*) word=${word@Q} ;; esac
    line+=" $word"
  done
  printf '\n\033[1m$%s\033[0m\n' "$line"
}
show() {
  prompt "$@"
  "$@"
}
# expect WANTED COMMAND…: shows the output, and fails unless WANTED is in it.
expect() {
  local wanted=$1 output
  shift
  prompt "$@"
  output=$("$@")
  printf '%s\n' "$output"
  case $output in
    *"$wanted"*) ;;
    *) fail "expected \"$wanted\" in the output of: $*" ;;
  esac
}

busybox=$(command -v busybox) || fail "busybox is missing: apt-get install busybox-static"
mkdir -p "$work/rootfs"/{bin,etc,tmp}
cp -L "$busybox" "$work/rootfs/bin/busybox"
for applet in sh ls cat rm mkdir echo; do ln -s busybox "$work/rootfs/bin/$applet"; done
echo 'root:x:0:0:root:/:/bin/sh' >"$work/rootfs/etc/passwd"
tar -C "$work/rootfs" -cf "$work/rootfs.tar" .

show mica import "$work/rootfs.tar" demo:1.0
expect demo mica images
if containers_allowed; then
  expect 'hello from busybox' mica run --name first demo:1.0 sh -c 'echo hello from busybox; echo mica > /etc/motd; rm /bin/mkdir'
  expect 'D /bin/mkdir' mica diff first
  show mica commit -a 'A. Newcomer' -m 'say hello, drop mkdir' first demo:1.1
else
  say "this machine lets this user make no container (it takes root, and a mount namespace of one's own): the same over a plain directory"
  show mica unpack demo:1.0 "$work/tree"
  show sh -c "echo mica > '$work/tree/etc/motd'; rm '$work/tree/bin/mkdir'"
  show mica commit --from "$work/tree" -a 'A. Newcomer' -m 'say hello, drop mkdir' demo:1.0 demo:1.1
fi
expect 'say hello, drop mkdir' mica history demo:1.1
expect 'say hello, drop mkdir' mica layers --graph demo:1.1
expect 'D /bin/mkdir' mica diff demo:1.0 demo:1.1
expect 'A. Newcomer' mica blame demo:1.1:/etc
if containers_allowed; then
  expect mica mica run --rm demo:1.1 cat /etc/motd
  expect 'first' mica ps -a
  show mica rm first
else
  expect mica mica cat demo:1.1:/etc/motd
fi
show mica rmi demo:1.1 demo:1.0
printf '\nDone: everything that the demo made is gone again.\n'
