// Bytes by their names in ASCII.

export const NEWLINE: u8 = 0x0a;
export const SPACE: u8 = 0x20;
export const COMMA: u8 = 0x2c;
export const MINUS: u8 = 0x2d;
export const DOT: u8 = 0x2e;
export const SLASH: u8 = 0x2f;
export const ZERO: u8 = 0x30;
export const SEVEN: u8 = 0x37;
const NINE: u8 = 0x39;
export const EQUALS: u8 = 0x3d;
export const W: u8 = 0x77;

/** Two dots as one number. */
export const DOT_DOT: u16 = 0x2e2e;
/** './' as one number. */
export const DOT_SLASH: u16 = 0x2f2e;

// @ts-ignore: decorator
@inline
export function isDigit(c: u8): bool {
  return c >= ZERO && c <= NINE;
}
