/** Runs of the open notebooks: started, followed as they go, found again. No DOM is touched here. */
import { ISignal, Signal } from '@lumino/signaling';
import { Api, IRun, IRunRow, IRunStep } from './api';
import { NotebookPipeline } from './model';

/** The runs of one notebook. */
export class NotebookRuns {
  constructor(
    readonly pipeline: NotebookPipeline,
    protected readonly api: Api
  ) {}

  /** The run that is followed, or was opened from the history; null before the first one. */
  current: IRun | null = null;
  /** Past runs, the newest first. */
  history: IRunRow[] = [];

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** How a step of the current run is; undefined without one. */
  stepState(name: string): IRunStep | undefined {
    return this.current?.steps[name];
  }

  protected readonly _changed = new Signal<this, void>(this);
}

/** The runs of all open notebooks. */
export class RunsTracker {
  constructor(private readonly api: Api) {}

  of(pipeline: NotebookPipeline): NotebookRuns {
    let found = this.known.get(pipeline);
    if (!found) {
      found = new NotebookRuns(pipeline, this.api);
      this.known.set(pipeline, found);
    }
    return found;
  }

  private readonly known = new WeakMap<NotebookPipeline, NotebookRuns>();
}
