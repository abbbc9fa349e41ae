// Batch norm of the training step over [pixels][channels] f32, with the batch's own statistics (Ioffe and Szegedy,
// 2015), optionally with the ReLU that follows it, and its gradient.
//
//   mean = Σx / P      variance = Σ(x − mean)² / P      y = (x − mean) · γ / √(variance + ε) + β
//   dβ = Σ dy          dγ = Σ dy · x̂                    dx = γ / √(variance + ε) · (dy − dβ / P − x̂ · dγ / P)
//
// Sums run over blocks of pixels in f32 and over blocks in f64, so their error is that of a block.

import { field } from './correlate';

/** Fields of the parameter block, each an i32 at 4 · index, but `epsilon`, an f32. */
export const enum BatchNorm {
  pixels,
  channels,
  /** 1 where a ReLU follows. */
  relu,
  epsilon,
  x,
  gamma,
  beta,
  mean,
  variance,
  y,
  outputGradient,
  gammaGradient,
  betaGradient,
  inputGradient,
  /** Two f64 for each channel, 8-byte aligned, zeroed here. */
  totals,
}

const BLOCK: i32 = 64;

@inline
function address(parameters: usize, index: i32): usize {
  return <usize>field(parameters, index);
}

@inline
function at(channel: i32): usize {
  return <usize>channel << 2;
}

/**
 * Sums over all pixels into each channel's two totals: Σx for `kind` 0, (–, Σ(x − mean)²) for 1, and (Σdy, Σdy·x̂) for 2,
 * where dy is zero wherever the ReLU was.
 */
@inline
function accumulate(parameters: usize, kind: i32): void {
  const pixels = field(parameters, BatchNorm.pixels);
  const channels = field(parameters, BatchNorm.channels);
  const totals = address(parameters, BatchNorm.totals);
  memory.fill(totals, 0, <usize>channels << 4);
  for (let first = 0; first < pixels; first += BLOCK) {
    const count = min(BLOCK, pixels - first);
    let channel = 0;
    for (; channel + 4 <= channels; channel += 4) block4(parameters, kind, first, count, channel, channels, totals);
    for (; channel < channels; channel++) block1(parameters, kind, first, count, channel, channels, totals);
  }
}

@inline
function addTotals4(totals: usize, channel: i32, v: v128, w: v128): void {
  for (let lane = 0; lane < 4; lane++) {
    const slot = totals + (<usize>(channel + lane) << 4);
    f64.store(slot, f64.load(slot) + <f64>f32x4.extract_lane(v, 0));
    f64.store(slot, f64.load(slot, 8) + <f64>f32x4.extract_lane(w, 0), 8);
    v = v128.shuffle<i32>(v, v, 1, 2, 3, 0);
    w = v128.shuffle<i32>(w, w, 1, 2, 3, 0);
  }
}

@inline
function block4(
  parameters: usize, kind: i32, first: i32, count: i32, channel: i32, channels: i32, totals: usize,
): void {
  const step = at(channels);
  const start = at(first * channels + channel);
  let x = address(parameters, BatchNorm.x) + start;
  let sumV = f32x4.splat(0), sumW = sumV;
  if (kind == 0) {
    for (let p = 0; p < count; p++) {
      sumV = f32x4.add(sumV, v128.load(x));
      x += step;
    }
  } else if (kind == 1) {
    const mean = v128.load(address(parameters, BatchNorm.mean) + at(channel));
    for (let p = 0; p < count; p++) {
      const d = f32x4.sub(v128.load(x), mean);
      sumW = f32x4.add(sumW, f32x4.mul(d, d));
      x += step;
    }
  } else {
    const mean = v128.load(address(parameters, BatchNorm.mean) + at(channel));
    const inverse = inverse4(parameters, channel);
    let dy = address(parameters, BatchNorm.outputGradient) + start;
    const zero = f32x4.splat(0);
    const gamma = v128.load(address(parameters, BatchNorm.gamma) + at(channel));
    const beta = v128.load(address(parameters, BatchNorm.beta) + at(channel));
    const relu = field(parameters, BatchNorm.relu) != 0;
    for (let p = 0; p < count; p++) {
      const hat = f32x4.mul(f32x4.sub(v128.load(x), mean), inverse);
      let d = v128.load(dy);
      if (relu) d = v128.and(d, f32x4.gt(f32x4.add(f32x4.mul(hat, gamma), beta), zero));
      sumV = f32x4.add(sumV, d);
      sumW = f32x4.add(sumW, f32x4.mul(d, hat));
      x += step;
      dy += step;
    }
  }
  addTotals4(totals, channel, sumV, sumW);
}

