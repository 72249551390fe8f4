/**
 * Notebooks as pipelines: each open notebook with its analysis, and the one in front. No DOM is touched here.
 */
import type { ICellModel } from '@jupyterlab/cells';
import type * as nbformat from '@jupyterlab/nbformat';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { PartialJSONObject, PartialJSONValue } from '@lumino/coreutils';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { Api, ApiError, IAnalysis, ICellInfo, IDiagnostic, IStep } from './api';
import { ICellView, ownCells } from './cells';
import { NotebookEdits, SETTINGS_KEY } from './editing';
import { ParameterProblem, ParameterValues } from './parameters';
import { recall, remember } from './running/remember';
import { KaleSettings } from './settings';
import { Suggesting } from './suggesting';
import { ICellTags } from './tags';

/** Milliseconds until a server that did not answer is asked again. */
const AGAIN = 3000;

/** Milliseconds until it is asked whether a notebook that is not there yet can be opened at all. */
const OPENING = 3000;

/** Where the executed notebooks of runs are. */
const RECORD = /(^|\/)kale-lite-runs\/[^/]+\/(notebook|steps\/[^/]+)\.ipynb$/;

const LOCAL = 'local';

/** What is submitted to Kubeflow Pipelines where, and as what. */
export interface ISubmission {
  host: string;
  experiment: string;
  run_name: string;
}

/** A place in a notebook: the cell's index from 0 over all cells, and a line from 1 (0: the cell as a whole). */
export interface IPlace {
  index: number;
  line: number;
}

/** One open notebook and what is known of it as a pipeline. */
export class NotebookPipeline implements IDisposable {
  constructor(
    readonly panel: NotebookPanel,
    readonly api: Api,
    private readonly settings: KaleSettings = new KaleSettings()
  ) {
    this.edits = new NotebookEdits(panel);
    this.suggesting = new Suggesting(this, api);
    void panel.context.ready.then(() => this.start());
    this.timer = setTimeout(() => void this.checkOpening(), OPENING);
    panel.disposed.connect(this.dispose, this);
  }

