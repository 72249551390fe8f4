/** Steps that the server suggests for a notebook: asked for, looked at, accepted, taken back. No DOM is touched here. */
import { ISignal, Signal } from '@lumino/signaling';
import { Api, ApiError, ISuggestion } from './api';
import type { NotebookPipeline } from './model';

export class Suggesting {
  constructor(
    private readonly pipeline: NotebookPipeline,
    private readonly api: Api
  ) {}

  suggestion: ISuggestion | null = null;
  failure: ApiError | null = null;
  isAsking = false;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether accepted tags can still be taken back. */
  get canTakeBack(): boolean {
    return this.before !== null;
  }

  async ask(): Promise<void> {
    this.isAsking = true;
    this.failure = null;
    this.before = null;
    this._changed.emit();
    try {
      this.suggestion = await this.api.suggest(this.pipeline.path, this.pipeline.content());
      this.ids = this.cellIds();
    } catch (error) {
      this.suggestion = null;
      this.failure = error instanceof ApiError ? error : new ApiError(500, String(error));
    }
    this.isAsking = false;
    this._changed.emit();
  }

  /** Whether cells were added, removed or moved since, so that the suggestion is of other cells. */
  get isOutdated(): boolean {
    return this.suggestion !== null && this.ids.join() !== this.cellIds().join();
  }

  /** Write the suggested tags, in one step of undo. */
  accept(): void {
    const suggestion = this.suggestion;
    if (!suggestion || this.isOutdated) {
      return;
    }
    const tags = new Map(Object.entries(suggestion.tags).map(([cell, some]) => [Number(cell) - 1, some]));
    const { edits } = this.pipeline;
    this.before = new Map([...tags].map(([index, set]) => [this.ids[index], { was: edits.tagsOf(index), set }]));
    edits.setAllTags(tags);
    this.suggestion = null;
    this._changed.emit();
  }

  /** Give the cells the tags that they had before, wherever they are now. What was tagged anew since stays as it is. */
  takeBack(): void {
    const ids = this.cellIds();
    const tags = new Map<number, string[]>();
    const { edits } = this.pipeline;
    this.before?.forEach(({ was, set }, id) => {
      const index = ids.indexOf(id);
      if (index >= 0 && edits.tagsOf(index).join('\n') === set.join('\n')) {
        tags.set(index, was);
      }
    });
    edits.setAllTags(tags);
    this.dismiss();
  }

  dismiss(): void {
    this.suggestion = null;
    this.failure = null;
    this.before = null;
    this._changed.emit();
  }

  dispose(): void {
    Signal.clearData(this);
  }

  private cellIds(): string[] {
    return this.pipeline.panel.context.model.sharedModel.cells.map(cell => cell.getId());
  }

  /** The tags of cells, by id, before the suggestion was accepted, and what it set. */
  private before: Map<string, { was: string[]; set: readonly string[] }> | null = null;
  private ids: string[] = [];
  private readonly _changed = new Signal<this, void>(this);
}