@inline
function block1(
  parameters: usize, kind: i32, first: i32, count: i32, channel: i32, channels: i32, totals: usize,
): void {
  const step = at(channels);
  const start = at(first * channels + channel);
  let x = address(parameters, BatchNorm.x) + start;
  let dy = address(parameters, BatchNorm.outputGradient) + start;
  const mean = f32.load(address(parameters, BatchNorm.mean) + at(channel));
  const relu = field(parameters, BatchNorm.relu) != 0;
  let sumV: f32 = 0, sumW: f32 = 0;
  for (let p = 0; p < count; p++) {
    if (kind == 0) {
      sumV += f32.load(x);
    } else if (kind == 1) {
      const d = f32.load(x) - mean;
      sumW += d * d;
    } else {
      const hat = (f32.load(x) - mean) * inverse1(parameters, channel);
      let d = f32.load(dy);
      if (relu && output1(parameters, hat, channel) <= 0) d = 0;
      sumV += d;
      sumW += d * hat;
    }
    x += step;
    dy += step;
  }
  const slot = totals + (<usize>channel << 4);
  f64.store(slot, f64.load(slot) + <f64>sumV);
  f64.store(slot, f64.load(slot, 8) + <f64>sumW, 8);
}

/** 1 / √(variance + ε) of four channels. */
@inline
function inverse4(parameters: usize, channel: i32): v128 {
  const variance = v128.load(address(parameters, BatchNorm.variance) + at(channel));
  const epsilon = f32x4.splat(f32.load(parameters + at(BatchNorm.epsilon)));
  return f32x4.div(f32x4.splat(1), f32x4.sqrt(f32x4.add(variance, epsilon)));
}

@inline
function inverse1(parameters: usize, channel: i32): f32 {
  const variance = f32.load(address(parameters, BatchNorm.variance) + at(channel));
  return <f32>1 / sqrt<f32>(variance + f32.load(parameters + at(BatchNorm.epsilon)));
}

/** γ · x̂ + β of one channel. */
@inline
function output1(parameters: usize, hat: f32, channel: i32): f32 {
  return hat * f32.load(address(parameters, BatchNorm.gamma) + at(channel))
    + f32.load(address(parameters, BatchNorm.beta) + at(channel));
}

/** Reads x, gamma, beta; writes mean, variance (of the batch, biased) and y. */
export function f32_batch_norm(parameters: usize): void {
  const pixels = field(parameters, BatchNorm.pixels);
  const channels = field(parameters, BatchNorm.channels);
  const totals = address(parameters, BatchNorm.totals);
  accumulate(parameters, 0);
  for (let c = 0; c < channels; c++) {
    f32.store(address(parameters, BatchNorm.mean) + at(c), <f32>(f64.load(totals + (<usize>c << 4)) / <f64>pixels));
  }
  accumulate(parameters, 1);
  for (let c = 0; c < channels; c++) {
    f32.store(address(parameters, BatchNorm.variance) + at(c), <f32>(f64.load(totals + (<usize>c << 4), 8) / <f64>pixels));
  }
  const relu = field(parameters, BatchNorm.relu) != 0;
  const vectors = channels & ~3;
  const least = f32x4.splat(relu ? 0 : -f32.MAX_VALUE);
  const from = address(parameters, BatchNorm.x);
  const to = address(parameters, BatchNorm.y);
  let channel = 0;
  for (let first = 0; first < pixels; first += BLOCK) {
    const count = min(BLOCK, pixels - first);
    for (channel = 0; channel < vectors; channel += 4) {
      const mean = v128.load(address(parameters, BatchNorm.mean) + at(channel));
      const inverse = inverse4(parameters, channel);
      const gamma = v128.load(address(parameters, BatchNorm.gamma) + at(channel));
      const beta = v128.load(address(parameters, BatchNorm.beta) + at(channel));
      let offset = at(first * channels + channel);
      for (let p = 0; p < count; p++) {
        const hat = f32x4.mul(f32x4.sub(v128.load(from + offset), mean), inverse);
        const y = f32x4.add(f32x4.mul(hat, gamma), beta);
        v128.store(to + offset, f32x4.max(y, least));
        offset += at(channels);
      }
    }
    for (; channel < channels; channel++) {
      let offset = at(first * channels + channel);
      for (let p = 0; p < count; p++) {
        const hat = (f32.load(from + offset) - f32.load(address(parameters, BatchNorm.mean) + at(channel))) * inverse1(parameters, channel);
        const y = output1(parameters, hat, channel);
        f32.store(to + offset, relu ? max<f32>(y, 0) : y);
        offset += at(channels);
      }
    }
  }
}

