/** A server and an open notebook, as far as runs need them. */
import { Signal } from '@lumino/signaling';
import { vi } from 'vitest';
import type { Api, IDiagnostic, IParameter, IRun, IRunEvent, IRunRow, IRunStep, StepState } from '../../src/api';
import type { ISubmission, NotebookPipeline } from '../../src/model';
import type { ParameterProblem } from '../../src/parameters';

export class FakeSocket {
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;

  constructor(readonly from: number) {}

  send(data: object): void {
    this.onmessage?.({ data: JSON.stringify(data) });
  }

  event(n: number, event: Partial<IRunEvent> & { type: string }): void {
    this.send({ n, event: { time: 1000 + n, ...event } });
  }

  /** The other end goes away. */
  drop(): void {
    this.onclose?.();
  }

  close(): void {
    this.closed = true;
  }
}

export function step(status: StepState, more: Partial<IRunStep> = {}): IRunStep {
  return { status, slug: 'slug', ...more };
}

export function makeRun(more: Partial<IRun> = {}): IRun {
  return {
    id: 1,
    path: 'work/demo.ipynb',
    folder: 'work/kale-lite-runs/demo-1',
    notebook: 'demo.ipynb',
    pipeline: 'demo',
    target: 'local',
    status: 'running',
    started: 1000,
    seconds: 0,
    parameters: {},
    metrics: {},
    steps: { load: step('waiting'), fit: step('waiting') },
    graph: { name: 'demo', steps: [], edges: [], dependencies: [], parameters: [], cells: {} },
    events: 0,
    report: false,
    link: '',
    kept: true,
    ...more
  };
}

export function makeRow(more: Partial<IRunRow> = {}): IRunRow {
  const { id, path, folder, notebook, pipeline, target, status, started, seconds, parameters, metrics } = makeRun();
  return { id, path, folder, notebook, pipeline, target, status, started, seconds, parameters, metrics, ...more };
}

export class FakeApi {
  sockets: FakeSocket[] = [];
  runs = vi.fn(async (_path: string): Promise<IRunRow[]> => []);
  run = vi.fn(async (_id: number): Promise<IRun> => makeRun());
  start = vi.fn(async (_request: object): Promise<IRun> => makeRun());
  stop = vi.fn(async (_id: number): Promise<IRun> => makeRun());
  resume = vi.fn(async (_id: number): Promise<IRun> => makeRun({ id: 2 }));
  delete = vi.fn(async (_id: number): Promise<void> => undefined);

  events(_id: number, from: number): WebSocket {
    const socket = new FakeSocket(from);
    this.sockets.push(socket);
    return socket as unknown as WebSocket;
  }

  get socket(): FakeSocket {
    return this.sockets[this.sockets.length - 1];
  }

  get asApi(): Api {
    return this as unknown as Api;
  }
}

class Sender {
  pathChanged = new Signal<this, string>(this);
  contentChanged = new Signal<this, void>(this);
  disposed = new Signal<this, void>(this);
}

export interface IFakeCell {
  id: string;
  source: string;
  type?: string;
}

export class FakeNotebook {
  constructor(public cells: IFakeCell[] = [{ id: 'a', source: 'x = 1' }, { id: 'b', source: 'y = x' }]) {}

  path = 'work/demo.ipynb';
  dirty = false;
  readOnly = false;
  writable = true;
  save = vi.fn(async () => {
    this.dirty = false;
  });
  signals = new Sender();
  roles: { [number: number]: string } = {};
  diagnostics: IDiagnostic[] = [];
  reveal = vi.fn(async () => undefined);
  target = 'local';
  submission: Partial<ISubmission> = {};
  parameters: IParameter[] = [];
  parameterValues: { [name: string]: number } = {};
  parameterProblems: { [name: string]: ParameterProblem } = {};

  /** A cell of the shared model: the same one each time. */
  private sharedCell(cell: IFakeCell): object {
    const found = this.shared.get(cell) ?? {
      cell_type: cell.type ?? 'code',
      getId: () => cell.id,
      getSource: () => cell.source
    };
    this.shared.set(cell, found);
    return found;
  }

  private readonly shared = new WeakMap<IFakeCell, object>();

  get pipeline(): NotebookPipeline {
    const me = this;
    const model = {
      get dirty() {
        return me.dirty;
      },
      get readOnly() {
        return me.readOnly;
      },
      contentChanged: this.signals.contentChanged,
      sharedModel: {
        get cells() {
          return me.cells.map(cell => me.sharedCell(cell));
        }
      }
    };
    const context = {
      ready: Promise.resolve(),
      pathChanged: this.signals.pathChanged,
      model,
      save: this.save,
      get contentsModel() {
        return { writable: me.writable };
      }
    };
    const found = {
      api: { pageUrl: (code: string) => `http://server/kale-lite/pages/${code}` },
      panel: { id: 'notebook-1', context, disposed: this.signals.disposed, isDisposed: false },
      changed: new Signal({}),
      selectionChanged: new Signal({}),
      isReady: true,
      isStale: false,
      hoveredStep: '',
      stepIndex: () => 0,
      reveal: this.reveal,
      analysis: { diagnostics: this.diagnostics, parameters: this.parameters, settings: {} },
      cellInfo: (number: number) => (me.roles[number] ? { role: me.roles[number] } : undefined),
      get path() {
        return me.path;
      },
      get target() {
        return me.target;
      },
      submission: this.submission,
      setSubmission: (name: keyof ISubmission, text: string) => (me.submission[name] = text),
      get parameterValues() {
        return me.parameterValues;
      },
      get parameterProblems() {
        return me.parameterProblems;
      }
    };
    return found as unknown as NotebookPipeline;
  }
}
