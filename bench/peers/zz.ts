import * as ort from 'onnxruntime-web';
import { OnnxModel } from './onnx-model.ts';
ort.env.wasm.numThreads = 1; ort.env.logLevel = 'error';
const N = 4096;
async function time(name: string, bytes: Uint8Array, feeds: Record<string, ort.Tensor>) {
  try {
    const s = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
    const all: number[] = [];
    for (let i = 0; i < 30; i++) { const t = performance.now(); await s.run(feeds); all.push(performance.now() - t); }
    all.sort((a, b) => a - b);
    console.log(name.padEnd(30), 'min', all[0].toFixed(3), 'median', all[15].toFixed(3));
    await s.release();
  } catch (e) { console.log(name, String(e).slice(0, 300)); }
}
const w8 = Int8Array.from({ length: N * N }, (_, i) => ((i * 31) % 255) - 127);
const wu8 = Uint8Array.from({ length: N * N }, (_, i) => ((i * 31) % 255));
const x = { x: new ort.Tensor('uint8', new Uint8Array(N).fill(3), [1, N]) };
for (const transB of [0, 1]) for (const u of [0, 1]) {
  const m = new OnnxModel();
  const y = m.node('QGemm', ['x', m.scalar(0.02, 'f32'), m.scalar(0, 'u8'), m.constant(u ? wu8 : w8, [N, N]), m.constant(new Float32Array(N).fill(0.01)), m.constant(u ? new Uint8Array(N).fill(127) : new Int8Array(N)), m.constant(new Int32Array(N)), m.scalar(0.05, 'f32'), m.scalar(0, 'u8')], { transB }, 'com.microsoft');
  await time(`QGemm transB=${transB} u8=${u}`, m.encode({ name: 'x', type: 'u8', dims: [1, N] }, { name: y, type: 'u8' }), x);
}
for (const u of [0, 1]) {
  const m = new OnnxModel();
  const y = m.node('MatMulInteger', ['x', m.constant(u ? wu8 : w8, [N, N]), m.scalar(0, 'u8'), ...(u ? [m.scalar(127, 'u8')] : [])]);
  const f = m.node('Cast', [y], { to: 1 });
  await time(`MatMulInteger u8=${u}`, m.encode({ name: 'x', type: 'u8', dims: [1, N] }, { name: f, type: 'f32' }), x);
}
{
  const m = new OnnxModel();
  const y = m.node('QLinearMatMul', ['x', m.scalar(0.02, 'f32'), m.scalar(0, 'u8'), m.constant(w8, [N, N]), m.constant(new Float32Array(N).fill(0.01)), m.constant(new Int8Array(N)), m.scalar(0.05, 'f32'), m.scalar(0, 'u8')]);
  await time(`QLinearMatMul`, m.encode({ name: 'x', type: 'u8', dims: [1, N] }, { name: y, type: 'u8' }), x);
}
{
  const w = new Float32Array(N * N).fill(0.01); const xf = { x: new ort.Tensor('float32', new Float32Array(N).fill(3), [1, N]) };
  for (const transB of [0, 1]) { const m = new OnnxModel(); const y = m.node('Gemm', ['x', m.constant(w, [N, N]), m.constant(new Float32Array(N))], { transB });
  await time(`Gemm transB=${transB}`, m.encode({ name: 'x', type: 'f32', dims: [1, N] }, { name: y, type: 'f32' }), xf); }
}
process.exit(0);
