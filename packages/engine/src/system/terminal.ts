import { call } from './library.ts';

/** termios(3): glibc's struct has 60 bytes, musl's the same; c_oflag is the second of its words. */
const TERMIOS = 60;
const OFLAG = 4;
const OPOST = 1;
const TCSANOW = 0;

/**
 * What is written to this terminal reaches it byte for byte. Node's raw mode, which is to come first, still makes
 * CR LF of each line feed, and a program that moves its cursor down by one finds it at the line's beginning. The end
 * of raw mode takes this back, too. @throws the errno's error
 */
export function rawOutput(fd: number): void {
  const settings = Buffer.alloc(TERMIOS);
  call('int tcgetattr(int fd, void *settings)', 'tcgetattr', undefined, fd, settings);
  settings.writeUInt32LE((settings.readUInt32LE(OFLAG) & ~OPOST) >>> 0, OFLAG);
  call('int tcsetattr(int fd, int when, const void *settings)', 'tcsetattr', undefined, fd, TCSANOW, settings);
}
