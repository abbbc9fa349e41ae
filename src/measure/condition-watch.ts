import type { SensorReading } from './sensors.ts';
import type { Bench } from './surroundings.ts';

/** Between two looks: reading sensors takes time and disturbs the caches. */
const LOOK_EVERY_NS = 250e6;

/** Looks at the sensors whenever the measuring pauses anyway, but not too often. */
export class ConditionWatch {
  private readonly readings: SensorReading[] = [];
  private lookedNs = Number.NEGATIVE_INFINITY;
  private sensors: Bench['sensors'];

  /** The same bench, watched. */
  around(bench: Bench): Bench {
    const { sensors, clock, pause } = bench;
    if (!sensors) return bench;
    this.sensors = sensors;
    this.readings.push(sensors(true));
    return {
      ...bench,
      pause: async (ms) => {
        await pause(ms);
        const nowNs = clock.nowNs();
        if (nowNs - this.lookedNs < LOOK_EVERY_NS) return;
        this.lookedNs = nowNs;
        this.readings.push(sensors(false));
      },
    };
  }

  /** Looks once more, and says what was seen. */
  finish(): readonly SensorReading[] {
    if (this.sensors) this.readings.push(this.sensors(true));
    return this.readings;
  }
}
