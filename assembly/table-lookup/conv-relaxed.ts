import { Parameters } from "../inline/parameters";
import { convolveByTables } from "./convolve";
import {
  Planes2Tile4x16,
  Signs1Tile4x32,
  Signs1Tile8x16,
  Signs2Tile4x32,
  Signs2Tile8x16,
  Signs4Tile4x32,
  Signs4Tile8x16,
} from "../generated/table-lookup-relaxed";

export function w1a1_conv_4x32__relaxed_tables(block: Parameters): void {
  convolveByTables<Signs1Tile4x32>(block, 1, true);
}

export function w1a1_conv_8x16__relaxed_tables(block: Parameters): void {
  convolveByTables<Signs1Tile8x16>(block, 1, true);
}

export function w1a2_conv_4x32__relaxed_tables(block: Parameters): void {
  convolveByTables<Signs2Tile4x32>(block, 3, true);
}

export function w1a2_conv_8x16__relaxed_tables(block: Parameters): void {
  convolveByTables<Signs2Tile8x16>(block, 3, true);
}

export function w1a4_conv_4x32__relaxed_tables(block: Parameters): void {
  convolveByTables<Signs4Tile4x32>(block, 15, true);
}

export function w1a4_conv_8x16__relaxed_tables(block: Parameters): void {
  convolveByTables<Signs4Tile8x16>(block, 15, true);
}

export function w2a2_conv_4x16__relaxed_tables(block: Parameters): void {
  convolveByTables<Planes2Tile4x16>(block, 3, false);
}
