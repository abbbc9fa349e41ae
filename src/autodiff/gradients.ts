import type { Tensor } from './index.ts';
import type { TrainableModel } from './model.ts';

/** Gradients of one scalar, by layer with weights. */
export interface LayerGradients {
  /** With respect to the weights, output channel last: [rest][out]. */
  weights: Map<string, Float32Array>;
  /** With respect to the layer's input as this layer alone reads it, [n][height][width][channels]; empty unless asked for. */
  inputs: Map<string, Float32Array>;
  /** With respect to the batch; empty unless asked for. */
  batch: Float32Array;
}

/**
 * The gradients of Σ seed · logits with running statistics, seed being a constant that may be chosen by the logits: with
 * softmax − target it is the gradient of the cross-entropy, with anything else the product of the Jacobian and that.
 *
 * @param values a batch [n][height][width][channels], preprocessed.
 * @param seedOf from the logits [n][classes] to the seed of the same shape; the view is valid during the call only.
 * @param also what to differentiate by besides the weights.
 */
export function logitGradients(
  model: TrainableModel,
  values: Float32Array,
  count: number,
  seedOf: (logits: Float32Array, classes: number) => Float32Array,
  also: { inputs?: boolean; batch?: boolean } = {},
): LayerGradients {
  const { autodiff, network, variables } = model;
  const { tf } = autodiff;
  const layers = network.layers.filter(({ op }) => op === 'conv2d' || op === 'dense').map(({ name }) => name);
  const result: LayerGradients = { weights: new Map(), inputs: new Map(), batch: new Float32Array(0) };
  tf.tidy(() => {
    const batch = tf.tensor(values, [count, ...network.inputShape]);
    const shapes = new Map<string, number[]>();
    // a sum with zeros is a tensor of its own, so that what other readers of the same tensor do to it is left out
    const taps = new Map<string, Tensor>();
    if (also.inputs) {
      model.forward(batch, false, (layer, input) => {
        shapes.set(layer.name, input.shape);
        return input;
      });
      for (const layer of layers) taps.set(layer, tf.zeros(shapes.get(layer)!));
    }
    const kernels = layers.map((layer): Tensor => variables.get(`${layer}.kernel`)!);
    const sources = [...kernels, ...taps.values(), ...(also.batch ? [batch] : [])];
    const scalar = () => {
      const logits = model.forward(batch, false, (layer, input) => {
        const tap = taps.get(layer.name);
        return tap ? input.add(tap) : input;
      });
      const classes = logits.shape[1]!;
      const seed = tf.tensor(seedOf(autodiff.view(logits), classes), [count, classes]);
      return logits.mul(seed).sum();
    };
    const { grads } = tf.engine().gradients(scalar, sources, undefined, true);
    const copy = (gradient: Tensor, source: Tensor) =>
      gradient ? autodiff.view(gradient).slice() : new Float32Array(source.size);
    layers.forEach((layer, i) => {
      result.weights.set(layer, copy(grads[i], kernels[i]));
      if (also.inputs) result.inputs.set(layer, copy(grads[layers.length + i], taps.get(layer)!));
    });
    if (also.batch) result.batch = copy(grads[grads.length - 1], batch);
  });
  return result;
}
