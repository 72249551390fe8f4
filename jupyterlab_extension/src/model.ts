/**
 * Notebooks as pipelines: each open notebook with its analysis, and the one in front. No DOM is touched here.
 */
import type { ICellModel } from '@jupyterlab/cells';
import type * as nbformat from '@jupyterlab/nbformat';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';
import { Api, ApiError, IAnalysis, ICellInfo, IDiagnostic, IStep } from './api';
import { ICellTags, readTags, writeTags } from './tags';

/** Milliseconds without a further edit before a notebook is analysed again. */
const PAUSE = 50;

/** A place in a notebook: the cell's index from 0 over all cells, and a line from 1 (0: the cell as a whole). */
export interface IPlace {
  index: number;
  line: number;
}

/** One open notebook and what is known of it as a pipeline. */
export class NotebookPipeline implements IDisposable {
  constructor(
    readonly panel: NotebookPanel,
    private readonly api: Api
  ) {
    this.debouncer = new Debouncer(() => this.analyseNow(), PAUSE);
    void panel.context.ready.then(() => {
      if (this.isDisposed || panel.isDisposed) {
        return;
      }
      // Edits of sources, cells and metadata, also by others on the same document; outputs are of no interest,
      // but come the same way, so that what was analysed is compared before anything is sent.
      panel.context.model.contentChanged.connect(this.onEdited, this);
      panel.context.pathChanged.connect(this.onEdited, this);
      panel.content.activeCellChanged.connect(this.onActiveCell, this);
      this.isReady = true;
      this._changed.emit();
      this.refresh();
    });
    panel.disposed.connect(this.dispose, this);
  }

  /** The newest analysis; of an earlier content while `isStale`. */
  analysis: IAnalysis | null = null;
  /** Why there is no newer analysis. */
  failure: ApiError | null = null;
  isStale = true;
  isReady = false;
  isDisposed = false;

  /** Anything of the above has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The step of the cell that the user is in has changed, or one was pointed at. */
  get selectionChanged(): ISignal<this, void> {
    return this._selectionChanged;
  }

  /** The path from the server's root, without the drive of a collaborative session. */
  get path(): string {
    const path = this.panel.context.localPath;
    return path;
  }

  get isDirty(): boolean {
    return this.panel.context.model.dirty;
  }

  /** The step of the active cell; empty when that is of no step. */
  get activeStep(): string {
    const number = this.panel.content.activeCellIndex + 1;
    return this.cellInfo(number)?.step ?? '';
  }

  /** The step that is pointed at or has the focus in the panel; empty when none is. */
  get hoveredStep(): string {
    return this._hoveredStep;
  }

  set hoveredStep(name: string) {
    if (this._hoveredStep !== name) {
      this._hoveredStep = name;
      this._selectionChanged.emit();
    }
  }

  /** What analysis says of a code cell, by its number from 1. */
  cellInfo(number: number): ICellInfo | undefined {
    return this.analysis?.cells.find(one => one.cell === number);
  }

  step(name: string): IStep | undefined {
    return this.analysis?.pipeline?.steps.find(one => one.name === name);
  }

  /** The place of a step in the notebook's order, for its colour; -1 when there is none. */
  stepIndex(name: string): number {
    const steps = [...new Set((this.analysis?.cells ?? []).map(one => one.step).filter(Boolean))];
    return steps.indexOf(name);
  }

  diagnosticsOf(number: number): IDiagnostic[] {
    return (this.analysis?.diagnostics ?? []).filter(one => one.cell === number && !one.notebook);
  }

  cellModel(index: number): ICellModel | undefined {
    return this.panel.context.model?.cells.get(index);
  }

  tagsOf(index: number): string[] {
    const tags = this.cellModel(index)?.getMetadata('tags');
    return Array.isArray(tags) ? tags.map(String) : [];
  }

  /**
   * Give cells (by index) new tags, in one undoable change. `wanted` gets what a cell's tags say now; foreign tags stay.
   */
  retag(indices: readonly number[], wanted: (now: ICellTags, index: number) => ICellTags): void {
    this.panel.context.model.sharedModel.transact(() => {
      for (const index of indices) {
        const tags = this.tagsOf(index);
        this.setTags(index, writeTags(tags, wanted(readTags(tags), index)));
      }
    });
  }

  /** Give cells (by index) exactly these tags, in one undoable change. */
  setAllTags(tags: ReadonlyMap<number, readonly string[]>): void {
    this.panel.context.model.sharedModel.transact(() => {
      tags.forEach((some, index) => this.setTags(index, some));
    });
  }

