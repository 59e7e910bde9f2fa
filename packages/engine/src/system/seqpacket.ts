import { systemError } from './errno.ts';
import { call, lastErrno, native } from './library.ts';

const SOCKET = 'int socket(int domain, int type, int protocol)';
const CONNECT = 'int connect(int fd, const void *address, unsigned int length)';
const SHUTDOWN = 'int shutdown(int fd, int how)';
const RECV = 'long recv(int fd, void *buffer, unsigned long length, int flags)';
const CLOSE = 'int close(int fd)';

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOCK_CLOEXEC = 0x80000;
const MSG_DONTWAIT = 0x40;
const EAGAIN = 11;
const ECONNRESET = 104;

/** Connects to a SOCK_SEQPACKET socket, which Node's net refuses. The descriptor is the caller's to close. */
export function connectSeqpacket(path: string): number {
  const address = Buffer.alloc(110);
  address.writeUInt16LE(AF_UNIX, 0);
  if (address.write(path, 2) + 1 > 108) throw new Error(`socket path too long: ${path}`); // sun_path, unix(7)
  const fd = call(SOCKET, 'socket', path, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  try {
    call(CONNECT, 'connect', path, fd, address, address.length);
  } catch (error) {
    native(CLOSE)(fd);
    throw error;
  }
  return fd;
}

/** One packet, cut where the buffer is too small; its length, 0 at the end, null while none is there. */
export function receive(fd: number, buffer: Buffer): number | null {
  const recv = native(RECV);
  let length = recv(fd, buffer, buffer.length, MSG_DONTWAIT);
  // The other side was closed before it read all of ours. That is told once, and before the packets that it had sent.
  if (length === -1 && lastErrno() === ECONNRESET) length = recv(fd, buffer, buffer.length, MSG_DONTWAIT);
  if (length !== -1) return length;
  if (lastErrno() === EAGAIN) return null;
  throw systemError('recv', lastErrno());
}

/** Ends this side's writing: the other one reads an end of file. */
export function shutdownWrite(fd: number): void {
  native(SHUTDOWN)(fd, 1);
}

/** Ends both directions: a read that waits in another thread returns. */
export function shutdownBoth(fd: number): void {
  native(SHUTDOWN)(fd, 2);
}
