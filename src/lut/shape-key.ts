import { outputSize, type Workload, type WorkloadOp } from '../network/workload.ts';

const KEY =
  /^([a-zA-Z0-9]+)\/n1-h(\d+)-w(\d+)-ci(\d+)-co(\d+)-k(\d+)x(\d+)-s(\d+)x(\d+)-p(\d+)\.(\d+)\.(\d+)\.(\d+)-d(\d+)x(\d+)-g(\d+)-[a-z0-9]+-r[01]-(?:u8|shared|f32):(?:u8|f32)\/(\w+)$/;

type Shape = Pick<
  Workload,
  'op' | 'height' | 'width' | 'inChannels' | 'outChannels' | 'kernel' | 'stride' | 'padding' | 'dilation' | 'groups'
>;

/**
 * What an imported figure is known of: op, sizes, window and scheme. Padding counts only by the size that it leads to;
 * formats, activation and residual do not count, since other tools' tables do not tell them.
 *
 * @example shapeKey({ op: 'conv2d', height: 8, width: 8, inChannels: 4, outChannels: 6, kernel: [3, 3], stride: [2, 2], padding: [0, 1, 1, 0], dilation: [1, 1], groups: 2 }, 'w4a4') // => 'conv2d h8 w8 ci4 co6 k3x3 s2x2 d1x1 g2 to 4x4 w4a4'
 */
export function shapeKey(shape: Shape, scheme: string): string {
  const { op, height, width, inChannels, outChannels, kernel, stride, dilation, groups } = shape;
  const sizes = `h${height} w${width} ci${inChannels} co${outChannels}`;
  const window = `k${kernel.join('x')} s${stride.join('x')} d${dilation.join('x')} g${groups}`;
  return `${op} ${sizes} ${window} to ${outputSize(shape).join('x')} ${scheme}`;
}

/** The shape key of an entry's key; undefined for what is no key of an entry. */
export function shapeKeyOf(entryKey: string): string | undefined {
  const match = KEY.exec(entryKey);
  if (!match) return undefined;
  const [height, width, inChannels, outChannels, kh, kw, sh, sw, top, right, bottom, left, dh, dw, groups] = match
    .slice(2, 17)
    .map(Number);
  const shape: Shape = {
    op: match[1] as WorkloadOp,
    ...{ height, width, inChannels, outChannels, groups },
    kernel: [kh, kw],
    stride: [sh, sw],
    padding: [top, right, bottom, left],
    dilation: [dh, dw],
  };
  return shapeKey(shape, match[17]);
}
