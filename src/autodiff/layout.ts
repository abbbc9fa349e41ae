/**
 * Between the order in which networks keep filters, [out][rest] (OHWI, and [out][in] for dense layers), and the order in
 * which tfjs computes with them, [rest][out] (HWIO and [in][out]): a matrix is turned over.
 */

/**
 * [out][rest] to [rest][out].
 *
 * @example outChannelsLast(Float32Array.of(1, 2, 3, 4, 5, 6), 2) // => Float32Array.of(1, 4, 2, 5, 3, 6)
 */
export function outChannelsLast(values: Float32Array, outChannels: number): Float32Array {
  return turned(values, outChannels);
}

/**
 * [rest][out] to [out][rest].
 *
 * @example outChannelsFirst(Float32Array.of(1, 4, 2, 5, 3, 6), 2) // => Float32Array.of(1, 2, 3, 4, 5, 6)
 */
export function outChannelsFirst(values: Float32Array, outChannels: number): Float32Array {
  return turned(values, values.length / outChannels);
}

function turned(values: Float32Array, rows: number): Float32Array {
  const columns = values.length / rows;
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column];
  }
  return result;
}
