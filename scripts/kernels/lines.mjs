/** `write(i)` for i from 0 to count - 1, a line each. */
export function lines(count, write) {
  return Array.from({ length: count }, (_, i) => write(i)).join('\n');
}
