/**
 * A number that would be another one if any one character were (FNV-1a, over two UTF-16 units at a time): each step maps
 * different sums to different sums.
 */
export function checksum(parts: readonly (string | number)[]): number {
  let sum = 0x811c9dc5;
  for (const part of parts) {
    const text = typeof part === "string" ? part : String(part);
    const end = text.length - 1;
    let i = 0;
    for (; i < end; i += 2) {
      const units = text.charCodeAt(i) | text.charCodeAt(i + 1) << 16;
      sum = Math.imul(sum ^ units, 0x01000193);
    }
    if (i === end) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
    // So that what moves from one part to the next counts.
    sum = Math.imul(sum ^ text.length, 0x01000193);
  }
  return sum >>> 0;
}
