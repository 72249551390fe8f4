import { createHash } from 'crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../../src/api';
import { NotebookRuns } from '../../src/runs';
import { FakeApi, FakeNotebook, makeRow, makeRun, step } from './fakes';

let api: FakeApi;
let notebook: FakeNotebook;
let runs: NotebookRuns;

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

async function opened(): Promise<NotebookRuns> {
  runs = new NotebookRuns(notebook.pipeline, api.asApi);
  await settle();
  return runs;
}

beforeEach(() => {
  vi.useFakeTimers({ now: 2_000_000 });
  api = new FakeApi();
  notebook = new FakeNotebook();
});

afterEach(() => {
  runs.dispose();
  vi.useRealTimers();
});

describe('starting', () => {
  it('saves a notebook that has changes, and runs its file with the parameters that were set', async () => {
    notebook.dirty = true;
    notebook.parameterValues = { seed: 3 };
    await opened();
    await runs.start();
    expect(notebook.save).toHaveBeenCalledTimes(1);
    expect(api.start).toHaveBeenCalledWith({ path: 'work/demo.ipynb', target: 'local', parameters: { seed: 3 } });
    expect(runs.current?.id).toBe(1);
  });

  it('does not write a file that is as the page shows it', async () => {
    await opened();
    await runs.start();
    expect(notebook.save).not.toHaveBeenCalled();
  });

  it.each([
    ['the model says so', (n: FakeNotebook) => (n.readOnly = true)],
    ['the server says so', (n: FakeNotebook) => (n.writable = false)]
  ])('runs nothing when changes cannot be saved: read-only, as %s', async (_name, make) => {
    notebook.dirty = true;
    make(notebook);
    await opened();
    await runs.start();
    expect(api.start).not.toHaveBeenCalled();
    expect(runs.failure?.what).toBe('save');
    expect(runs.isStarting).toBe(false);
  });

  it('runs a read-only notebook without changes', async () => {
    notebook.readOnly = true;
    await opened();
    await runs.start();
    expect(api.start).toHaveBeenCalledTimes(1);
  });

  it('runs nothing when saving fails, and says why', async () => {
    notebook.dirty = true;
    notebook.save.mockRejectedValue(new Error('disk full'));
    await opened();
    await runs.start();
    expect(api.start).not.toHaveBeenCalled();
    expect(runs.failure?.error.message).toBe('disk full');
  });

  it('starts one run when it is asked for twice', async () => {
    await opened();
    await Promise.all([runs.start(), runs.start()]);
    expect(api.start).toHaveBeenCalledTimes(1);
  });

  it('keeps what the server refused, with its findings', async () => {
    const finding = { code: 'KL101' } as never;
    api.start.mockRejectedValue(new ApiError(422, 'refused', 'mend it', [finding]));
    await opened();
    await runs.start();
    expect(runs.failure).toMatchObject({ what: 'start', error: { status: 422, diagnostics: [finding] } });
    expect(runs.current).toBeNull();
  });

  it('takes steps over from the run that is shown', async () => {
    api.runs.mockResolvedValue([makeRow({ id: 7, status: 'failed' })]);
    api.run.mockResolvedValue(makeRun({ id: 7, status: 'failed' }));
    runs = new NotebookRuns(notebook.pipeline, api.asApi, { jobs: 2 });
    await settle();
    await runs.runFrom('fit');
    expect(api.start).toHaveBeenCalledWith({
      path: 'work/demo.ipynb', target: 'local', from: 'fit', jobs: 2, reuse: 7
    });
  });
});