/** Reads x, gamma, beta, mean, variance and the output's gradient; writes the gradients of x, gamma and beta. */
export function f32_batch_norm_gradient(parameters: usize): void {
  const pixels = field(parameters, BatchNorm.pixels);
  const channels = field(parameters, BatchNorm.channels);
  const totals = address(parameters, BatchNorm.totals);
  accumulate(parameters, 2);
  for (let c = 0; c < channels; c++) {
    f32.store(address(parameters, BatchNorm.betaGradient) + at(c), <f32>f64.load(totals + (<usize>c << 4)));
    f32.store(address(parameters, BatchNorm.gammaGradient) + at(c), <f32>f64.load(totals + (<usize>c << 4), 8));
  }
  const relu = field(parameters, BatchNorm.relu) != 0;
  const share = <f32>1 / <f32>pixels;
  const vectors = channels & ~3;
  const zero = f32x4.splat(0);
  const x = address(parameters, BatchNorm.x);
  const dy = address(parameters, BatchNorm.outputGradient);
  const dx = address(parameters, BatchNorm.inputGradient);
  let channel = 0;
  for (let first = 0; first < pixels; first += BLOCK) {
    const count = min(BLOCK, pixels - first);
    for (channel = 0; channel < vectors; channel += 4) {
      const mean = v128.load(address(parameters, BatchNorm.mean) + at(channel));
      const inverse = inverse4(parameters, channel);
      const gamma = v128.load(address(parameters, BatchNorm.gamma) + at(channel));
      const beta = v128.load(address(parameters, BatchNorm.beta) + at(channel));
      const factor = f32x4.mul(gamma, inverse);
      const meanV = f32x4.mul(v128.load(address(parameters, BatchNorm.betaGradient) + at(channel)), f32x4.splat(share));
      const meanW = f32x4.mul(v128.load(address(parameters, BatchNorm.gammaGradient) + at(channel)), f32x4.splat(share));
      let offset = at(first * channels + channel);
      for (let p = 0; p < count; p++) {
        const hat = f32x4.mul(f32x4.sub(v128.load(x + offset), mean), inverse);
        let d = v128.load(dy + offset);
        if (relu) d = v128.and(d, f32x4.gt(f32x4.add(f32x4.mul(hat, gamma), beta), zero));
        v128.store(dx + offset, f32x4.mul(factor, f32x4.sub(f32x4.sub(d, meanV), f32x4.mul(hat, meanW))));
        offset += at(channels);
      }
    }
    for (; channel < channels; channel++) gradientTail(parameters, first, count, channel, channels, share, relu);
  }
}

function gradientTail(
  parameters: usize, first: i32, count: i32, channel: i32, channels: i32, share: f32, relu: bool,
): void {
  let offset = at(first * channels + channel);
  const mean = f32.load(address(parameters, BatchNorm.mean) + at(channel));
  const inverse = inverse1(parameters, channel);
  const factor = inverse * f32.load(address(parameters, BatchNorm.gamma) + at(channel));
  const meanV = share * f32.load(address(parameters, BatchNorm.betaGradient) + at(channel));
  const meanW = share * f32.load(address(parameters, BatchNorm.gammaGradient) + at(channel));
  for (let p = 0; p < count; p++) {
    const hat = (f32.load(address(parameters, BatchNorm.x) + offset) - mean) * inverse;
    let d = f32.load(address(parameters, BatchNorm.outputGradient) + offset);
    if (relu && output1(parameters, hat, channel) <= 0) d = 0;
    f32.store(address(parameters, BatchNorm.inputGradient) + offset, factor * (d - meanV - hat * meanW));
    offset += at(channels);
  }
}
