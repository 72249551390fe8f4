import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../src/api';
import { analysisOf, FakeServer, OpenNotebook } from './fakes';

const CELLS = [
  { type: 'markdown' as const, source: '# All' },
  { tags: ['mine', 'step:load'] },
  {},
  { tags: ['step:fit', 'prev:load'] }
];

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Let everything that waits, for so many milliseconds, happen. */
const pass = (milliseconds = 60): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);

describe('analysis', () => {
  it('is made once the notebook is ready, and after edits when they pause', async () => {
    const open = new OpenNotebook(CELLS);
    await pass();
    expect(open.server.analyse).toHaveBeenCalledTimes(1);
    open.edit(1, 'a');
    await pass(30);
    open.edit(1, 'ab');
    await pass(30);
    expect(open.server.analyse).toHaveBeenCalledTimes(1);
    await pass(30);
    expect(open.server.analyse).toHaveBeenCalledTimes(2);
  });

  it('is not made again when only outputs have changed', async () => {
    const open = new OpenNotebook(CELLS);
    await pass();
    open.contentChanged.emit();
    await pass();
    expect(open.server.analyse).toHaveBeenCalledTimes(1);
  });

  it('of an older content is not shown, and is aborted', async () => {
    const open = new OpenNotebook(CELLS);
    await pass();
    const answers: ((name: string) => void)[] = [];
    open.server.analyse.mockImplementation(
      () => new Promise(resolve => answers.push(name => resolve(analysisOf([{ tags: [`step:${name}`] }]))))
    );
    open.edit(1, 'old');
    await pass();
    const signal = open.server.analyse.mock.lastCall?.[4] as AbortSignal;
    open.edit(1, 'new');
    await pass();
    expect(signal.aborted).toBe(true);
    answers[1]('new');
    await pass(0);
    answers[0]('old');
    await pass(0);
    expect(open.pipeline.analysis?.cells[0].step).toBe('new');
    expect(open.pipeline.isStale).toBe(false);
  });

  it('a server that is gone leaves what is known, and is asked again until it is back', async () => {
    const open = new OpenNotebook(CELLS);
    await pass();
    open.server.analyse.mockRejectedValue(new ApiError(0, 'gone'));
    open.edit(1, 'y');
    await pass();
    expect(open.pipeline.failure?.status).toBe(0);
    expect(open.pipeline.analysis?.pipeline?.steps).toHaveLength(2);
    open.server.analyse.mockResolvedValue(analysisOf(CELLS));
    await pass(3000);
    expect(open.pipeline.failure).toBeNull();
    expect(open.pipeline.isStale).toBe(false);
  });

  it('one that was superseded is no failure', async () => {
    const open = new OpenNotebook(CELLS);
    await pass();
    open.server.analyse.mockRejectedValueOnce(new ApiError(409, 'superseded'));
    open.edit(1, 'y');
    await pass(200);
    expect(open.pipeline.failure).toBeNull();
    expect(open.pipeline.isStale).toBe(false);
  });

  it('a refusal is told and not repeated', async () => {
    const server = new FakeServer();
    const open = new OpenNotebook(CELLS, server);
    server.analyse.mockRejectedValue(new ApiError(403, 'outside'));
    await pass(10_000);
    expect(server.analyse).toHaveBeenCalledTimes(1);
    expect(open.pipeline.failure?.message).toBe('outside');
  });

  it('nothing is asked after the notebook was closed', async () => {
    const open = new OpenNotebook(CELLS);
    await pass();
    open.edit(1, 'y');
    open.disposed.emit();
    await pass(5000);
    expect(open.server.analyse).toHaveBeenCalledTimes(1);
    expect(open.pipeline.isDisposed).toBe(true);
  });

  it('files of older formats are sent without ids', async () => {
    const open = new OpenNotebook(CELLS);
    expect(open.pipeline.content().cells[0]).toHaveProperty('id');
    open.shared.nbformat_minor = 4;
    expect(open.pipeline.content().cells[0]).not.toHaveProperty('id');
  });
});

