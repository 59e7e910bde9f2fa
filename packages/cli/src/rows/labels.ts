type Labels = Readonly<Record<string, string>>;

export function labelText(labels: Labels): string {
  return Object.keys(labels)
    .sort()
    .map((key) => `${key}=${labels[key]}`)
    .join(',');
}

/** Gives a row `{{.Label "app"}}`: a method, not a field, so it stays out of the row's JSON. */
export function addLabelMethod(row: object, labels: Labels): void {
  const value = (name: string) => (Object.hasOwn(labels, name) ? labels[name] : '');
  Object.defineProperty(row, 'Label', { value, enumerable: false });
}
