type Labels = Readonly<Record<string, string>>;

export function labelText(labels: Labels): string {
  return Object.keys(labels)
    .sort()
    .map((key) => `${key}=${labels[key]}`)
    .join(',');
}

/** Gives a row `{{.Label "app"}}`: a method, not a field, so it stays out of the row's JSON. */
export function addLabelMethod(row: object, labels: Labels): void {
  // A `{{.Label}}` that misses its name, and so would print nothing, is told of.
  const value = (...args: readonly unknown[]) => {
    const [name] = args;
    if (args.length !== 1 || typeof name !== 'string') throw new Error(`one text is wanted, got ${args.length}`);
    return Object.hasOwn(labels, name) ? labels[name] : '';
  };
  Object.defineProperty(row, 'Label', { value, enumerable: false });
}
