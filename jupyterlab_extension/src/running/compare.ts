/** Runs side by side. Pure functions. */
import type { IRun } from '../api';
import { stepNames } from './events';
import { duration, value } from './format';

/** What is compared: of a run as a whole, its parameters, metrics, or steps. */
export type Group = 'run' | 'parameters' | 'metrics' | 'steps';

export interface IEntry {
  text: string;
  /** How a number differs from the first run's. */
  change?: string;
  /** The state, for entries of steps and of the run. */
  state?: string;
}

export interface IRow {
  name: string;
  entries: IEntry[];
  /** Whether the runs differ here. Times always do, so they do not count. */
  differs: boolean;
}

export const MISSING = '–';

export function compareRuns(runs: readonly IRun[]): { [group in Group]: IRow[] } {
  return {
    run: [
      row('status', runs, run => ({ text: run.status, state: run.status })),
      { ...row('started', runs, run => ({ text: String(run.started) })), differs: false },
      { ...row('seconds', runs, run => ({ text: run.status === 'running' ? MISSING : duration(run.seconds) })), differs: false }
    ],
    parameters: values(runs, run => allParameters(run)),
    metrics: values(runs, run => run.metrics),
    steps: names(runs.map(run => stepNames(run))).map(name => stepRow(name, runs))
  };
}

/** What a run was set to, and the defaults of what it was not. */
function allParameters(run: IRun): { [name: string]: unknown } {
  const found: { [name: string]: unknown } = {};
  for (const one of run.graph?.parameters ?? []) {
    found[one.name] = one.default;
  }
  return { ...found, ...run.parameters };
}

function row(name: string, runs: readonly IRun[], entry: (run: IRun) => IEntry): IRow {
  const entries = runs.map(entry);
  return { name, entries, differs: new Set(entries.map(one => one.text)).size > 1 };
}

function values(runs: readonly IRun[], of: (run: IRun) => { [name: string]: unknown }): IRow[] {
  return names(runs.map(run => Object.keys(of(run)))).map(name => {
    const all = runs.map(run => (name in of(run) ? of(run)[name] : undefined));
    const first = all[0];
    const entries = all.map((one, at) => ({
      text: one === undefined ? MISSING : value(one),
      change: at > 0 && typeof one === 'number' && typeof first === 'number' ? change(first, one) : undefined
    }));
    const exact = new Set(all.map(one => (one === undefined ? MISSING : JSON.stringify(one))));
    return { name, entries, differs: exact.size > 1 };
  });
}

/** `+0.012`, `-3`; undefined when nothing changed. */
function change(from: number, to: number): string | undefined {
  const found = to - from;
  return found === 0 || !Number.isFinite(found) ? undefined : `${found > 0 ? '+' : '−'}${value(Number(Math.abs(found).toPrecision(3)))}`;
}

function stepRow(name: string, runs: readonly IRun[]): IRow {
  const entries = runs.map(run => {
    const step = run.steps[name];
    if (!step) {
      return { text: MISSING };
    }
    const state = step.status === 'done' && step.reused ? 'reused' : step.status;
    const took = state === 'done' || state === 'failed' ? duration(step.seconds ?? 0) : '';
    return { text: took, state };
  });
  // A step that was taken over is as done as the one that it was taken from.
  const states = new Set(runs.map(run => run.steps[name]?.status ?? MISSING));
  return { name, entries, differs: states.size > 1 };
}

/** All names, in the order of the run that has most, then of the others. */
function names(lists: string[][]): string[] {
  const longest = [...lists].sort((a, b) => b.length - a.length);
  return [...new Set(longest.flat())];
}
