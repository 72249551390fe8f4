import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { PanelLayout, Widget } from '@lumino/widgets';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { IDiagnostic, IRun } from '../../src/api';
import { FailureMarks } from '../../src/running/marks';
import { NotebookRuns } from '../../src/runs';
import { FakeApi, FakeNotebook, makeRun, step } from './fakes';

const trans = nullTranslator.load('kale_lite');

/** A cell as far as marks need it: its parts, and its text's signal. */
class FakeCell extends Widget {
  readonly ready = Promise.resolve();
  readonly changed = new Signal<this, object>(this);
  readonly model = { sharedModel: { changed: this.changed } };

  constructor() {
    super({ node: document.createElement('div') });
    const layout = new PanelLayout();
    this.layout = layout;
    for (const part of ['jp-CellHeader', 'jp-Cell-inputWrapper', 'jp-Cell-outputWrapper', 'jp-CellFooter']) {
      const widget = new Widget();
      widget.addClass(part);
      layout.addWidget(widget);
    }
  }

  get box(): Element | null {
    return this.node.querySelector('.jp-KaleLite-FailureBox');
  }

  get isMarked(): boolean {
    return this.hasClass('jp-KaleLite-mod-failedCell');
  }
}

const ERROR: IDiagnostic = {
  code: 'KL402', severity: 'error', notebook: '', cell: 2, line: 1, column: 0, step: 'fit',
  message: "step 'fit' failed: ValueError: <b>bad</b>", hint: 'try another'
};

let api: FakeApi;
let notebook: FakeNotebook;
let cells: FakeCell[];
let runs: NotebookRuns;
let marks: FailureMarks;

function failed(more: Partial<IRun> = {}): IRun {
  const steps = { load: step('done'), fit: step('failed', { diagnostics: [ERROR], traceback: 'Traceback: cell 2' }) };
  return makeRun({ status: 'failed', steps, ...more });
}

/** A run is started here and fails. */
async function fail(more: Partial<IRun> = {}): Promise<void> {
  api.start.mockResolvedValue(failed(more));
  await runs.start();
  await vi.waitFor(() => expect(runs.isStarting).toBe(false));
  await Promise.resolve();
}

beforeEach(() => {
  api = new FakeApi();
  notebook = new FakeNotebook();
  cells = [new FakeCell(), new FakeCell()];
  const pipeline = notebook.pipeline;
  Object.assign(pipeline.panel, { content: { widgets: cells } });
  runs = new NotebookRuns(pipeline, api.asApi);
  marks = new FailureMarks(runs, trans);
  runs.begun.connect(() => marks.clear());
});

afterEach(() => {
  marks.dispose();
  runs.dispose();
});

describe('the cell that failed', () => {
  it('is marked, with the reason between its code and its outputs', async () => {
    await fail();
    expect([cells[0].isMarked, cells[1].isMarked]).toEqual([false, true]);
    expect(cells[1].node.children[2]).toBe(cells[1].box);
    expect(cells[1].box?.textContent).toContain('ValueError: <b>bad</b>');
    expect(cells[1].box?.querySelector('b')).toBeNull();
    expect(cells[1].box?.querySelector('a')?.href).toBe('http://server/kale-lite/pages/KL402');
    expect(cells[1].box?.querySelector('details pre')?.textContent).toBe('Traceback: cell 2');
    expect((cells[1].box?.querySelector('details') as HTMLDetailsElement).open).toBe(false);
  });

  it('is not marked any more once its code is edited; other changes of it leave the mark', async () => {
    await fail();
    cells[1].changed.emit({ outputsChange: [] });
    expect(cells[1].isMarked).toBe(true);
    cells[1].changed.emit({ sourceChange: [{ insert: 'x' }] });
    expect(cells[1].isMarked).toBe(false);
    expect(cells[1].box).toBeNull();
    await runs.refresh();
    expect(cells[1].isMarked).toBe(false);
  });

  it('loses its mark when the user takes it away, and when the next run starts', async () => {
    await fail();
    (cells[1].box?.querySelector('button') as HTMLButtonElement).click();
    expect(cells[1].isMarked).toBe(false);
    await fail({ id: 2 });
    expect(cells[1].isMarked).toBe(true);
    api.start.mockResolvedValue(makeRun({ id: 3 }));
    await runs.start();
    expect(cells[1].isMarked).toBe(false);
  });

  it('is not marked when it is not as it ran', async () => {
    api.start.mockImplementation(async () => {
      notebook.cells[1] = { id: 'b', source: 'edited meanwhile' };
      return failed();
    });
    await runs.start();
    expect(cells[1].isMarked).toBe(false);
  });

  it('is not looked for in this notebook when it is of another one', async () => {
    const steps = { load: step('done'), fit: step('failed', { diagnostics: [{ ...ERROR, notebook: 'other.ipynb' }] }) };
    await fail({ steps });
    expect(cells.some(cell => cell.isMarked)).toBe(false);
  });

  it('may be gone, with its box', async () => {
    await fail();
    notebook.cells.splice(1, 1);
    cells[1].dispose();
    cells.pop();
    await runs.refresh();
    runs.dismissFailure();
    expect(cells[0].isMarked).toBe(false);
  });

  it('is left as it was when the marks are let go', async () => {
    await fail();
    marks.dispose();
    expect(cells[1].isMarked).toBe(false);
    expect(cells[1].node.children.length).toBe(4);
  });
});
