import type { Clock, Progress } from '../core/ports.ts';
import type { TextStream } from './io.ts';

export interface ProgressDisplay {
  progress: Progress;
  note(message: string): void;
  /** Removes the bar. */
  end(): void;
}

const barCells = 24;
const redrawPeriodS = 0.1;
const sparsePeriodS = 10;
/** Before this much is known, an estimate of the time left would jump about. */
const estimateAfterS = 1;
const eraseLine = '\r\u001b[K';

/**
 * Shows progress on a stream: one line that is redrawn on a terminal, else a line when a new phase begins and then one
 * every ten seconds.
 */
export function createProgressDisplay(stream: TextStream, clock: Clock, options: { quiet: boolean }): ProgressDisplay {
  let message = '';
  let phaseStartS = 0;
  let lastDrawS = Number.NEGATIVE_INFINITY;
  let drawn = '';
  const terminal = stream.isTTY === true;

  const progress: Progress = (newMessage, fraction) => {
    const nowS = clock.nowNs() / 1e9;
    const newPhase = newMessage !== message;
    if (newPhase) {
      message = newMessage;
      phaseStartS = nowS;
    }
    if (!newPhase && fraction < 1 && nowS - lastDrawS < (terminal ? redrawPeriodS : sparsePeriodS)) return;
    if (!newPhase && !terminal && fraction >= 1 && nowS - phaseStartS < sparsePeriodS) return;
    lastDrawS = nowS;
    const left = timeLeft(nowS - phaseStartS, fraction);
    if (terminal) draw(barLine(message, fraction, left, stream.columns ?? 80));
    else stream.write(`${message}: ${percent(fraction)}${left}\n`);
  };

  function draw(line: string): void {
    stream.write(eraseLine + line);
    drawn = line;
  }

  function erase(): void {
    if (drawn) stream.write(eraseLine);
  }

  return {
    progress: options.quiet ? () => {} : progress,
    note(text) {
      if (options.quiet) return;
      erase();
      stream.write(`${text}\n`);
      if (drawn) stream.write(drawn);
    },
    end() {
      erase();
      drawn = '';
    },
  };
}

function barLine(message: string, fraction: number, left: string, columns: number): string {
  const filled = Math.round(clampFraction(fraction) * barCells);
  const bar = '█'.repeat(filled) + '░'.repeat(barCells - filled);
  const tail = ` ${bar} ${percent(fraction).padStart(4)}${left}`;
  const room = Math.max(8, columns - 1 - tail.length);
  const head = message.length > room ? `${message.slice(0, room - 1)}…` : message;
  return head + tail;
}

function percent(fraction: number): string {
  return `${Math.floor(clampFraction(fraction) * 100)}%`;
}

function clampFraction(fraction: number): number {
  return Math.min(1, Math.max(0, fraction));
}

function timeLeft(elapsedS: number, fraction: number): string {
  if (elapsedS < estimateAfterS || fraction <= 0.01 || fraction >= 1) return '';
  return `, ${formatDuration((elapsedS * (1 - fraction)) / fraction)} left`;
}

/**
 * A duration for people.
 *
 * @example [0.4, 59.6, 61, 3700].map(formatDuration) // => ['1 s', '1 min', '1 min 1 s', '1 h 2 min']
 */
export function formatDuration(seconds: number): string {
  const total = Math.max(1, Math.round(seconds));
  const parts: [number, string][] =
    total < 3600
      ? [
          [Math.floor(total / 60), 'min'],
          [total % 60, 's'],
        ]
      : [
          [Math.floor(total / 3600), 'h'],
          [Math.round((total % 3600) / 60), 'min'],
        ];
  return parts
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}
