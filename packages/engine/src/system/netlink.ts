import { systemError } from './errno.ts';
import { call, lastErrno, native } from './library.ts';

const SOCKET = 'int socket(int domain, int type, int protocol)';
const SEND = 'long send(int fd, const void *data, unsigned long length, int flags)';
const RECV = 'long recv(int fd, _Out_ void *data, unsigned long length, int flags)';
const SETSOCKOPT = 'int setsockopt(int fd, int level, int name, const void *value, unsigned int length)';
const CLOSE = 'int close(int fd)';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0x80000;
const HEADER = 16; // struct nlmsghdr, netlink(7)
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;

export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;
/** Flags of a message. */
export const NLM = { REQUEST: 1, ACK: 4, ROOT: 0x100, MATCH: 0x200, EXCL: 0x200, CREATE: 0x400 } as const;

/** One message without its header: `type`, flags beside REQUEST and ACK, and the body. */
export interface Message {
  readonly type: number;
  readonly flags?: number;
  readonly body: Buffer;
  /** The markers round an nftables batch get no answer. */
  readonly silent?: true;
  /** What it does, for the error. */
  readonly doing: string;
}

/**
 * A netlink socket, bound to the network namespace in which it was opened. The kernel handles a request
 * within send(2), so every call here is synchronous and short. Whoever opens it closes it.
 */
export class Netlink {
  readonly #fd: number;
  #sequence = 1;

  constructor(protocol: number) {
    this.#fd = call(SOCKET, 'socket', 'netlink', AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    const timeout = Buffer.alloc(16);
    timeout.writeBigInt64LE(10n, 0); // seconds: an answer that never comes must not hang the program
    native(SETSOCKOPT)(this.#fd, 1, 20, timeout, timeout.length); // SOL_SOCKET, SO_RCVTIMEO
  }

  /** Sends all in one go and waits for every answer. @throws the first one's errno */
  request(...messages: readonly Message[]): void {
    const first = this.#sequence;
    const parts = messages.map((message) =>
      frame(message, this.#sequence++, NLM.REQUEST | (message.silent ? 0 : NLM.ACK) | (message.flags ?? 0)),
    );
    this.#send(Buffer.concat(parts));
    const open = new Set(messages.flatMap((message, at) => (message.silent ? [] : [first + at])));
    let failure: NodeJS.ErrnoException | undefined;
    while (open.size > 0) {
      for (const { type, sequence, body } of this.#receive()) {
        if (type !== NLMSG_ERROR) continue;
        const errno = -body.readInt32LE(0);
        // An error of a batch's own marker (EPERM) answers for all.
        if (!open.delete(sequence) && errno !== 0) open.clear();
        if (errno !== 0) failure ??= systemError(messages[sequence - first]?.doing ?? 'netlink', errno);
      }
    }
    if (failure) throw failure;
  }

  /** The one object that a GET names: the body of the answer. @throws its errno */
  get(type: number, body: Buffer): Buffer {
    const own = this.#sequence++;
    this.#send(frame({ type, body, doing: 'get' }, own, NLM.REQUEST));
    for (;;) {
      for (const answer of this.#receive()) {
        if (answer.sequence !== own) continue;
        if (answer.type === NLMSG_ERROR) throw systemError('netlink get', -answer.body.readInt32LE(0));
        return Buffer.from(answer.body);
      }
    }
  }

  /** All objects that a GET names: the bodies of the answers. */
  dump(type: number, body: Buffer): Buffer[] {
    const own = this.#sequence++;
    this.#send(frame({ type, body, doing: 'dump' }, own, NLM.REQUEST | NLM.ROOT | NLM.MATCH));
    const found: Buffer[] = [];
    for (;;) {
      for (const answer of this.#receive()) {
        if (answer.sequence !== own) continue;
        if (answer.type === NLMSG_DONE) return found;
        if (answer.type === NLMSG_ERROR) throw systemError('netlink dump', -answer.body.readInt32LE(0));
        found.push(Buffer.from(answer.body));
      }
    }
  }

  close(): void {
    native(CLOSE)(this.#fd);
  }
  [Symbol.dispose](): void {
    this.close();
  }

  #send(bytes: Buffer): void {
    call(SEND, 'send', 'netlink', this.#fd, bytes, bytes.length, 0);
  }

  *#receive(): Generator<{ type: number; sequence: number; body: Buffer }> {
    const length = native(RECV)(this.#fd, buffer, buffer.length, 0);
    if (length === -1) throw systemError('recv', lastErrno(), 'netlink');
    const bytes = Buffer.from(buffer.subarray(0, length));
    for (let at = 0; at + HEADER <= length; ) {
      const size = bytes.readUInt32LE(at);
      if (size < HEADER || at + size > length) return;
      yield {
        type: bytes.readUInt16LE(at + 4),
        sequence: bytes.readUInt32LE(at + 8),
        body: bytes.subarray(at + HEADER, at + size),
      };
      at += (size + 3) & ~3;
    }
  }
}
const buffer = Buffer.alloc(65536);

function frame(message: Message, sequence: number, flags: number): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(HEADER + message.body.length, 0);
  header.writeUInt16LE(message.type, 4);
  header.writeUInt16LE(flags, 6);
  header.writeUInt32LE(sequence, 8);
  return Buffer.concat([header, message.body, Buffer.alloc(-message.body.length & 3)]);
}

/** struct nlattr with its value and padding. */
export function attribute(type: number, ...values: readonly Buffer[]): Buffer {
  const value = Buffer.concat(values);
  const out = Buffer.alloc((4 + value.length + 3) & ~3);
  out.writeUInt16LE(4 + value.length, 0);
  out.writeUInt16LE(type, 2);
  value.copy(out, 4);
  return out;
}
export function text(type: number, value: string): Buffer {
  return attribute(type, Buffer.from(`${value}\0`));
}
export function u32(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return attribute(type, bytes);
}

/** The attributes in a message's body after its fixed part, by type; of several of one type the last. */
export function attributesOf(body: Buffer, from: number): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = from; at + 4 <= body.length; ) {
    const size = body.readUInt16LE(at);
    if (size < 4 || at + size > body.length) break;
    found.set(body.readUInt16LE(at + 2) & 0x3fff, body.subarray(at + 4, at + size));
    at += (size + 3) & ~3;
  }
  return found;
}
