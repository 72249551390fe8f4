/** The run that is looked at: followed while it goes on, with its log and its cells. No DOM is touched here. */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import type { Api, IRun, IRunEvent } from '../api';
import { Cells, StartedCells } from './cells';
import { applyEvent, hasEnded, userCell } from './events';
import { Link, RunFollower } from './follow';
import { StepLog } from './log';

/** Of the log of a run that has printed more, only this many of the newest events are fetched. */
const NEWEST_EVENTS = 20_000;

/** Milliseconds that a report may take. */
const REPORT_PAUSE = 3000;

export class ShownRun implements IDisposable {
  constructor(
    private readonly api: Api,
    private readonly cellsNow: () => Cells
  ) {}

  run: IRun | null = null;
  /** How the run is followed; null when it is over and done. */
  link: Link | null = null;
  /** The cells of the run as they were when it started; null when they are not known. */
  started: StartedCells | null = null;
  isDisposed = false;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** A step has printed something; gives its name. */
  get logChanged(): ISignal<this, string> {
    return this._logChanged;
  }

  /** A run has been started here, or found going. */
  get begun(): ISignal<this, IRun> {
    return this._begun;
  }

  /** The run has ended while it was followed. */
  get ended(): ISignal<this, IRun> {
    return this._ended;
  }

  /** The server has told all of a run that has ended: its row in the history is as it stays. */
  get settled(): ISignal<this, IRun> {
    return this._settled;
  }

  get isRunning(): boolean {
    return this.run !== null && !hasEnded(this.run) && this.link !== 'gone';
  }

  /** Seconds since the epoch by the clock of the machine that runs. */
  now(): number {
    return Date.now() / 1000 + this.clockAhead;
  }

  /** What a step printed, as far as it is known. */
  log(name: string): StepLog {
    let found = this.logs.get(name);
    if (!found) {
      found = new StepLog();
      this.logs.set(name, found);
    }
    return found;
  }

  /** Look at a run from now on. `started` are its cells, where it was started here. */
  show(run: IRun, started: StartedCells | null): void {
    this.forget();
    this.started = started;
    this.take(run);
    this.link = hasEnded(run) ? null : 'asking';
    if (!started) {
      void this.findCells(run);
    }
    const first = Math.max(run.events - NEWEST_EVENTS, 0);
    if (!hasEnded(run)) {
      this._begun.emit(run);
      this.follow(run.id, first);
    } else if (run.kept && run.events > 0 && run.target === 'local') {
      this.follow(run.id, first); // for its log
    }
    this._changed.emit();
  }

  /** Look at no run. */
  clear(): void {
    this.forget();
    this._changed.emit();
  }

  /** Ask the server again, now. */
  retry(): void {
    this.follower?.retry();
  }

  dispose(): void {
    if (!this.isDisposed) {
      this.isDisposed = true;
      this.forget();
      Signal.clearData(this);
    }
  }

  private forget(): void {
    this.follower?.dispose();
    this.follower = null;
    clearTimeout(this.reportTimer);
    this.run = null;
    this.started = null;
    this.link = null;
    this.logs.clear();
  }

  private take(run: IRun): void {
    this.run = run;
    if (run.now !== undefined) {
      this.clockAhead = run.now - Date.now() / 1000;
    }
  }

  private follow(id: number, first: number): void {
    const going = this.run !== null && !hasEnded(this.run);
    this.follower = new RunFollower(this.api, id, first, {
      onEvent: (n, event) => this.onEvent(n, event),
      onRun: run => this.onRun(run),
      onLink: link => {
        this.link = link !== 'ended' && (going || link === 'gone') ? link : null;
        this._changed.emit();
      }
    });
  }

  private onEvent(n: number, event: IRunEvent): void {
    if (event.type === 'step-output' && event.step !== undefined) {
      const cell = Number(event.cell ?? 0);
      const log = this.log(event.step);
      log.add(String(event.text ?? ''), String(event.stream ?? 'stdout'), cell);
      if (event.truncated) {
        log.endOf(cell);
      }
      this._logChanged.emit(event.step);
      return;
    }
    // What the run as it was fetched holds already is not played again.
    if (this.run && n >= this.run.events) {
      const wasRunning = !hasEnded(this.run);
      this.run = { ...applyEvent(this.run, event), events: n + 1 };
      this.noteEnd(wasRunning);
      this._changed.emit();
    }
  }

  private onRun(run: IRun): void {
    if (this.run?.id !== run.id) {
      return;
    }
    const wasRunning = !hasEnded(this.run);
    this.take(run);
    this.noteEnd(wasRunning);
    if (hasEnded(run)) {
      this._settled.emit(run);
      this.lookForReport(run);
    }
    this._changed.emit();
  }

  private noteEnd(wasRunning: boolean): void {
    if (wasRunning && this.run && hasEnded(this.run)) {
      this._ended.emit(this.run);
    }
  }

  /** The report is written after the run is said to have ended. */
  private lookForReport(run: IRun): void {
    if (run.report || !run.kept || run.target !== 'local') {
      return;
    }
    clearTimeout(this.reportTimer);
    this.reportTimer = setTimeout(async () => {
      const again = await this.api.run(run.id).catch(() => null);
      if (again?.report && this.run?.id === run.id && !this.isDisposed) {
        this.take(again);
        this._changed.emit();
      }
    }, REPORT_PAUSE);
  }

  private async findCells(run: IRun): Promise<void> {
    const digests: { [number: string]: string } = {};
    for (const [number, digest] of Object.entries(run.cells ?? {})) {
      const cell = userCell(run, Number(number));
      if (!cell.notebook) {
        digests[cell.cell] = digest;
      }
    }
    if (!Object.keys(digests).length) {
      return;
    }
    const found = await StartedCells.ofDigests(digests, this.cellsNow()).catch(() => null);
    if (this.run?.id === run.id && !this.started && !this.isDisposed) {
      this.started = found;
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _logChanged = new Signal<this, string>(this);
  private readonly _begun = new Signal<this, IRun>(this);
  private readonly _ended = new Signal<this, IRun>(this);
  private readonly _settled = new Signal<this, IRun>(this);
  private readonly logs = new Map<string, StepLog>();
  private follower: RunFollower | null = null;
  private clockAhead = 0;
  private reportTimer: ReturnType<typeof setTimeout> | undefined;
}
