import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NotebookRuns } from '../../src/runs';
import { FakeApi, FakeNotebook } from './fakes';

describe('the dialog about a file that has changed', () => {
  let api: FakeApi;
  let notebook: FakeNotebook;
  let runs: NotebookRuns;

  beforeEach(async () => {
    api = new FakeApi();
    notebook = new FakeNotebook();
    notebook.dirty = true;
    runs = new NotebookRuns(notebook.pipeline, api.asApi);
    await vi.waitFor(() => expect(runs.isKnown).toBe(true));
  });

  afterEach(() => runs.dispose());

  const nothing = (): void => {
    expect(api.start).not.toHaveBeenCalled();
    expect(runs.failure).toBeNull();
    expect(runs.isStarting).toBe(false);
  };

  it('Cancel: nothing runs, and nothing is told', async () => {
    notebook.save.mockRejectedValue(Object.assign(new Error('Cancel'), { name: 'ModalCancelError' }));
    await runs.start();
    nothing();
    expect(notebook.dirty).toBe(true);
  });
  it('Revert: what the file holds is not run', async () => {
    notebook.save.mockImplementation(async () => {
      notebook.cells = notebook.cells.map(cell => ({ ...cell }));
      notebook.dirty = false;
    });
    await runs.start();
    nothing();
  });
  it('Overwrite: the notebook is run', async () => {
    await runs.start();
    expect(api.start).toHaveBeenCalledTimes(1);
  });
  it('another reason is told', async () => {
    notebook.save.mockRejectedValue(new Error('disk full'));
    await runs.start();
    expect(runs.failure?.error.message).toBe('disk full');
  });
});