describe('a notebook that JupyterLab is loading', () => {
  it('is said not to open when the server cannot read it', async () => {
    const server = new FakeServer();
    server.opens.mockRejectedValue(new ApiError(400, 'Unreadable Notebook'));
    const { pipeline } = new OpenNotebook(CELLS, server, new Promise(() => undefined));
    await pass(2000);
    expect(pipeline.failure).toBeNull();
    await pass(2000);
    expect(server.opens).toHaveBeenCalledWith('demo.ipynb');
    expect(pipeline).toMatchObject({ isReady: false, failure: { message: 'Unreadable Notebook' } });
    expect(server.analyse).not.toHaveBeenCalled();
  });

  it('is analysed when it is there late', async () => {
    const server = new FakeServer();
    server.opens.mockRejectedValue(new ApiError(0, 'gone'));
    const { pipeline } = new OpenNotebook(CELLS, server, new Promise(resolve => setTimeout(resolve, 9000)));
    await pass(4000);
    expect(pipeline.failure).not.toBeNull();
    await pass(6000);
    expect(pipeline).toMatchObject({ isReady: true, isStale: false, failure: null });
  });

  it('is not asked for when it is there in time', async () => {
    const open = new OpenNotebook(CELLS);
    await pass(4000);
    expect(open.server.opens).not.toHaveBeenCalled();
  });
});

describe('the record of a run', () => {
  const at = (path: string): OpenNotebook => {
    const open = new OpenNotebook(CELLS);
    open.path = path;
    return open;
  };

  it.each(['kale-lite-runs/demo-1/notebook.ipynb', 'work/kale-lite-runs/demo-1/steps/fit.ipynb'])('%s is not analysed', async path => {
    const open = at(path);
    await pass();
    open.edit(1, 'y');
    await pass();
    expect(open.pipeline.isRecord).toBe(true);
    expect(open.server.analyse).not.toHaveBeenCalled();
  });

  it.each(['kale-lite-runs/mine.ipynb', 'kale-lite-runs/demo-1/kept/other.ipynb'])('%s is none', path => {
    expect(at(path).pipeline.isRecord).toBe(false);
  });

  it('a step notebook is one wherever it is, one with settings is none', () => {
    const open = at('copy.ipynb');
    open.shared.setMetadata('kale_lite', { pipeline_name: 'demo' });
    expect(open.pipeline.isRecord).toBe(false);
    open.shared.setMetadata('kale_lite', { step: 'fit', pipeline: 'demo' });
    expect(open.pipeline.isRecord).toBe(true);
  });
});

describe('steps', () => {
  it('have a place in the notebook for their colour, and cells', async () => {
    const open = new OpenNotebook(CELLS);
    await pass();
    expect(['load', 'fit', 'none'].map(name => open.pipeline.stepIndex(name))).toEqual([0, 1, -1]);
    expect(open.pipeline.cellsOf('load')).toEqual([2, 3]);
  });

  it('of an embedded notebook have the place of the cell that stands for it', async () => {
    const cells = [{ tags: ['step:a'] }, { tags: ['notebook:in'] }];
    const open = new OpenNotebook(cells);
    const analysis = analysisOf(cells);
    analysis.cells[1] = { ...analysis.cells[1], role: 'notebook', step: 'in' };
    analysis.pipeline?.steps.push({ ...analysis.pipeline.steps[0], name: 'in-load', cells: [3], within: ['in'] });
    open.server.analyse.mockResolvedValue(analysis);
    await pass();
    expect(open.pipeline.stepIndex('in-load')).toBe(1);
    expect(open.pipeline.cellsOf('in-load')).toEqual([2]);
  });
});

describe('edits', () => {
  it('are one step of undo each, for all cells at once', async () => {
    const open = new OpenNotebook(CELLS);
    const { edits } = open.pipeline;
    edits.retag([1, 2], now => ({ ...now, role: 'skip', step: '' }));
    edits.retag([3], now => ({ ...now, step: 'train' }));
    expect(open.tags).toEqual([undefined, ['mine', 'skip'], ['skip'], ['prev:load', 'step:train']]);
    open.shared.undo();
    expect(open.tags[3]).toEqual(['step:fit', 'prev:load']);
    expect(open.tags[2]).toEqual(['skip']);
    open.shared.undo();
    expect(open.tags).toEqual([undefined, ['mine', 'step:load'], undefined, ['step:fit', 'prev:load']]);
    expect(open.shared.canUndo()).toBe(false);
  });

  it('that change nothing are no step of undo', () => {
    const open = new OpenNotebook(CELLS);
    open.pipeline.edits.retag([1], now => now);
    expect(open.shared.canUndo()).toBe(false);
  });

  it('fixes change tags in place and append to lines', () => {
    const open = new OpenNotebook([{ source: 'a = 1\nb = 2', tags: ['one', 'stp:x', 'two'] }]);
    const edits = [{ cell: 1, add: ['step:x'], remove: ['stp:x'] }, { cell: 1, line: 1, append: '  # why' }, { cell: 9, add: ['y'] }];
    open.pipeline.edits.fix({ title: 'mend', edits });
    expect(open.tags).toEqual([['one', 'step:x', 'two']]);
    expect(open.shared.getCell(0).getSource()).toBe('a = 1  # why\nb = 2');
    open.shared.undo();
    expect(open.tags).toEqual([['one', 'stp:x', 'two']]);
    expect(open.shared.getCell(0).getSource()).toBe('a = 1\nb = 2');
  });

  it('settings leave the rest of the metadata, and leave nothing behind', () => {
    const open = new OpenNotebook(CELLS);
    open.shared.setMetadata('other', { a: 1 });
    open.pipeline.edits.setSetting('pipeline_name', 'demo');
    expect(open.pipeline.setting('pipeline_name')).toBe('demo');
    open.pipeline.edits.setSetting('pipeline_name', undefined);
    expect(open.shared.getMetadata()).toEqual({ other: { a: 1 } });
  });
});

