import { systemError } from './errno.ts';
import { call, lastErrno, native } from './library.ts';

const SOCKET = 'int socket(int domain, int type, int protocol)';
const SETSOCKOPT = 'int setsockopt(int fd, int level, int name, const void *value, unsigned int length)';
const BIND = 'int bind(int fd, const void *address, unsigned int length)';
const LISTEN = 'int listen(int fd, int backlog)';
const GETSOCKNAME = 'int getsockname(int fd, _Out_ void *address, _Inout_ unsigned int *length)';
const CLOSE = 'int close(int fd)';

const AF_INET = 2;
const SOCK_CLOEXEC = 0x80000;

/**
 * Takes a port as a server would, so that nobody else can: the kernel frees it with the last process that
 * has the descriptor open. `port` 0 takes any free one. @throws EADDRINUSE, EADDRNOTAVAIL, EACCES
 */
export function holdPort(protocol: 'tcp' | 'udp', address: number, port: number): { fd: number; port: number } {
  const fd = call(SOCKET, 'socket', protocol, AF_INET, (protocol === 'tcp' ? 1 : 2) | SOCK_CLOEXEC, 0);
  try {
    const one = Buffer.from([1, 0, 0, 0]);
    // Connections of an earlier server that linger in TIME_WAIT do not count as taken.
    if (protocol === 'tcp') call(SETSOCKOPT, 'setsockopt', protocol, fd, 1, 2, one, 4); // SOL_SOCKET, SO_REUSEADDR
    const name = Buffer.alloc(16); // struct sockaddr_in, ip(7)
    name.writeUInt16LE(AF_INET, 0);
    name.writeUInt16BE(port, 2);
    name.writeUInt32BE(address, 4);
    if (native(BIND)(fd, name, name.length) === -1) throw systemError('bind', lastErrno());
    // A socket that only bound does not keep others with SO_REUSEADDR away; one that listens does.
    if (protocol === 'tcp' && native(LISTEN)(fd, 1) === -1) throw systemError('listen', lastErrno());
    call(GETSOCKNAME, 'getsockname', protocol, fd, name, [name.length]);
    return { fd, port: name.readUInt16BE(2) };
  } catch (error) {
    native(CLOSE)(fd);
    throw error;
  }
}
