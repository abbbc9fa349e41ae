export type { NetworkInput } from '../engine/input.ts';
export type { Session, Step } from '../engine/session.ts';
export { createEngine, type EngineOptions, NetworkEngine } from './network-engine.ts';