describe('following', () => {
  it('keeps the states of the steps', async () => {
    await opened();
    await runs.start();
    api.socket.onopen?.();
    api.socket.event(0, { type: 'run-started' });
    api.socket.event(1, { type: 'step-started', step: 'load', attempt: 1 });
    expect(runs.link).toBe('live');
    expect(runs.stepState('load')).toMatchObject({ status: 'running', started: 1001 });
    api.socket.event(2, { type: 'step-finished', step: 'load', status: 'done', seconds: 1.5, metrics: { rows: 3 } });
    expect(runs.stepState('load')).toMatchObject({ status: 'done', seconds: 1.5 });
    expect(runs.current?.metrics).toEqual({ rows: 3 });
  });

  it('reads on after the last event when the channel breaks', async () => {
    await opened();
    await runs.start();
    api.socket.onopen?.();
    api.socket.event(0, { type: 'step-started', step: 'load', attempt: 1 });
    api.run.mockResolvedValue(makeRun({ events: 1, steps: { load: step('running'), fit: step('waiting') } }));
    api.socket.drop();
    await vi.advanceTimersByTimeAsync(600);
    expect(api.sockets.length).toBe(2);
    expect(api.socket.from).toBe(1);
    api.socket.onopen?.();
    api.socket.event(1, { type: 'step-finished', step: 'load', status: 'done', seconds: 1 });
    expect(runs.stepState('load')?.status).toBe('done');
    expect(runs.link).toBe('live');
  });

  it('asks for the run when there is no channel at all, until it ends', async () => {
    await opened();
    await runs.start();
    api.run.mockResolvedValue(makeRun({ events: 4, steps: { load: step('done'), fit: step('running') } }));
    api.socket.drop();
    await settle();
    expect(runs.link).toBe('asking');
    expect(runs.stepState('fit')?.status).toBe('running');
    api.run.mockResolvedValue(makeRun({ status: 'done', steps: { load: step('done'), fit: step('done') } }));
    for (let i = 0; i < 3; i++) {
      await vi.advanceTimersByTimeAsync(3000);
      api.socket.drop();
    }
    await settle();
    expect(runs.current?.status).toBe('done');
    expect(runs.isRunning).toBe(false);
  });

  it('finds the report that is written after the end', async () => {
    await opened();
    await runs.start();
    api.run.mockResolvedValue(makeRun({ status: 'done' }));
    api.socket.drop();
    await settle();
    expect(runs.current?.report).toBe(false);
    api.run.mockResolvedValue(makeRun({ status: 'done', report: true }));
    await vi.advanceTimersByTimeAsync(3000);
    expect(runs.current?.report).toBe(true);
  });

  it('says that the server is away, and comes back by itself', async () => {
    await opened();
    await runs.start();
    api.socket.onopen?.();
    api.run.mockRejectedValue(new ApiError(0, 'away'));
    api.socket.drop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(runs.link).toBe('lost');
    expect(runs.isRunning).toBe(true);
    api.run.mockResolvedValue(makeRun({ events: 2, steps: { load: step('done'), fit: step('running') } }));
    await vi.advanceTimersByTimeAsync(10_000);
    api.socket.onopen?.();
    expect(runs.link).toBe('live');
    expect(runs.stepState('load')?.status).toBe('done');
  });

  it('finds out that a channel is dead without saying so', async () => {
    await opened();
    await runs.start();
    api.socket.onopen?.();
    api.run.mockResolvedValue(makeRun({ events: 5, steps: { load: step('done'), fit: step('running') } }));
    await vi.advanceTimersByTimeAsync(21_000);
    expect(api.sockets.length).toBe(2);
    expect(api.sockets[0].closed).toBe(true);
    expect(runs.stepState('load')?.status).toBe('done');
  });

  it('leaves a channel alone on which nothing happens', async () => {
    await opened();
    await runs.start();
    api.socket.onopen?.();
    await vi.advanceTimersByTimeAsync(100_000);
    expect(api.sockets.length).toBe(1);
    expect(runs.link).toBe('live');
  });

  it('does not play events again that the fetched run holds, but shows what they printed', async () => {
    api.runs.mockResolvedValue([makeRow()]);
    api.run.mockResolvedValue(makeRun({ events: 3, steps: { load: step('done'), fit: step('running') } }));
    await opened();
    api.socket.onopen?.();
    expect(api.socket.from).toBe(0);
    api.socket.event(0, { type: 'step-started', step: 'load', attempt: 1 });
    expect(runs.stepState('load')?.status).toBe('done');
    api.socket.event(1, { type: 'step-output', step: 'load', text: 'hello\n', stream: 'stdout', cell: 2 });
    expect(runs.log('load').lines.map(line => line.text)).toEqual(['hello']);
    api.socket.event(3, { type: 'step-finished', step: 'fit', status: 'failed', seconds: 1 });
    expect(runs.stepState('fit')?.status).toBe('failed');
  });

  it('says when no more is told of what a cell prints', async () => {
    await opened();
    await runs.start();
    api.socket.event(0, { type: 'step-output', step: 'load', text: 'hel', cell: 2, truncated: true });
    expect(runs.log('load').cut).toEqual([2]);
  });

  it('fetches the newest part only of a run that printed very much', async () => {
    api.runs.mockResolvedValue([makeRow()]);
    api.run.mockResolvedValue(makeRun({ events: 1_000_000 }));
    await opened();
    expect(api.socket.from).toBe(980_000);
  });

  it('tells once that a run ended, and fetches it whole', async () => {
    const ended = vi.fn();
    await opened();
    runs.ended.connect((_, run) => ended(run.status));
    await runs.start();
    api.socket.onopen?.();
    api.socket.event(0, { type: 'run-finished', status: 'failed', seconds: 40 });
    api.run.mockResolvedValue(makeRun({ status: 'failed', report: true }));
    api.socket.send({ closed: true });
    await settle();
    expect(ended.mock.calls).toEqual([['failed']]);
    expect(runs.current?.report).toBe(true);
    expect(runs.link).toBeNull();
  });

  it('stops following a run whose record was deleted', async () => {
    await opened();
    await runs.start();
    api.run.mockRejectedValue(new ApiError(404, 'no such run'));
    api.socket.drop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(runs.link).toBe('gone');
    expect(runs.isRunning).toBe(false);
    expect(api.sockets.length).toBe(1);
  });

  it('goes by the clock of the machine that runs', async () => {
    api.start.mockResolvedValue(makeRun({ now: 5000 }));
    await opened();
    await runs.start();
    vi.advanceTimersByTime(2000);
    expect(runs.now()).toBeCloseTo(5002);
  });
});