describe('suggestions', () => {
  async function suggested(): Promise<OpenNotebook> {
    const open = new OpenNotebook([{ tags: ['mine'] }, {}]);
    await pass();
    open.server.suggest.mockResolvedValue({
      cells: [], tags: { 1: ['mine', 'step:a'], 2: ['step:b'] }, pipeline: null, diagnostics: []
    });
    await open.pipeline.suggesting.ask();
    return open;
  }

  it('change nothing until they are accepted, and can be taken back', async () => {
    const open = await suggested();
    expect(open.tags).toEqual([['mine'], undefined]);
    open.pipeline.suggesting.accept();
    expect(open.tags).toEqual([['mine', 'step:a'], ['step:b']]);
    open.shared.moveCell(0, 1);
    open.pipeline.suggesting.takeBack();
    expect(open.tags).toEqual([undefined, ['mine']]);
  });

  it('what was tagged by hand since stays when they are taken back', async () => {
    const open = await suggested();
    open.pipeline.suggesting.accept();
    open.pipeline.edits.retag([1], now => ({ ...now, step: 'mine' }));
    open.pipeline.suggesting.takeBack();
    expect(open.tags).toEqual([['mine'], ['step:mine']]);
    expect(open.pipeline.suggesting.canTakeBack).toBe(false);
  });

  it('are undone at once', async () => {
    const open = await suggested();
    open.pipeline.suggesting.accept();
    open.shared.undo();
    expect(open.tags).toEqual([['mine'], undefined]);
  });

  it('for other cells than there are now are not written', async () => {
    const open = await suggested();
    open.shared.deleteCell(0);
    expect(open.pipeline.suggesting.isOutdated).toBe(true);
    open.pipeline.suggesting.accept();
    expect(open.tags).toEqual([undefined]);
  });

  it('that cannot be made are told', async () => {
    const open = await suggested();
    open.server.suggest.mockRejectedValue(new ApiError(422, 'refused'));
    await open.pipeline.suggesting.ask();
    expect(open.pipeline.suggesting).toMatchObject({ suggestion: null, isAsking: false, failure: { message: 'refused' } });
  });
});

it('what the target cannot honour is asked with the notebook, and anew for another target', async () => {
  localStorage.clear();
  const open = new OpenNotebook(CELLS);
  await pass();
  expect(open.server.analyse.mock.lastCall?.[3]).toBe('local');
  open.pipeline.target = 'kfp';
  await pass(0);
  expect(open.server.analyse).toHaveBeenCalledTimes(2);
  expect(open.server.analyse.mock.lastCall?.[3]).toBe('kfp');
  open.pipeline.target = 'kfp';
  await pass();
  expect(open.server.analyse).toHaveBeenCalledTimes(2);
});

it('the target is remembered for the notebook, also when that is renamed', async () => {
  localStorage.clear();
  const open = new OpenNotebook(CELLS);
  await pass();
  expect(open.pipeline.target).toBe('local');
  open.pipeline.target = 'kfp';
  expect(new OpenNotebook(CELLS).pipeline.target).toBe('kfp');
  open.path = 'renamed.ipynb';
  (open.pipeline.panel.context.pathChanged as Signal<object, string>).emit(open.path);
  expect(new OpenNotebook(CELLS).pipeline.target).toBe('local');
  expect(open.pipeline.target).toBe('kfp');
  open.pipeline.target = 'local';
  expect(localStorage.length).toBe(0);
});
