import { MicaError } from '@mica/engine';

/** Go's strconv.ParseBool, which docker's flags are read by; null for what is none. */
export function parseBoolean(text: string): boolean | null {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  return /^(0|f|F|false|FALSE|False)$/.test(text) ? false : null;
}

/** For a flag's value; `flag` as docker names it in messages: `-p, --pause`. @throws MicaError invalid-argument */
export function boolean(flag: string) {
  return (text: string): boolean => {
    const value = parseBoolean(text);
    if (value !== null) return value;
    throw new MicaError(
      'invalid-argument',
      `invalid argument "${text}" for "${flag}" flag: strconv.ParseBool: parsing "${text}": invalid syntax`,
      { subject: flag, exitCode: 125, hint: 'true or false' },
    );
  };
}