describe('finding again', () => {
  it('follows the run that goes on, after the page was loaded anew', async () => {
    api.runs.mockResolvedValue([makeRow({ id: 9, status: 'done' }), makeRow({ id: 8 })]);
    api.run.mockImplementation(async id => makeRun({ id }));
    await opened();
    expect(runs.current?.id).toBe(8);
    expect(runs.isRunning).toBe(true);
  });

  it('shows the last run when none goes on, and tells nobody that it ended', async () => {
    const ended = vi.fn();
    api.runs.mockResolvedValue([makeRow({ id: 9, status: 'failed' }), makeRow({ id: 8, status: 'done' })]);
    api.run.mockImplementation(async id => makeRun({ id, status: 'failed', events: 4 }));
    runs = new NotebookRuns(notebook.pipeline, api.asApi);
    runs.ended.connect(ended);
    await settle();
    api.socket.onopen?.();
    api.socket.event(3, { type: 'run-finished', status: 'failed' });
    api.socket.send({ closed: true });
    await settle();
    expect(runs.current?.id).toBe(9);
    expect(ended).not.toHaveBeenCalled();
  });

  it('follows a run that was started elsewhere when the one that is shown ended', async () => {
    await opened();
    api.run.mockImplementation(async id => makeRun({ id }));
    api.runs.mockResolvedValue([makeRow({ id: 5 })]);
    await runs.refresh();
    expect(runs.current?.id).toBe(5);
  });

  it('does not turn from a run that the user opened to one that was started elsewhere', async () => {
    await opened();
    api.run.mockImplementation(async id => makeRun({ id, status: id === 3 ? 'done' : 'running' }));
    await runs.open(3);
    api.runs.mockResolvedValue([makeRow({ id: 5 }), makeRow({ id: 3, status: 'done' })]);
    await runs.refresh();
    expect(runs.current?.id).toBe(3);
    expect(runs.history.length).toBe(2);
  });

  it('asks for the history under the new name when the notebook is renamed', async () => {
    await opened();
    notebook.path = 'work/other.ipynb';
    notebook.signals.pathChanged.emit('work/other.ipynb');
    await settle();
    expect(api.runs).toHaveBeenLastCalledWith('work/other.ipynb');
  });

  it('keeps the history that it has while the server is away', async () => {
    api.runs.mockResolvedValue([makeRow({ status: 'done' })]);
    api.run.mockResolvedValue(makeRun({ status: 'done' }));
    await opened();
    api.runs.mockRejectedValue(new ApiError(0, 'away'));
    await runs.refresh();
    expect(runs.history.length).toBe(1);
    expect(runs.historyFailure?.status).toBe(0);
  });
});

