/**
 * Copies `bytes` < 64 bytes without touching one more: for the tail of a tensor of exact size, where a whole vector
 * would read or write beyond it. No alignment is needed.
 */
export function copyTail(target: usize, source: usize, bytes: u32): void {
  while (bytes >= 16) {
    v128.store(target, v128.load(source));
    target += 16;
    source += 16;
    bytes -= 16;
  }
  if (bytes & 8) {
    store<u64>(target, load<u64>(source));
    target += 8;
    source += 8;
  }
  if (bytes & 4) {
    store<u32>(target, load<u32>(source));
    target += 4;
    source += 4;
  }
  if (bytes & 2) {
    store<u16>(target, load<u16>(source));
    target += 2;
    source += 2;
  }
  if (bytes & 1) store<u8>(target, load<u8>(source));
}
