export { type NoiseTable, noiseLoss, outputNoise } from './proxies/output-noise.ts';
export { countCorrect, shareWithInterval, type Top1 } from './top1.ts';
