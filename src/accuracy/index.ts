export * from './proxies/index.ts';
export {
  type ArchitectureProxy,
  type BitProxy,
  type ProxyContext,
  type ProxyNeed,
  type SchemeLosses,
  schemeLoss,
} from './proxies/types.ts';
export { countCorrect, shareWithInterval, type Top1 } from './top1.ts';
