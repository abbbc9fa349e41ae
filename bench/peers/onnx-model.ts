import protobuf from 'protobufjs';

/** The few messages of onnx.proto3 that a model of convolutions needs, with their published field numbers. */
const { root } = protobuf.parse(
  `
syntax = "proto3";
message Attribute { string name = 1; float f = 2; int64 i = 3; bytes s = 4; repeated float floats = 7; repeated int64 ints = 8; int32 type = 20; }
message Node { repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; repeated Attribute attribute = 5; string domain = 7; }
message Tensor { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
message Dim { int64 dim_value = 1; }
message Dims { repeated Dim dim = 1; }
message TensorType { int32 elem_type = 1; Dims shape = 2; }
message Type { TensorType tensor_type = 1; }
message ValueInfo { string name = 1; Type type = 2; }
message Graph { repeated Node node = 1; string name = 2; repeated Tensor initializer = 5; repeated ValueInfo input = 11; repeated ValueInfo output = 12; }
message Opset { string domain = 1; int64 version = 2; }
message Model { int64 ir_version = 1; repeated Opset opset_import = 8; Graph graph = 7; }
`,
  { keepCase: true },
);
const Model = root.lookupType('Model');

const TYPES = { f32: 1, u8: 2, i8: 3, i32: 6 } as const;
type ElementType = keyof typeof TYPES;
type Data = Float32Array | Uint8Array | Int8Array | Int32Array;
type AttributeValue = number | number[];

/** Collects nodes and constants of an ONNX graph, NCHW, and encodes the model. */
export class OnnxModel {
  private readonly nodes: object[] = [];
  private readonly initializers: object[] = [];
  private count = 0;

  constant(data: Data, dims: number[] = [data.length]): string {
    const type: ElementType =
      data instanceof Float32Array
        ? 'f32'
        : data instanceof Uint8Array
          ? 'u8'
          : data instanceof Int8Array
            ? 'i8'
            : 'i32';
    const name = `c${this.count++}`;
    const raw_data = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.initializers.push({ name, dims, data_type: TYPES[type], raw_data });
    return name;
  }

  scalar(value: number, type: ElementType): string {
    const data = type === 'f32' ? Float32Array.of(value) : type === 'u8' ? Uint8Array.of(value) : Int8Array.of(value);
    return this.constant(data, []);
  }

  /** @returns the name of the node's output. */
  node(op_type: string, input: string[], attributes: Record<string, AttributeValue> = {}, domain = ''): string {
    const output = `t${this.count++}`;
    const attribute = Object.entries(attributes).map(([name, value]) =>
      Array.isArray(value) ? { name, ints: value, type: 7 } : { name, i: value, type: 2 },
    );
    this.nodes.push({ op_type, input, output: [output], attribute, domain, name: output });
    return output;
  }

  encode(
    input: { name: string; type: ElementType; dims: number[] },
    output: { name: string; type: ElementType },
  ): Uint8Array {
    const info = ({ name, type }: { name: string; type: ElementType }, dims?: number[]) => ({
      name,
      type: {
        tensor_type: {
          elem_type: TYPES[type],
          ...(dims && { shape: { dim: dims.map((dim_value) => ({ dim_value })) } }),
        },
      },
    });
    const graph = {
      node: this.nodes,
      name: 'network',
      initializer: this.initializers,
      input: [info(input, input.dims)],
      output: [info(output)],
    };
    const opset_import = [
      { domain: '', version: 17 },
      { domain: 'com.microsoft', version: 1 },
    ];
    return Model.encode(Model.fromObject({ ir_version: 8, opset_import, graph })).finish();
  }
}

/** [out][h][w][in] to ONNX's [out][in][h][w]. */
export function toOihw<T extends Float32Array | Int8Array>(weights: T, [out, height, width, channels]: number[]): T {
  const moved = weights.slice() as T;
  let at = 0;
  for (let o = 0; o < out; o++) {
    for (let c = 0; c < channels; c++) {
      for (let k = 0; k < height * width; k++) moved[at++] = weights[(o * height * width + k) * channels + c];
    }
  }
  return moved;
}

/** One image, [h][w][c] to [c][h][w]. */
export function toChw<T extends Float32Array | Uint8Array>(values: T, [height, width, channels]: readonly number[]): T {
  const moved = values.slice() as T;
  let at = 0;
  for (let c = 0; c < channels; c++) {
    for (let p = 0; p < height * width; p++) moved[at++] = values[p * channels + c];
  }
  return moved;
}

/** One image, [c][h][w] to [h][w][c]. */
export function toHwc<T extends Float32Array | Uint8Array>(values: T, [height, width, channels]: readonly number[]): T {
  const moved = values.slice() as T;
  for (let c = 0; c < channels; c++) {
    for (let p = 0; p < height * width; p++) moved[p * channels + c] = values[c * height * width + p];
  }
  return moved;
}
