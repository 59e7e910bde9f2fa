import { MicaError } from '../error.ts';
import { isFrozen } from '../runtime/cgroup.ts';
import type { ContainerContext, Row } from './context.ts';
import { emit } from './events.ts';
import { execInContainer } from './exec.ts';
import type { Check } from './health.ts';
import { groupOf } from './pause.ts';
import type { HealthState } from './record.ts';

const KEPT_PROBES = 5;
const KEPT_OUTPUT = 4096; // docker's

/** Runs the check once in the container and writes down what it says. `started`: milliseconds since 1970. */
export async function probe(context: ContainerContext, row: Row, check: Check, started: number): Promise<void> {
  const start = new Date().toISOString();
  const result = await run(context, row, check);
  if (result === null) return;
  const { exitCode, output } = result;
  const early = Date.now() - started < check.startPeriod;
  context.update(row.id, (state) => {
    // Its end may have been written down while the check ran: what has ended is not healthy, whatever it says.
    if (!state.health || state.status !== 'running' || state.startedAt !== row.record.startedAt) return state;
    const health = next(state.health, exitCode, check.retries, early);
    const log = [...state.health.log, { start, end: new Date().toISOString(), exitCode, output }].slice(-KEPT_PROBES);
    if (health.status !== state.health.status) emit(context, row, `health_status: ${health.status}`);
    return { ...state, health: { ...health, log } };
  });
}

/** docker's rules: failures count from the end of the start period on, or from the first success. */
function next(health: HealthState, exitCode: number, retries: number, early: boolean): Omit<HealthState, 'log'> {
  if (exitCode === 0) return { status: 'healthy', failingStreak: 0 };
  if (early && health.status === 'starting') return { status: 'starting', failingStreak: 0 };
  const failingStreak = health.failingStreak + 1;
  return { status: failingStreak >= retries ? 'unhealthy' : health.status, failingStreak };
}

/** null when it stands still (paused, or being committed) or has just ended: that says nothing of its health. */
async function run(
  context: ContainerContext,
  row: Row,
  check: Check,
): Promise<{ exitCode: number; output: string } | null> {
  let output = '';
  const add = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(0, KEPT_OUTPUT);
  };
  try {
    const session = await execInContainer(context, row, { command: check.command }, true, true);
    if (session === null) return { exitCode: -1, output };
    session.stdout.on('data', add);
    session.stderr.on('data', add);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      session.kill();
    }, check.timeout);
    const exitCode = await session.exit;
    clearTimeout(timer);
    session.close();
    if (late) return { exitCode: -1, output: `Health check exceeded timeout (${check.timeout / 1000}s): ${output}` };
    return { exitCode, output };
  } catch (error) {
    const still = error instanceof MicaError && ['conflict', 'not-running'].includes(error.code);
    // Frozen while the runtime was at it: its own error then.
    if (still || isFrozen(groupOf(row.id, row.record))) return null;
    return { exitCode: -1, output: (error as Error).message };
  }
}
