/** What the events of a run make of it. Pure functions. */
import type { IDiagnostic, IRun, IRunEvent, IRunStep, StepState } from '../api';

const ENDED: readonly StepState[] = ['done', 'failed', 'skipped', 'cancelled', 'interrupted'];

/** A run as it is after one more event. Events that say nothing of states leave it as it is, the same object. */
export function applyEvent(run: IRun, event: IRunEvent): IRun {
  if (event.type === 'run-finished') {
    return {
      ...run,
      status: (event.status as IRun['status']) ?? run.status,
      seconds: numberOf(event.seconds, run.seconds),
      metrics: { ...run.metrics, ...(event.metrics as IRun['metrics']) },
      report: run.report || Boolean(event.report)
    };
  }
  const before = event.step === undefined ? undefined : run.steps[event.step];
  if (event.step === undefined || before === undefined) {
    return run;
  }
  const after = stepAfter(before, event);
  if (after === before) {
    return run;
  }
  const metrics = event.type === 'step-finished' ? (event.metrics as IRun['metrics']) : undefined;
  return {
    ...run,
    steps: { ...run.steps, [event.step]: after },
    metrics: metrics ? { ...run.metrics, ...metrics } : run.metrics
  };
}

function stepAfter(step: IRunStep, event: IRunEvent): IRunStep {
  switch (event.type) {
    case 'step-started': {
      const attempts = numberOf(event.attempt, 1);
      // The time of a step that is tried again counts from its first attempt, as its record has it in the end.
      const started = attempts > 1 ? (step.started ?? event.time) : event.time;
      return { status: 'running', slug: step.slug, started, attempts };
    }
    case 'step-finished':
      return {
        ...step,
        status: event.status as StepState,
        seconds: numberOf(event.seconds, 0),
        reused: (event.reused as string | undefined) ?? step.reused,
        because: event.because as string | undefined,
        diagnostics: (event.diagnostics as unknown as IDiagnostic[] | undefined) ?? []
      };
    default:
      return step;
  }
}

function numberOf(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

export interface IProgress {
  total: number;
  /** Steps that need nothing more, however they ended. */
  ended: number;
  done: number;
  running: number;
  failed: number;
  reused: number;
}

export function progressOf(run: IRun): IProgress {
  const steps = Object.values(run.steps);
  const count = (state: StepState): number => steps.filter(one => one.status === state).length;
  return {
    total: steps.length,
    ended: steps.filter(one => ENDED.includes(one.status)).length,
    done: count('done'),
    running: count('running'),
    failed: count('failed'),
    reused: steps.filter(one => one.reused).length
  };
}

export function hasEnded(run: { status: string }): boolean {
  return run.status !== 'running';
}

/** How long a step has taken, at a time by the clock of the machine that runs it; undefined before it starts. */
export function stepSeconds(step: IRunStep, now: number): number | undefined {
  if (step.status === 'running') {
    return step.started === undefined ? undefined : Math.max(now - step.started, 0);
  }
  return step.status === 'done' || step.status === 'failed' ? step.seconds : undefined;
}

export function runSeconds(run: { status: string; started: number; seconds: number }, now: number): number {
  return hasEnded(run) ? run.seconds : Math.max(now - run.started, 0);
}

/** The names of the steps, in the notebook's order. */
export function stepNames(run: IRun): string[] {
  const ordered = (run.graph?.steps ?? []).map(one => one.name).filter(name => name in run.steps);
  return [...ordered, ...Object.keys(run.steps).filter(name => !ordered.includes(name))];
}

/** What went wrong in a step: its errors before its warnings. */
export function problemsOf(step: IRunStep): IDiagnostic[] {
  const rank = { error: 0, warning: 1, info: 2 };
  return [...(step.diagnostics ?? [])].sort((a, b) => rank[a.severity] - rank[b.severity]);
}

/** The first error of a run, in notebook order, with its step. */
export function firstError(run: IRun): { step: string; finding: IDiagnostic } | null {
  for (const step of stepNames(run)) {
    const one = run.steps[step];
    const finding = one.status === 'failed' ? problemsOf(one).find(problem => problem.severity === 'error') : undefined;
    if (finding) {
      return { step, finding };
    }
  }
  return null;
}

/** Where a cell of a run's pipeline stands for the user: its number in its notebook, which is '' for the notebook itself. */
export function userCell(run: IRun, cell: number): { notebook: string; cell: number } {
  return run.graph?.cells?.[String(cell)] ?? { notebook: '', cell };
}
