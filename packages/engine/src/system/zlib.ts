/** node:zlib when it is first used: loading it takes 3 ms of the start of every command, a tenth of Node's own. */
export function zlib(): typeof import('node:zlib') {
  return process.getBuiltinModule('node:zlib');
}
