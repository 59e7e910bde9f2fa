import { MicaError } from '../error.ts';

/**
 * Names what a runtime's message means. `doing` is the runtime's verb, `command` the program that it was to start.
 * 127 for a command that is not there, 126 for one that cannot be run, and for an exec whatever else kept it from
 * starting, as in docker. Only that a missing command is 126 for docker's exec is not followed: its manual says 127.
 */
export function runtimeError(output: string, doing: string, command: string | null = null): MicaError {
  const text = said(output);
  const exitCode = doing === 'exec' ? 126 : 1;
  const [, why = text] = /^(?:open executable|exec: "[^"]*"): (.*)$/.exec(text) ?? [];
  const about = command === null ? {} : { subject: command };
  const refused = command === null ? text : `${JSON.stringify(command)}: ${why}`;
  if (/chdir/.test(text))
    return new MicaError('no-such-path', `cannot start the command: ${text}`, {
      exitCode: doing === 'exec' ? 126 : 127,
      hint: 'the working directory is not there: -w names another',
    });
  const missing = /executable file|No such file or directory/.test(text) && /exec|executable/.test(text);
  if (missing || (command !== null && why !== text && !command.includes('/') && !/symbolic links/.test(why)))
    return new MicaError('command-not-found', `cannot start the command: ${notFound(command, text)}`, {
      ...about,
      exitCode: 127,
      hint: 'is it in the image, and on its PATH?',
    });
  if (/too many levels of symbolic links/i.test(text) && /exec/.test(text))
    return new MicaError('command-not-found', `cannot start the command: ${refused}`, {
      ...about,
      exitCode: 127,
      hint: 'a symbolic link on its path leads back to itself',
    });
  // crun opens a directory that is to be the command as an executable, and says that this is not permitted.
  if (/^open executable: Operation not permitted|[Ii]s a directory/.test(text))
    return new MicaError('command-not-executable', `cannot start the command: ${command ?? ''} is not a file`, {
      ...about,
      exitCode: 126,
      hint: 'name a program, not the folder that it is in',
    });
  if (/[Pp]ermission denied|Exec format error/.test(text) && /exec|open/.test(text))
    return new MicaError('command-not-executable', `cannot start the command: ${refused}`, {
      ...about,
      exitCode: 126,
      hint: 'it needs its x bit (chmod +x) and, if it is a script, a shell before it: sh FILE',
    });
  if (/not a directory/i.test(why) && /exec/.test(text))
    return new MicaError('no-such-path', `cannot start the command: ${refused}`, {
      ...about,
      exitCode,
      hint: 'a part of its path is a file, or a volume puts a file where the image has a directory',
    });
  return new MicaError('runtime-failed', `the OCI runtime failed (${doing}): ${text}`, {
    exitCode,
    hint: 'mica info names the runtime; MICA_DEBUG=1 shows where it was called',
  });
}

function notFound(command: string | null, text: string): string {
  if (command === null) return text;
  const name = JSON.stringify(command);
  return command.includes('/') ? `${name}: no such file or directory` : `${name}: executable file not found in $PATH`;
}

/** The last line; of runc's, which are a log's (time, level, msg), what it says. */
function said(output: string): string {
  const line = output.trim().split('\n').at(-1) ?? '';
  const quoted = /^time=.* msg=("(?:[^"\\]|\\.)*")/.exec(line)?.[1];
  if (quoted === undefined) return line;
  return (JSON.parse(quoted) as string).replace(
    /^(?:runc create|exec) failed: (?:unable to start container process: )?/,
    '',
  );
}