  private setTags(index: number, tags: readonly string[]): void {
    const cell = this.panel.context.model.sharedModel.getCell(index);
    if (tags.length) {
      cell.setMetadata('tags', [...tags]);
    } else {
      cell.deleteMetadata('tags');
    }
  }

  /** Scroll to a cell, make it the active one, and put the cursor on a line. */
  async reveal(place: IPlace): Promise<void> {
    const notebook = this.panel.content;
    if (place.index < 0 || place.index >= notebook.widgets.length) {
      return;
    }
    notebook.activeCellIndex = place.index;
    notebook.deselectAll();
    await notebook.scrollToItem(place.index, 'smart');
    const editor = notebook.widgets[place.index].editor;
    if (place.line > 0 && editor) {
      editor.setCursorPosition({ line: place.line - 1, column: 0 });
    }
  }

  /** The notebook as it stands, without its outputs. */
  content(): nbformat.INotebookContent {
    const shared = this.panel.context.model.sharedModel;
    return {
      nbformat: shared.nbformat,
      nbformat_minor: shared.nbformat_minor,
      metadata: shared.getMetadata() as nbformat.INotebookMetadata,
      cells: shared.cells.map(cell => {
        const found: any = {
          cell_type: cell.cell_type,
          id: cell.getId(),
          metadata: cell.getMetadata(),
          source: cell.getSource()
        };
        if (cell.cell_type === 'code') {
          found.outputs = [];
          found.execution_count = null;
        }
        return found;
      })
    };
  }

  /** Analyse soon; nothing happens when the content is the one that was analysed. */
  refresh(): void {
    if (this.isReady && !this.isDisposed) {
      void this.debouncer.invoke().catch(() => undefined);
    }
  }

  /** Analyse anew whatever was known: the server part has come back. */
  retry(): void {
    this.sent = '';
    this.refresh();
  }

  private async analyseNow(): Promise<void> {
    if (this.isDisposed || this.panel.isDisposed) {
      return;
    }
    const content = this.content();
    const text = this.path + '\n' + JSON.stringify([content.metadata, content.cells]);
    if (text === this.sent) {
      return;
    }
    this.sent = text;
    this.pending?.abort();
    const mine = new AbortController();
    this.pending = mine;
    this.isStale = true;
    try {
      const analysis = await this.api.analyse(this.path, content, this.panel.id, mine.signal);
      if (this.pending === mine && !this.isDisposed) {
        this.analysis = analysis;
        this.failure = null;
        this.isStale = false;
        this._changed.emit();
      }
    } catch (error) {
      const superseded = error instanceof ApiError && error.status === 409;
      if (this.pending === mine && !this.isDisposed && !superseded) {
        this.failure = error instanceof ApiError ? error : new ApiError(0, String(error));
        this.sent = '';
        this._changed.emit();
      }
    }
  }

  private onEdited(): void {
    this.refresh();
  }

  private onActiveCell(): void {
    this._selectionChanged.emit();
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.isDisposed = true;
    this.pending?.abort();
    this.debouncer.dispose();
    Signal.clearData(this);
  }

  private readonly debouncer: Debouncer<void>;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _selectionChanged = new Signal<this, void>(this);
  private _hoveredStep = '';
  private pending: AbortController | null = null;
  private sent = '';
}

/** All open notebooks as pipelines, and the one in front. */
export class PipelineTracker {
  constructor(
    private readonly notebooks: INotebookTracker,
    private readonly api: Api
  ) {
    notebooks.currentChanged.connect(() => this._currentChanged.emit(this.current));
  }

  /** The notebook in front; null when none is open. */
  get current(): NotebookPipeline | null {
    const panel = this.notebooks.currentWidget;
    return panel && !panel.isDisposed ? this.of(panel) : null;
  }

  get currentChanged(): ISignal<this, NotebookPipeline | null> {
    return this._currentChanged;
  }

  /** What is known of an open notebook. */
  of(panel: NotebookPanel): NotebookPipeline {
    let found = this.known.get(panel);
    if (!found || found.isDisposed) {
      found = new NotebookPipeline(panel, this.api);
      this.known.set(panel, found);
    }
    return found;
  }

  private readonly known = new WeakMap<NotebookPanel, NotebookPipeline>();
  private readonly _currentChanged = new Signal<this, NotebookPipeline | null>(this);
}
