import { beforeAll, describe, expect, it } from 'vitest';

let kernelHashes: (wat: string) => Record<string, string>;
beforeAll(async () => {
  const script = new URL('../../../scripts/kernel-hashes.mjs', import.meta.url).href;
  ({ kernelHashes } = await import(/* @vite-ignore */ script));
});

/** Two kernels that share one callee of two levels, in the form that the compiler prints. */
function moduleText(changes: { shared?: string; first?: string; types?: string } = {}): string {
  return `(module
 (type $0 (func (param i32)))
 (import "env" "memory" (memory $0 0))
 (export "first" (func $a/first))
 (export "second" (func $b/second))
 (func $a/leaf (type $${changes.types ?? '0'}) (param $0 i32)
  ${changes.shared ?? 'nop'}
 )
 (func $a/middle (type $0) (param $0 i32)
  local.get $0
  call $a/leaf
 )
 (func $a/first (type $0) (param $0 i32)
  local.get $0
  ${changes.first ?? 'nop'}
  call $a/middle
 )
 (func $b/second (type $0) (param $0 i32)
  nop
 )
)
`;
}

describe('kernel hashes', () => {
  it('change with the kernel and with what it calls, however deep', () => {
    const before = kernelHashes(moduleText());
    expect(kernelHashes(moduleText({ first: 'drop' })).first).not.toBe(before.first);
    expect(kernelHashes(moduleText({ shared: 'unreachable' })).first).not.toBe(before.first);
  });

  it('stay when another kernel changes, or the numbering of types', () => {
    const before = kernelHashes(moduleText());
    expect(kernelHashes(moduleText({ shared: 'unreachable' })).second).toBe(before.second);
    expect(kernelHashes(moduleText({ types: '3' }))).toEqual(before);
  });
});
