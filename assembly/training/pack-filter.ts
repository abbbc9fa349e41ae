// Brings a filter [kernelHeight][kernelWidth][inChannels][outChannels] into the panels that `f32_correlate` reads:
//
//   forward          panel p, tap (y, x), input channel i, lane l  =  filter[y][x][i][8p + l]
//   input gradient   panel p, tap (y, x), output channel o, lane l =  filter[y'][x'][8p + l][o]
//                    where y' = phaseY + strideHeight · (taps − 1 − y), and x' likewise: only the taps that meet
//                    inputs of this phase of the stride, turned round.
//   depthwise        tap (y, x), channel c  =  filter[y'][x'][c], for `f32_depthwise`

import { field } from './correlate';

/** Fields of the parameter block, each an i32 at 4 · index. */
export const enum Pack {
  filter,
  kernelWidth,
  inChannels,
  outChannels,
  packed,
  /** Taps along each axis that are packed. */
  tapsY,
  tapsX,
  phaseY,
  phaseX,
  strideHeight,
  strideWidth,
}

export function f32_pack_filter(parameters: usize): void {
  const filter = <usize>field(parameters, Pack.filter);
  const rows = field(parameters, Pack.tapsY) * field(parameters, Pack.tapsX) * field(parameters, Pack.inChannels);
  const channels = field(parameters, Pack.outChannels);
  let out = <usize>field(parameters, Pack.packed);
  for (let channel = 0; channel < channels; channel += 8) {
    const valid = min(8, channels - channel);
    for (let row = 0; row < rows; row++) {
      const from = filter + (<usize>(row * channels + channel) << 2);
      for (let lane = 0; lane < valid; lane++) {
        f32.store(out + (<usize>lane << 2), f32.load(from + (<usize>lane << 2)));
      }
      for (let lane = valid; lane < 8; lane++) f32.store(out + (<usize>lane << 2), 0);
      out += 32;
    }
  }
}

export function f32_pack_turned_filter(parameters: usize): void {
  const filter = <usize>field(parameters, Pack.filter);
  const kernelWidth = field(parameters, Pack.kernelWidth);
  const inChannels = field(parameters, Pack.inChannels);
  const outChannels = field(parameters, Pack.outChannels);
  const tapsY = field(parameters, Pack.tapsY);
  const tapsX = field(parameters, Pack.tapsX);
  let out = <usize>field(parameters, Pack.packed);
  for (let channel = 0; channel < inChannels; channel += 8) {
    const valid = min(8, inChannels - channel);
    for (let y = 0; y < tapsY; y++) {
      const ky = field(parameters, Pack.phaseY) + field(parameters, Pack.strideHeight) * (tapsY - 1 - y);
      for (let x = 0; x < tapsX; x++) {
        const kx = field(parameters, Pack.phaseX) + field(parameters, Pack.strideWidth) * (tapsX - 1 - x);
        const tap = filter + (<usize>((ky * kernelWidth + kx) * inChannels + channel) * <usize>outChannels << 2);
        for (let o = 0; o < outChannels; o++) {
          for (let lane = 0; lane < valid; lane++) {
            f32.store(out + (<usize>lane << 2), f32.load(tap + (<usize>(lane * outChannels + o) << 2)));
          }
          for (let lane = valid; lane < 8; lane++) f32.store(out + (<usize>lane << 2), 0);
          out += 32;
        }
      }
    }
  }
}

/** Turns a depthwise filter [kernelHeight][kernelWidth][inChannels] round; its `outChannels` are 1. */
export function f32_pack_turned_depthwise(parameters: usize): void {
  const pixelBytes = <usize>field(parameters, Pack.inChannels) << 2;
  const filter = <usize>field(parameters, Pack.filter);
  const kernelWidth = field(parameters, Pack.kernelWidth);
  const tapsY = field(parameters, Pack.tapsY);
  const tapsX = field(parameters, Pack.tapsX);
  let out = <usize>field(parameters, Pack.packed);
  for (let y = 0; y < tapsY; y++) {
    const ky = field(parameters, Pack.phaseY) + field(parameters, Pack.strideHeight) * (tapsY - 1 - y);
    for (let x = 0; x < tapsX; x++) {
      const kx = field(parameters, Pack.phaseX) + field(parameters, Pack.strideWidth) * (tapsX - 1 - x);
      memory.copy(out, filter + <usize>(ky * kernelWidth + kx) * pixelBytes, pixelBytes);
      out += pixelBytes;
    }
  }
}
