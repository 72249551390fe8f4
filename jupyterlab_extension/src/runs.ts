/** Runs of the open notebooks: started, followed as they go, found again. No DOM is touched here. */
import type * as nbformat from '@jupyterlab/nbformat';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { Api, ApiError, IDiagnostic, IRun, IRunRequest, IRunRow, IRunStep } from './api';
import type { NotebookPipeline } from './model';
import { Cells, StartedCells } from './running/cells';
import { hasEnded } from './running/events';
import type { Link } from './running/follow';
import type { StepLog } from './running/log';
import { NotSavedError, NotWantedError, saved } from './running/saving';
import { ShownRun } from './running/shown';

/** What to run; without a step all of them. */
export interface IRunChoice {
  from?: string;
  only?: string;
  target?: string;
  host?: string;
  experiment?: string;
  run_name?: string;
}

/** Of the settings what runs go by. `jobs`: steps at once; 0: as many as the machine has processors. */
export interface IRunSettings {
  readonly jobs: number;
}

/** Why something that was asked for was not done; `what` was it. */
export interface IFailure {
  what: 'save' | 'start' | 'stop' | 'resume' | 'open' | 'delete';
  error: ApiError;
}

/** The runs of one notebook. */
export class NotebookRuns implements IDisposable {
  constructor(
    readonly pipeline: NotebookPipeline,
    private readonly api: Api,
    private readonly settings: IRunSettings = { jobs: 0 }
  ) {
    this.shown = new ShownRun(api, () => this.cellsNow());
    this.shown.changed.connect(this.onShownChanged, this);
    this.shown.ended.connect(this.onEnded, this);
    this.shown.settled.connect(this.onSettled, this);
    const context = pipeline.panel.context;
    void context.ready.then(() => {
      if (!this.isDisposed && !pipeline.panel.isDisposed) {
        context.pathChanged.connect(this.onRenamed, this);
        context.model.contentChanged.connect(this.onEdited, this);
        void this.refresh();
      }
    });
    pipeline.panel.disposed.connect(this.dispose, this);
  }

  /** Past runs, the newest first. */
  history: IRunRow[] = [];
  /** Whether `history` was ever fetched. */
  isKnown = false;
  /** Why the history could not be fetched. */
  historyFailure: ApiError | null = null;
  isStarting = false;
  isStopping = false;
  /** What was asked for last, if it was not done. */
  failure: IFailure | null = null;
  isDisposed = false;

  /** The run that is followed, or was opened from the history; null before the first one. */
  get current(): IRun | null {
    return this.shown.run;
  }

  /** The cells of the current run as they were when it started; null when they are not known. */
  get started(): StartedCells | null {
    return this.shown.started;
  }

