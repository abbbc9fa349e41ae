/** Updates one parameter in place from its gradient; keeps what it must remember under the parameter's name. */
export type Optimizer = (name: string, values: Float32Array, gradient: Float32Array, learningRate: number) => void;

export interface OptimizerOptions {
  kind: 'sgd' | 'adam';
  /** Pulls kernels, and only those, towards zero: added to the gradient (sgd) or apart from it (adam). */
  weightDecay: number;
  /** Momentum of sgd. */
  momentum: number;
}

/**
 * Stochastic gradient descent with Nesterov's momentum, or Adam with decoupled weight decay.
 *
 * @see Sutskever et al., On the importance of initialization and momentum, ICML 2013; Loshchilov and Hutter, ICLR 2019.
 */
export function createOptimizer(options: OptimizerOptions): Optimizer {
  return options.kind === 'sgd' ? momentumDescent(options) : adam(options);
}

const decays = (name: string) => name.endsWith('.kernel');

function momentumDescent({ weightDecay, momentum }: OptimizerOptions): Optimizer {
  const velocities = new Map<string, Float32Array>();
  return (name, values, gradient, learningRate) => {
    const velocity = remembered(velocities, name, values.length);
    const decay = decays(name) ? weightDecay : 0;
    for (let k = 0; k < values.length; k++) {
      const slope = gradient[k] + decay * values[k];
      velocity[k] = momentum * velocity[k] + slope;
      values[k] -= learningRate * (slope + momentum * velocity[k]);
    }
  };
}

function adam({ weightDecay }: OptimizerOptions): Optimizer {
  const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];
  const means = new Map<string, Float32Array>();
  const squares = new Map<string, Float32Array>();
  const steps = new Map<string, number>();
  return (name, values, gradient, learningRate) => {
    const mean = remembered(means, name, values.length);
    const square = remembered(squares, name, values.length);
    const step = (steps.get(name) ?? 0) + 1;
    steps.set(name, step);
    const rate = (learningRate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
    const decay = decays(name) ? learningRate * weightDecay : 0;
    for (let k = 0; k < values.length; k++) {
      mean[k] += (1 - beta1) * (gradient[k] - mean[k]);
      square[k] += (1 - beta2) * (gradient[k] * gradient[k] - square[k]);
      values[k] -= (rate * mean[k]) / (Math.sqrt(square[k]) + epsilon) + decay * values[k];
    }
  };
}

function remembered(store: Map<string, Float32Array>, name: string, length: number): Float32Array {
  let values = store.get(name);
  if (!values) store.set(name, (values = new Float32Array(length)));
  return values;
}

/**
 * The learning rate of a step: rises evenly over the first twentieth of all steps, then falls along half a cosine to
 * zero.
 *
 * @see Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR 2017, equation 5.
 * @example [cosineSchedule(0, 100, 1), cosineSchedule(4, 100, 1), cosineSchedule(100, 100, 1)] // => [0.2, 1, 0]
 */
export function cosineSchedule(step: number, steps: number, peak: number): number {
  const rising = Math.ceil(steps / 20);
  if (step < rising) return (peak * (step + 1)) / rising;
  return (peak * (1 + Math.cos((Math.PI * (step - rising)) / Math.max(1, steps - rising)))) / 2;
}
