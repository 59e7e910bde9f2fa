// Why a tar is refused: the scanner's `error`. src/tar/scanner.ts has the words for each.

export const E_NONE: u32 = 0;
export const E_HEADER: u32 = 1; // not a header, or its checksum is wrong
export const E_FIELD: u32 = 2; // a number that is none
export const E_CUT: u32 = 3; // ends in the middle of an entry
export const E_NAME: u32 = 4; // '..' in a name
export const E_WHITEOUT: u32 = 5; // a whiteout of nothing, '.' or '..'
export const E_PAX: u32 = 6; // a pax record that is none
export const E_LIMIT: u32 = 7; // more than the caller allows
export const E_SPARSE: u32 = 8; // a sparse map that contradicts itself
export const E_TYPE: u32 = 9; // an entry type nobody defined
export const E_LOOP: u32 = 10; // symlinks that lead in a circle
export const E_DEVICE: u32 = 11; // a device number out of range
export const E_LONG: u32 = 12; // a path the kernel would refuse
export const E_LINK: u32 = 13; // a link without a target
export const E_ESCAPE: u32 = 14; // a symlink on the way that climbs above the root