  /** How the current run is followed; null when it is over and done. */
  get link(): Link | null {
    return this.shown.link;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** A step has printed something; gives its name. */
  get logChanged(): ISignal<object, string> {
    return this.shown.logChanged;
  }

  /** A run that was followed has ended. */
  get ended(): ISignal<object, IRun> {
    return this.shown.ended;
  }

  /** A run has been started here, or found going. */
  get begun(): ISignal<object, IRun> {
    return this.shown.begun;
  }

  get isRunning(): boolean {
    return this.shown.isRunning;
  }

  /** How a step of the current run is; undefined without one. */
  stepState(name: string): IRunStep | undefined {
    return this.current?.steps[name];
  }

  /** Seconds since the epoch by the clock of the machine that runs. */
  now(): number {
    return this.shown.now();
  }

  /** What a step of the current run printed, as far as it is known. */
  log(name: string): StepLog {
    return this.shown.log(name);
  }

  /** Save the notebook and run it. */
  start(choice: IRunChoice = {}): Promise<void> {
    return this.beginning(async () => {
      await saved(this.pipeline.panel);
      const cells = this.cellsNow();
      const run = await this.api.start(this.request(choice));
      return { run, started: StartedCells.now(cells) };
    });
  }

  runFrom(step: string): Promise<void> {
    return this.start({ from: step });
  }

  runOnly(step: string): Promise<void> {
    return this.start({ only: step });
  }

  /** Go on with a run that failed or was stopped: what was done is taken over. By default the current one. */
  resume(id = this.current?.id): Promise<void> {
    return this.beginning(async () => {
      await saved(this.pipeline.panel);
      const cells = this.cellsNow();
      return id === undefined ? null : { run: await this.api.resume(id), started: StartedCells.now(cells) };
    }, 'resume');
  }

  async stop(): Promise<void> {
    const run = this.current;
    if (!run || hasEnded(run) || this.isStopping) {
      return;
    }
    this.isStopping = true;
    this.failure = null;
    this._changed.emit();
    try {
      await this.api.stop(run.id);
    } catch (error) {
      const ended = error instanceof ApiError && error.status === 409;
      this.isStopping = false;
      if (ended) {
        this._changed.emit();
        void this.refresh();
      } else {
        this.fail('stop', error);
      }
    }
  }

  /** Show a run of the history, and follow it when it is going. */
  async open(id: number): Promise<void> {
    this.failure = null;
    try {
      const run = await this.api.run(id);
      if (!this.isDisposed) {
        this.isChosen = true;
        this.show(run, null);
      }
    } catch (error) {
      this.fail('open', error);
      void this.refresh();
    }
  }

  /** Delete a run's record, and its row in the history. */
  async delete(id: number): Promise<void> {
    this.failure = null;
    try {
      await this.api.delete(id);
    } catch (error) {
      const gone = error instanceof ApiError && error.status === 404;
      if (!gone) {
        this.fail('delete', error);
        return;
      }
    }
    if (this.current?.id === id) {
      this.close();
    }
    await this.refresh();
  }

  /** Show no run. */
  close(): void {
    this.isChosen = true;
    this.shown.clear();
  }

  /** Forget what was not done. */
  dismissFailure(): void {
    this.failure = null;
    this._changed.emit();
  }

  /** Fetch the history. A run that goes on is followed, when nothing else is looked at. */
  async refresh(): Promise<void> {
    const mine = ++this.refreshed;
    let rows: IRunRow[];
    try {
      rows = await this.api.runs(this.pipeline.path);
    } catch (error) {
      if (mine === this.refreshed && !this.isDisposed) {
        this.historyFailure = asApiError(error);
        this._changed.emit();
      }
      return;
    }
    if (mine !== this.refreshed || this.isDisposed) {
      return;
    }
    const same = this.isKnown && !this.historyFailure && JSON.stringify(rows) === JSON.stringify(this.history);
    this.historyFailure = null;
    this.isKnown = true;
    if (!same) {
      this.history = rows;
      this._changed.emit();
    }
    await this.find(rows);
  }

  /** Ask the server again, now. */
  retry(): void {
    this.shown.retry();
    void this.refresh();
  }

  /** The index of the cell that a finding of the current run is about; -1 when it is gone, or of another notebook. */
  placeOf(finding: IDiagnostic): number {
    return finding.notebook || !finding.cell ? -1 : this.indexOf(finding.cell);
  }

  /** The index of the notebook's own cell that had this number when the current run started; -1 when it is gone. */
  indexOf(cell: number): number {
    const cells = this.cellsNow();
    return this.started ? this.started.indexOf(cell, cells) : cells[cell - 1] ? cell - 1 : -1;
  }

  /** The executed notebook of a step. */
  stepNotebook(id: number, slug: string): Promise<nbformat.INotebookContent> {
    return this.api.stepNotebook(id, slug);
  }

  /** Whether the cell that a finding is still as it ran. */
  isAsItRan(finding: IDiagnostic): boolean {
    return this.started?.isSame(finding.cell, this.cellsNow()) ?? false;
  }

  /** How many cells are not as they were when the current run started. */
  get changes(): number {
    return this.started?.changes(this.cellsNow()) ?? 0;
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.isDisposed = true;
    this.shown.dispose();
    clearTimeout(this.editedTimer);
    Signal.clearData(this);
  }

  /** Start a run, and follow it from its first event. */
  private async beginning(
    begin: () => Promise<{ run: IRun; started: StartedCells } | null>,
    what: IFailure['what'] = 'start'
  ): Promise<void> {
    if (this.isStarting) {
      return;
    }
    this.isStarting = true;
    this.failure = null;
    this._changed.emit();
    try {
      const found = await begin();
      if (found && !this.isDisposed) {
        this.isChosen = false;
        this.show(found.run, found.started);
      }
    } catch (error) {
      this.isStarting = false;
      if (!(error instanceof NotWantedError)) {
        this.fail(error instanceof NotSavedError ? 'save' : what, error);
      }
    } finally {
      this.isStarting = false;
      if (!this.isDisposed) {
        this._changed.emit();
        void this.refresh();
      }
    }
  }

  private request(choice: IRunChoice): IRunRequest {
    const request: IRunRequest = { path: this.pipeline.path, target: 'local', ...choice };
    const parameters = this.pipeline.parameterValues;
    if (Object.keys(parameters).length) {
      request.parameters = parameters;
    }
    if (request.target !== 'local') {
      return request;
    }
    if (this.settings.jobs > 0) {
      request.jobs = this.settings.jobs;
    }
    // Steps are taken over from the run that the user looks at, not from one made elsewhere meanwhile.
    const shown = this.current;
    if ((choice.from || choice.only) && shown && hasEnded(shown) && shown.kept && shown.target === 'local') {
      request.reuse = shown.id;
    }
    return request;
  }

  /** Make a run the current one. */
  private show(run: IRun, started: StartedCells | null): void {
    this.isStopping = false;
    this.shown.show(run, started);
  }

  private onShownChanged(): void {
    this._changed.emit();
  }

  private onEnded(): void {
    this.isStopping = false;
  }

  private onSettled(): void {
    this.isStopping = false;
    void this.refresh();
  }

  /** Follow a run that goes on, or show the last one, when the page has just been loaded or looks at one that ended. */
  private async find(rows: IRunRow[]): Promise<void> {
    const going = rows.find(row => row.status === 'running');
    const free = this.current === null || (hasEnded(this.current) && going !== undefined && going.id !== this.current.id);
    const wanted = going ?? rows[0];
    const looking = this.isChosen && this.current !== null;
    if (!wanted || !free || looking || this.isStarting || (this.isChosen && !going)) {
      return;
    }
    try {
      const run = await this.api.run(wanted.id);
      const still = this.current === null || hasEnded(this.current);
      if (!this.isDisposed && !this.isStarting && still && this.current?.id !== run.id) {
        this.show(run, null);
      }
    } catch {
      // it was deleted meanwhile, or the server went away: the next refresh tells
    }
  }

  private cellsNow(): Cells {
    const shared = this.pipeline.panel.context.model?.sharedModel;
    return (shared?.cells ?? []).map((cell, index) => {
      if (cell.cell_type !== 'code') {
        return null;
      }
      const counts = this.pipeline.cellInfo(index + 1)?.role !== 'skip';
      return { id: cell.getId(), source: cell.getSource(), counts };
    });
  }

  private fail(what: IFailure['what'], error: unknown): void {
    if (!this.isDisposed) {
      this.failure = { what, error: asApiError(error) };
      this._changed.emit();
    }
  }

  private onRenamed(): void {
    void this.refresh();
  }

  private onEdited(): void {
    if (this.current) {
      clearTimeout(this.editedTimer);
      this.editedTimer = setTimeout(() => this._changed.emit(), 300);
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly shown: ShownRun;
  /** Whether the user chose what is shown. */
  private isChosen = false;
  private refreshed = 0;
  private editedTimer: ReturnType<typeof setTimeout> | undefined;
}

function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, error instanceof Error ? error.message : String(error));
}

/** The runs of all open notebooks. */
export class RunsTracker {
  constructor(
    private readonly api: Api,
    private readonly settings?: IRunSettings
  ) {}

  of(pipeline: NotebookPipeline): NotebookRuns {
    let found = this.known.get(pipeline);
    if (!found || found.isDisposed) {
      found = new NotebookRuns(pipeline, this.api, this.settings);
      this.known.set(pipeline, found);
      this._added.emit(found);
    }
    return found;
  }

  /** The runs of a notebook are looked at for the first time. */
  get added(): ISignal<this, NotebookRuns> {
    return this._added;
  }

  private readonly known = new WeakMap<NotebookPipeline, NotebookRuns>();
  private readonly _added = new Signal<this, NotebookRuns>(this);
}
