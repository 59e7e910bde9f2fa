// Keywords of pax records (POSIX.1-2017, pax, "pax Extended Header Keywords"; star's SCHILY.xattr).

export const K_PATH = memory.data<u8>([0x70, 0x61, 0x74, 0x68]); // path
export const PATH_LEN: u32 = 4;
export const K_LINKPATH = memory.data<u8>([0x6c, 0x69, 0x6e, 0x6b, 0x70, 0x61, 0x74, 0x68]); // linkpath
export const LINKPATH_LEN: u32 = 8;
export const K_SIZE = memory.data<u8>([0x73, 0x69, 0x7a, 0x65]); // size
export const SIZE_LEN: u32 = 4;
export const K_UID = memory.data<u8>([0x75, 0x69, 0x64]); // uid
export const UID_LEN: u32 = 3;
export const K_GID = memory.data<u8>([0x67, 0x69, 0x64]); // gid
export const GID_LEN: u32 = 3;
export const K_MTIME = memory.data<u8>([0x6d, 0x74, 0x69, 0x6d, 0x65]); // mtime
export const MTIME_LEN: u32 = 5;
// SCHILY.xattr.
export const K_XATTR = memory.data<u8>([0x53, 0x43, 0x48, 0x49, 0x4c, 0x59, 0x2e, 0x78, 0x61, 0x74, 0x74, 0x72, 0x2e]);
export const XATTR_LEN: u32 = 13;
