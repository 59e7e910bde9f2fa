/** Whether a value read from a column of JSON is what was written there. */
export type Shape = (value: unknown) => boolean;

export const text: Shape = (value) => typeof value === 'string';
export const whole: Shape = (value) => Number.isSafeInteger(value);
export const time: Shape = (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value));
export const object = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function listOf(item: Shape): Shape {
  return (value) => Array.isArray(value) && value.every(item);
}
export function byName(item: Shape): Shape {
  return (value) => object(value) && Object.values(value).every(item);
}
export function orNull(shape: Shape): Shape {
  return (value) => value === null || shape(value);
}
export function orNone(shape: Shape): Shape {
  return (value) => value === undefined || value === null || shape(value);
}
/** Each of these fields as it says, others as they are. */
export function fields(shapes: Readonly<Record<string, Shape>>): Shape {
  return (value) => object(value) && Object.entries(shapes).every(([field, shape]) => shape(value[field]));
}

/** Of a process: files.ts, Owner. */
export const owner = fields({ pid: whole, start: text });
