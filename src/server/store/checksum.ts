/** A number that another one would be if any one character were (FNV-1a, over UTF-16 units). */
export function checksum(parts: readonly (string | number)[]): number {
  let sum = 0x811c9dc5;
  for (const part of parts) {
    const text = typeof part === "string" ? part : String(part);
    for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
    // An end that no text has, so that what moves from one part to the next counts.
    sum = Math.imul(sum ^ 0x10000, 0x01000193);
  }
  return sum >>> 0;
}
