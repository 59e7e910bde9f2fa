// The names that speak of lower layers (image-spec 1.1.1, layer.md, "Whiteouts"; aufs invented them), as
// numbers to compare and to store.

/** ".wh.", four bytes. */
export const WH: u32 = 0x2e68772e;
export const WH_LEN: u32 = 4;

/** ".wh..wh.", eight bytes: aufs' own bookkeeping. */
export const WH_WH: u64 = 0x2e68772e2e68772e;
export const WH_WH_LEN: u32 = 8;

/** ".wh..wh..opq", twelve bytes: {@link WH_WH}, then this. */
export const OPQ: u32 = 0x71706f2e;
export const OPAQUE_LEN: u32 = 12;
