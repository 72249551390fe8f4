/** What the plugins share: the server part, the open notebooks, their runs, the settings. */
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISignal, Signal } from '@lumino/signaling';
import { Api, API_VERSION, ApiError, IInfo } from './api';
import { PipelineTracker } from './model';
import { RunsTracker } from './runs';
import { KaleSettings } from './settings';
import type { IKaleLite } from './tokens';

/** The server part was asked and is of another version than the page. */
export class VersionError extends ApiError {
  constructor(readonly version: string) {
    super(
      500,
      `The server part of kale-lite is of another version (${version}).`,
      'Install both parts anew, and start JupyterLab again.'
    );
  }
}

export class KaleLite implements IKaleLite {
  constructor(
    notebooks: INotebookTracker,
    readonly api: Api
  ) {
    this.pipelines = new PipelineTracker(notebooks, api, this.settings);
    this.runs = new RunsTracker(api, this.settings);
    this._info = this.ask();
  }

  readonly settings = new KaleSettings();
  readonly pipelines: PipelineTracker;
  readonly runs: RunsTracker;
  /** What the server part said of itself; null until it has, and when it could not be asked. */
  known: IInfo | null = null;
  /** Why the server part cannot be used. */
  problem: ApiError | null = null;

  get info(): Promise<IInfo> {
    return this._info;
  }

  get infoChanged(): ISignal<this, void> {
    return this._infoChanged;
  }

  /** Ask the server part anew, and analyse what waits for it. */
  async retry(): Promise<void> {
    this._info = this.ask();
    await this._info.catch(() => undefined);
    if (!this.problem) {
      this.pipelines.current?.retry();
    }
  }

  private ask(): Promise<IInfo> {
    const asked = this.api.info().then(info => {
      if (info.api !== API_VERSION) {
        throw new VersionError(info.version);
      }
      return info;
    });
    asked.then(
      info => this.answered(info, null),
      (error: unknown) => this.answered(null, error instanceof ApiError ? error : new ApiError(500, String(error)))
    );
    return asked;
  }

  private answered(info: IInfo | null, problem: ApiError | null): void {
    this.known = info ?? this.known;
    this.problem = problem;
    this._infoChanged.emit();
  }

  private _info: Promise<IInfo>;
  private readonly _infoChanged = new Signal<this, void>(this);
}
