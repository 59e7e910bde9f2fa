// The header block of a tar (POSIX.1-2017, pax, "ustar Interchange Format"): where its fields stand, how
// long they are, and the types of entries there are, with those that GNU and Sun added.

export const BLOCK_SIZE: u32 = 512;

export const NAME_LEN: u32 = 100; // at 0
export const AT_MODE: usize = 100;
export const AT_UID: usize = 108;
export const AT_GID: usize = 116;
export const AT_SIZE: usize = 124;
export const AT_MTIME: usize = 136;
export const AT_CHECKSUM: usize = 148;
export const AT_TYPE: usize = 156;
export const AT_LINK: usize = 157;
export const LINK_LEN: u32 = 100;
export const AT_MAGIC: usize = 257;
export const AT_DEV_MAJOR: usize = 329;
export const AT_DEV_MINOR: usize = 337;
export const AT_PREFIX: usize = 345;
export const PREFIX_LEN: u32 = 155;

/** Bytes of a mode, an owner, a checksum or a device number. */
export const SHORT: u32 = 8;
/** Bytes of a size or a time. */
export const LONG: u32 = 12;

/** The first four bytes of "ustar"; its fifth. */
export const MAGIC_USTA: u32 = 0x61747375;
export const MAGIC_R: u8 = 0x72;

export const T_OLD_FILE: u8 = 0;
export const T_FILE: u8 = 0x30; // 0
export const T_HARDLINK: u8 = 0x31; // 1
export const T_SYMLINK: u8 = 0x32; // 2
export const T_CHAR: u8 = 0x33; // 3
export const T_BLOCK: u8 = 0x34; // 4
export const T_DIR: u8 = 0x35; // 5
export const T_FIFO: u8 = 0x36; // 6
export const T_CONTIGUOUS: u8 = 0x37; // 7: a file
export const T_PAX: u8 = 0x78; // x: what the next entry's header cannot say
export const T_PAX_GLOBAL: u8 = 0x67; // g: the same for all entries from here on
export const T_PAX_SUN: u8 = 0x58; // X: Solaris' x
export const T_LONG_NAME: u8 = 0x4c; // L: GNU's, as are those below
export const T_LONG_LINK: u8 = 0x4b; // K
export const T_SPARSE: u8 = 0x53; // S
export const T_DUMPDIR: u8 = 0x44; // D: a directory with a list of its files as its data
export const T_VOLUME: u8 = 0x56; // V: a label, no entry
