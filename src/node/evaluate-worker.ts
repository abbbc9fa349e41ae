import { type EvaluationJob, openSeat } from './evaluation-seat.ts';
import { serveTasks } from './worker-tasks.ts';

serveTasks<EvaluationJob, null, null>((job) => {
  const seat = openSeat(job);
  return () => {
    let some = true;
    while (some) some = seat.evaluateNext();
    return null;
  };
});