  readonly edits: NotebookEdits;
  readonly suggesting: Suggesting;
  /** The newest analysis; of an earlier content while `isStale`. */
  analysis: IAnalysis | null = null;
  /** Why there is no newer analysis; while the notebook is not ready, why it could not be opened. */
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
    return this.panel.context.localPath;
  }

  /** Whether this is an executed notebook out of the record of a run, or of one of its steps: it is no pipeline. */
  get isRecord(): boolean {
    // Step notebooks name their step, wherever they are.
    const section = this.panel.context.model?.sharedModel.getMetadata(SETTINGS_KEY) as PartialJSONObject | undefined;
    return RECORD.test(this.path) || (typeof section?.step === 'string' && typeof section.pipeline === 'string');
  }

  get isDirty(): boolean {
    return this.panel.context.model.dirty;
  }

  /** Whether what is changed here cannot be saved. */
  get isReadOnly(): boolean {
    return this.panel.context.contentsModel?.writable === false || this.panel.context.model.readOnly;
  }

  /** The language of the notebook's kernel as its metadata has it; empty when that says nothing. */
  get language(): string {
    // Where a document is shared, nothing of it is there at first.
    const { kernelspec, language_info } = this.panel.context.model?.sharedModel.metadata ?? ({} as Partial<nbformat.INotebookMetadata>);
    return String(kernelspec?.language || language_info?.name || '').toLowerCase();
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

  /**
   * The place of a step in the notebook's order, for its colour; -1 when there is none. Steps of an embedded notebook
   * have the place of the cell that stands for it.
   */
  stepIndex(name: string): number {
    const steps = [...new Set((this.analysis?.cells ?? []).map(one => one.step).filter(Boolean))];
    const found = steps.indexOf(name);
    return found >= 0 ? found : steps.indexOf(this.step(name)?.within[0] ?? '');
  }

  /** The cells (from 1) of a step, or those that stand for it. */
  cellsOf(name: string): number[] {
    const cells = this.analysis?.cells ?? [];
    const step = this.step(name);
    if (!step || !this.analysis?.pipeline) {
      return cells.filter(one => one.step === name).map(one => one.cell);
    }
    return ownCells(
      this.analysis.pipeline,
      step,
      within => cells.find(one => one.role === 'notebook' && one.step === within)?.cell
    );
  }

  diagnosticsOf(number: number): IDiagnostic[] {
    return (this.analysis?.diagnostics ?? []).filter(one => one.cell === number && !one.notebook);
  }

  cellModel(index: number): ICellModel | undefined {
    return this.panel.context.model?.cells.get(index);
  }

  /** All cells as plain data. */
  get views(): ICellView[] {
    return this.edits.views(number => this.cellInfo(number)?.step ?? '');
  }

  tagsOf(index: number): string[] {
    return this.edits.tagsOf(index);
  }

  /** Give cells (by index) new tags, in one undoable change; see `NotebookEdits`. */
  retag(indices: readonly number[], wanted: (now: ICellTags, index: number) => ICellTags): void {
    this.edits.retag(indices, wanted);
  }

  /** Values for the parameters of the next run, where they are not the notebook's own. */
  get parameterValues(): { [name: string]: PartialJSONValue } {
    return this.typed.values(this.analysis?.parameters ?? []);
  }

  /** Parameters whose typed value cannot be used. */
  get parameterProblems(): { [name: string]: ParameterProblem } {
    return this.typed.problems(this.analysis?.parameters ?? []);
  }

  parameterText(name: string): string | undefined {
    return this.typed.texts.get(name);
  }

  /** Take over what the user typed for a parameter; undefined goes back to the notebook's own value. */
  setParameter(name: string, text: string | undefined): void {
    if (text === undefined) {
      this.typed.texts.delete(name);
    } else {
      this.typed.texts.set(name, text);
    }
    this._changed.emit();
  }

  /** Where the pipeline is to run: the name of a target. This browser remembers it. */
  get target(): string {
    return this._target ?? (recall(`target:${this.path}`) || LOCAL);
  }

  set target(name: string) {
    this._target = name;
    this.rememberTarget();
    this._changed.emit();
    this.schedule(0); // what cannot be honoured is another
  }

  /** What the user typed about submitting, where it is not what is remembered. */
  get submission(): Readonly<Partial<ISubmission>> {
    return this._submission;
  }

  setSubmission(name: keyof ISubmission, text: string): void {
    this._submission[name] = text;
    this._changed.emit();
  }

  /** A setting as the notebook's own metadata has it, also where the rest of the notebook has errors. */
  setting(name: string): PartialJSONValue | undefined {
    const section = this.panel.context.model.sharedModel.getMetadata(SETTINGS_KEY);
    const own = section && typeof section === 'object' && !Array.isArray(section) ? section[name] : undefined;
    return own ?? this.analysis?.settings[name];
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
    const editor = notebook.widgets[place.index]?.editor;
    if (place.line > 0 && editor) {
      editor.setCursorPosition({ line: place.line - 1, column: 0 });
    }
  }

  /** The notebook as it stands, without its outputs. */
  content(): nbformat.INotebookContent {
    const shared = this.panel.context.model.sharedModel;
    // Files of older formats have no ids of cells, although open notebooks always do.
    const withIds = shared.nbformat > 4 || (shared.nbformat === 4 && shared.nbformat_minor >= 5);
    return {
      nbformat: shared.nbformat,
      nbformat_minor: shared.nbformat_minor,
      metadata: (shared.getMetadata() ?? {}) as nbformat.INotebookMetadata,
      cells: shared.cells.map(cell => ({
        cell_type: cell.cell_type,
        ...(withIds ? { id: cell.getId() } : {}),
        metadata: cell.getMetadata(),
        source: cell.getSource(),
        ...(cell.cell_type === 'code' ? { outputs: [], execution_count: null } : {})
      })) as nbformat.ICell[]
    };
  }

  /** Analyse soon; nothing happens when the content is the one that was analysed. */
  refresh(): void {
    this.schedule(this.settings.analysisPause);
  }

  /** Analyse anew whatever was known: the server part has come back. */
  retry(): void {
    this.sent = '';
    this.schedule(0);
  }

  private start(): void {
    if (this.isDisposed || this.panel.isDisposed) {
      return;
    }
    // Edits of sources, cells and metadata, also by others on the same document; outputs are of no interest,
    // but come the same way, so that what was analysed is compared before anything is sent.
    this.panel.context.model.contentChanged.connect(this.onEdited, this);
    this.panel.context.pathChanged.connect(this.onRenamed, this);
    this.failure = null;
    this._target = this.target;
    this.rememberedAs = this.path;
    this.panel.content.activeCellChanged.connect(this.onActiveCell, this);
    this.isReady = true;
    this._changed.emit();
    this.schedule(0);
  }

  /** JupyterLab does not signal that a notebook could not be loaded: its context is never ready then. */
  private async checkOpening(): Promise<void> {
    try {
      if (!this.isReady && !this.isDisposed) {
        await this.api.opens(this.path);
      }
    } catch (error) {
      if (!this.isReady && !this.isDisposed) {
        this.failure = error instanceof ApiError ? error : new ApiError(500, String(error));
        this._changed.emit();
      }
    }
  }

  private schedule(pause: number): void {
    if (this.isReady && !this.isDisposed && !this.isRecord) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.analyseNow(), pause);
    }
  }

  private async analyseNow(): Promise<void> {
    if (this.isDisposed || this.panel.isDisposed) {
      return;
    }
    const content = this.content();
    const { target } = this;
    const text = this.path + '\n' + JSON.stringify([target, content.metadata, content.cells]);
    if (text === this.sent) {
      return;
    }
    this.sent = text;
    this.pending?.abort();
    const mine = new AbortController();
    this.pending = mine;
    this.isStale = true;
    try {
      const analysis = await this.api.analyse(this.path, content, this.panel.id, target, mine.signal);
      if (this.pending === mine && !this.isDisposed) {
        this.analysis = analysis;
        this.failure = null;
        this.isStale = false;
        this._changed.emit();
      }
    } catch (error) {
      if (this.pending === mine && !this.isDisposed) {
        this.failed(error);
      }
    }
  }

  private failed(error: unknown): void {
    const failure = error instanceof ApiError ? error : new ApiError(500, String(error));
    this.sent = '';
    if (failure.status === 409) {
      this.schedule(this.settings.analysisPause); // superseded, by another tab on the same notebook
      return;
    }
    this.failure = failure;
    this._changed.emit();
    if (failure.status === 0 || failure.status >= 502) {
      this.schedule(AGAIN);
    }
  }

  private onEdited(): void {
    this.refresh();
  }

  private onRenamed(): void {
    remember(`target:${this.rememberedAs}`, '');
    this.rememberTarget();
    this.refresh();
  }

  private rememberTarget(): void {
    this.rememberedAs = this.path;
    remember(`target:${this.path}`, this.target === LOCAL ? '' : this.target);
  }

  private onActiveCell(): void {
    this._selectionChanged.emit();
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.isDisposed = true;
    clearTimeout(this.timer);
    this.pending?.abort();
    this.suggesting.dispose();
    this._disposed.emit();
    Signal.clearData(this);
  }

  get disposed(): ISignal<this, void> {
    return this._disposed;
  }

  private readonly typed = new ParameterValues();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _selectionChanged = new Signal<this, void>(this);
  private readonly _disposed = new Signal<this, void>(this);
  private _hoveredStep = '';
  private _target: string | null = null;
  private rememberedAs = '';
  private readonly _submission: Partial<ISubmission> = {};
  private pending: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined = undefined;
  private sent = '';
}

/** All open notebooks as pipelines, and the one in front. */
export class PipelineTracker {
  constructor(
    private readonly notebooks: INotebookTracker,
    readonly api: Api,
    private readonly settings: KaleSettings = new KaleSettings()
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
      found = new NotebookPipeline(panel, this.api, this.settings);
      this.known.set(panel, found);
    }
    return found;
  }

  private readonly known = new WeakMap<NotebookPanel, NotebookPipeline>();
  private readonly _currentChanged = new Signal<this, NotebookPipeline | null>(this);
}
