import { native, nativeAt } from './library.ts';

const MMAP = 'int64_t mmap(uint64_t at, unsigned long length, int protection, int flags, int fd, long offset)';
const MPROTECT = 'int mprotect(uint64_t at, unsigned long length, int protection)';
const MUNMAP = 'int munmap(uint64_t at, unsigned long length)';
const MEMCPY = 'uint64_t memcpy(uint64_t to, const void *from, unsigned long size)';
const PROT = { readWrite: 3, readExecute: 5 } as const;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const PAGE = 4096;

/**
 * void make(uint64_t (*calls)[8], unsigned long count): of each its number and arguments into the registers where the
 * kernel has them (syscall(2), "x86-64"), and what it returned behind them.
 */
const X64 = `
  f3 0f 1e fa       endbr64
  53                push rbx
  55                push rbp
  48 89 fb          mov rbx, rdi
  48 89 f5          mov rbp, rsi
  48 85 ed          next: test rbp, rbp
  74 2a             jz end
  48 8b 03          mov rax, [rbx]
  48 8b 7b 08       mov rdi, [rbx + 8]
  48 8b 73 10       mov rsi, [rbx + 16]
  48 8b 53 18       mov rdx, [rbx + 24]
  4c 8b 53 20       mov r10, [rbx + 32]
  4c 8b 43 28       mov r8, [rbx + 40]
  4c 8b 4b 30       mov r9, [rbx + 48]
  0f 05             syscall
  48 89 43 38       mov [rbx + 56], rax
  48 83 c3 40       add rbx, 64
  48 ff cd          dec rbp
  eb d1             jmp next
  5d                end: pop rbp
  5b                pop rbx
  c3                ret
`;

let address: number | undefined;
let bound: ReturnType<typeof nativeAt> | undefined;

/**
 * The processor's own code for a list of system calls (call-list.ts); null where there is none for it, or no page may hold
 * code. It is never written to once it may be run, and stays as long as the process.
 */
export function callCode(): ((at: number, count: number) => unknown) | null {
  bound ??= codeAt() === 0 ? undefined : nativeAt(codeAt(), 'void (uint64_t calls, unsigned long count)');
  return bound ?? null;
}

/**
 * Threads that are started from now on {@link takeCode} of this one: ended from outside, each would leave a page behind, as
 * a thread of somebody else's does.
 */
export function shareCode(): void {
  threads().setEnvironmentData(SHARED, codeAt());
}
export function takeCode(): void {
  const at = threads().getEnvironmentData(SHARED);
  if (typeof at === 'number') address = at;
}
const SHARED = 'mica: where the code is that makes lists of system calls';
const threads = () => process.getBuiltinModule('node:worker_threads'); // 1 ms that others need not pay

/** Where it is; 0: nowhere. */
function codeAt(): number {
  address ??= process.arch === 'x64' ? placeCode(assembled(X64)) : 0;
  return address;
}

function assembled(listing: string): Uint8Array {
  const bytes = listing.split('\n').flatMap((line) => line.match(/^ {2}((?:[\da-f]{2} )+)/)?.[1]?.split(' ') ?? []);
  return Uint8Array.from(bytes.filter(Boolean), (byte) => Number.parseInt(byte, 16));
}

/** In memory of its own of `size` bytes, which may be run and not written to; where, or 0 where that cannot be had. */
export function placeCode(code: Uint8Array, size = PAGE): number {
  const at = native(MMAP)(0, size, PROT.readWrite, MAP_PRIVATE_ANONYMOUS, -1, 0);
  if (at === -1) return 0;
  native(MEMCPY)(at, code, code.length);
  if (native(MPROTECT)(at, size, PROT.readExecute) === 0) return at;
  native(MUNMAP)(at, size);
  return 0;
}
