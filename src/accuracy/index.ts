export * from './proxies/index.ts';
export {
  type ArchitectureProxy,
  type BitProxy,
  type ProxyContext,
  type ProxyNeed,
  type SchemeLosses,
  schemeLoss,
} from './proxies/types.ts';
export { evaluationsSaved } from './ranking/evaluations-saved.ts';
export { type Correlation, type RankAgreement, rankAgreement } from './ranking/rank-agreement.ts';
export { countCorrect, shareWithInterval, type Top1 } from './top1.ts';
