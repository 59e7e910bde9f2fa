/** Go's path.Match, which docker's patterns are: `*` and `?` stop at a slash, `[a-z]`, `[^a-z]`, `\` escapes. */
export function glob(pattern: string): (text: string) => boolean {
  const source = pattern.replace(/\\.|\[\^?[^\]]+\]|./gs, (part) => {
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.length > 1) return part;
    return /[.+^${}()|[\]\\]/.test(part) ? `\\${part}` : part;
  });
  const expression = new RegExp(`^${source}$`, 's');
  return (text) => expression.test(text);
}