describe('stopping and deleting', () => {
  it('stops once, and waits for the end', async () => {
    await opened();
    await runs.start();
    await Promise.all([runs.stop(), runs.stop()]);
    expect(api.stop).toHaveBeenCalledTimes(1);
    expect(runs.isStopping).toBe(true);
    api.socket.event(0, { type: 'run-finished', status: 'interrupted' });
    expect(runs.isStopping).toBe(false);
  });

  it('takes it for nothing when the run has ended meanwhile', async () => {
    await opened();
    await runs.start();
    api.stop.mockRejectedValue(new ApiError(409, 'ended'));
    await runs.stop();
    expect(runs.failure).toBeNull();
    expect(runs.isStopping).toBe(false);
  });

  it('shows nothing after the shown run was deleted', async () => {
    api.runs.mockResolvedValueOnce([makeRow({ status: 'done' })]);
    api.run.mockResolvedValue(makeRun({ status: 'done' }));
    await opened();
    await runs.delete(1);
    expect(runs.current).toBeNull();
    expect(runs.history).toEqual([]);
  });
});

describe('the cells that ran', () => {
  const finding = (cell: number) => ({ cell, notebook: '' }) as never;

  it('are found when cells come before them, and told when they change', async () => {
    await opened();
    await runs.start();
    notebook.cells = [{ id: 'new', source: '# Title', type: 'markdown' }, ...notebook.cells];
    expect(runs.placeOf(finding(2))).toBe(2);
    expect(runs.changes).toBe(0);
    notebook.cells[2] = { id: 'b', source: 'y = x + 1' };
    expect(runs.changes).toBe(1);
    expect(runs.isAsItRan(finding(2))).toBe(false);
    expect(runs.isAsItRan(finding(1))).toBe(true);
    notebook.cells.splice(2, 1);
    expect(runs.placeOf(finding(2))).toBe(-1);
  });

  it('are found by their digests after the page was loaded anew', async () => {
    vi.useRealTimers();
    const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
    api.runs.mockResolvedValue([makeRow({ status: 'failed' })]);
    const cells = { 1: digest('x = 1'), 2: digest('y = x'), 3: digest('z = é') };
    api.run.mockResolvedValue(makeRun({ status: 'failed', cells }));
    notebook.cells = [{ id: 'n', source: 'new = 0' }, { id: 'a', source: 'x = 1' }, { id: 'c', source: 'z = é' }];
    runs = new NotebookRuns(notebook.pipeline, api.asApi);
    await vi.waitFor(() => expect(runs.started).not.toBeNull());
    expect(runs.placeOf(finding(1))).toBe(1);
    expect(runs.placeOf(finding(3))).toBe(2);
    expect(runs.isAsItRan(finding(3))).toBe(true);
    expect(runs.isAsItRan(finding(2))).toBe(false);
  });

  it('do not count cells that are skipped', async () => {
    notebook.roles = { 2: 'skip' };
    await opened();
    await runs.start();
    notebook.cells[1] = { id: 'b', source: 'changed' };
    expect(runs.changes).toBe(0);
  });
});

it('lets go of everything with its notebook', async () => {
  await opened();
  await runs.start();
  const socket = api.socket;
  notebook.signals.disposed.emit();
  expect(runs.isDisposed).toBe(true);
  expect(socket.closed).toBe(true);
  await vi.advanceTimersByTimeAsync(100_000);
  expect(vi.getTimerCount()).toBe(0);
});
