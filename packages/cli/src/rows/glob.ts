/**
 * Go's path.Match, which docker's patterns are: `*` and `?` stop at a slash, `[a-z]`, `[^a-z]`, `\` escapes. A range
 * that runs backwards holds nothing.
 */
export function glob(pattern: string): (text: string) => boolean {
  const source = pattern.replace(/\\.|\[\^?[^\]]+\]|./gs, (part) => {
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.startsWith('\\') && part.length > 1) return /\w/.test(part.slice(1)) ? part.slice(1) : part;
    if (part.length > 1) return part;
    return /[.+^${}()|[\]\\]/.test(part) ? `\\${part}` : part;
  });
  try {
    const expression = new RegExp(`^${source}$`, 's');
    return (text) => expression.test(text);
  } catch {
    return () => false;
  }
}
