import { isLoaded, native } from './library.ts';

/**
 * Ends this process with `code` by _exit(2): what Node does at its end (it joins its threads and takes its heap apart) is
 * 6 ms, and where its output is a file it waits for the disk as well. Returns where no call was made yet, for which what
 * makes them would have to be loaded; or where Node has something to write at its end, a profile or what was covered.
 */
export function exitAtOnce(code: number): void {
  const { env, execArgv } = process;
  if (!isLoaded() || env.NODE_OPTIONS || env.NODE_V8_COVERAGE || execArgv.some((flag) => flag.includes('-prof')))
    return;
  native('void _exit(int code)')(code);
}
