/** An open notebook with a real shared model, and a server that answers what it is told. */
import { YNotebook } from '@jupyter/ydoc';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';
import { vi } from 'vitest';
import type { Api, IAnalysis, ICellInfo, IDiagnostic, IPipeline, ISuggestion } from '../src/api';
import { NotebookPipeline } from '../src/model';
import { readTags } from '../src/tags';

export interface IFakeCell {
  source?: string;
  tags?: string[];
  type?: 'code' | 'markdown';
}

/** An analysis that follows the tags alone: untagged cells join the step above. */
export function analysisOf(cells: readonly IFakeCell[], more: Partial<IAnalysis> = {}): IAnalysis {
  const found: ICellInfo[] = [];
  let step = '';
  cells.forEach((cell, at) => {
    if (cell.type === 'markdown') {
      return;
    }
    const own = readTags(cell.tags ?? []);
    step = own.role === 'step' ? own.step : own.role === null ? step : '';
    found.push({
      cell: at + 1, role: own.role ?? 'step', step, tagged: own.role !== null, tags: cell.tags ?? [],
      first: step !== '' && !found.some(one => one.step === step)
    });
  });
  const names = [...new Set(found.map(one => one.step).filter(Boolean))];
  const pipeline = {
    name: 'demo', edges: [], dependencies: [], parameters: [], cells: {},
    steps: names.map(name => ({
      name, slug: name, role: 'step', inputs: [], outputs: [], parameters: [], metrics: [], within: [], options: {},
      cells: found.filter(one => one.step === name).map(one => one.cell)
    }))
  } as unknown as IPipeline;
  return { pipeline, mermaid: '', client: '', seconds: 0, cells: found, diagnostics: [], parameters: [], settings: {}, ...more };
}

export class FakeServer {
  analyse = vi.fn(async (..._call: unknown[]): Promise<IAnalysis> => analysisOf([]));
  opens = vi.fn(async (..._call: unknown[]): Promise<void> => undefined);
  suggest = vi.fn(async (..._call: unknown[]): Promise<ISuggestion> => ({ cells: [], tags: {}, pipeline: null, diagnostics: [] }));
  checkTags = vi.fn(async (tags: string[]) => tags.map(text => ({ text, kind: 'option' as const, problem: '', suggestion: '' })));

  pageUrl = (code: string): string => `http://server/kale-lite/pages/${code}`;

  get asApi(): Api {
    return this as unknown as Api;
  }
}

export class OpenNotebook {
  constructor(
    cells: readonly IFakeCell[],
    readonly server = new FakeServer(),
    private readonly ready: Promise<void> = Promise.resolve()
  ) {
    this.shared.nbformat_minor = 5;
    this.shared.insertCells(
      0,
      cells.map(cell => ({
        cell_type: cell.type ?? 'code',
        source: cell.source ?? 'x',
        metadata: cell.tags ? { tags: cell.tags } : {}
      }))
    );
    this.shared.clearUndoHistory();
    this.server.analyse.mockImplementation(async () => analysisOf(cells));
    this.pipeline = new NotebookPipeline(this.panel, this.server.asApi);
  }

  readonly shared = YNotebook.create() as YNotebook;
  readonly contentChanged = new Signal<object, void>(this);
  readonly disposed = new Signal<object, void>(this);
  readonly pipeline: NotebookPipeline;
  path = 'demo.ipynb';

  /** Tags of all cells as they are in the notebook. */
  get tags(): unknown[] {
    return this.shared.cells.map(cell => cell.getMetadata('tags'));
  }

  edit(index: number, source: string): void {
    this.shared.getCell(index).setSource(source);
    this.contentChanged.emit();
  }

  private get panel(): NotebookPanel {
    const me = this;
    return {
      id: 'panel-1',
      isDisposed: false,
      disposed: this.disposed,
      content: { activeCellIndex: 0, widgets: [], activeCellChanged: new Signal({}) },
      context: {
        ready: this.ready,
        get localPath() {
          return me.path;
        },
        pathChanged: new Signal({}),
        contentsModel: { writable: true },
        model: {
          dirty: false,
          readOnly: false,
          sharedModel: this.shared,
          contentChanged: this.contentChanged,
          cells: { get: (index: number) => this.shared.getCell(index) }
        }
      }
    } as unknown as NotebookPanel;
  }
}

export function finding(more: Partial<IDiagnostic> = {}): IDiagnostic {
  return {
    code: 'KL202', severity: 'error', notebook: '', cell: 1, line: 1, column: 0, step: '', message: 'a message', hint: '', ...more
  };
}
