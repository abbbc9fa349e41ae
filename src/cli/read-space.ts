import type { Files } from '../core/ports.ts';
import { openGraph } from '../node/open-network.ts';
import { parseSpaceConfig, type SpaceConfigInput } from '../space/index.ts';
import { PRESETS } from '../study/index.ts';

/**
 * The space that a file holds, or that a preset of this name searches. A preset's name comes first: a file of the same
 * name is read as `./NAME`.
 *
 * @param network the one that was asked for; undefined for that of the file or preset, or else the default one.
 * @throws {BitbudgetError} `damaged-file`, or `usage` for a network that the preset was not made for.
 */
export async function readSpace(
  source: string,
  network: string | undefined,
  otherwise: string,
  files: Files,
): Promise<{ network: string; space: SpaceConfigInput }> {
  const preset = PRESETS.find(({ name }) => name === source);
  if (preset) {
    const chosen = network ?? preset.network;
    return { network: chosen, space: preset.space(await openGraph(chosen)) };
  }
  const space = parseSpaceConfig(await files.readText(source), source);
  return { network: network ?? space.network ?? otherwise, space };
}
