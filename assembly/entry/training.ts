// The kernels of the training step. They run inside the memory of tfjs's own module, so this one must have no data
// segment and no heap: whatever it writes to is handed to it.

export { f32_correlate } from '../training/correlate';
export { f32_depthwise, f32_depthwise_filter_gradient } from '../training/depthwise';
export { f32_pack_filter, f32_pack_turned_depthwise, f32_pack_turned_filter } from '../training/pack-filter';
export { f32_filter_gradient } from '../training/filter-gradient';
export { f32_batch_norm, f32_batch_norm_gradient } from '../training/batch-norm';
export { f32_activation_gradient, f32_column_sum, f32_neighbour_sum } from '../training/elementwise';
