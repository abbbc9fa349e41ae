// The arithmetic of the accuracy predictor. The module has no data segment and no heap: whatever it works on is handed to it.

export {
  f32_multiply, f32_transpose, f32_add_bias, f32_mask, f32_sum_columns, f32_adam,
} from '../predictor/dense';
