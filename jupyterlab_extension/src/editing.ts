/** Changes of an open notebook: of tags, of the lines of cells, of its settings. Each is one step of undo. */
import type { NotebookPanel } from '@jupyterlab/notebook';
import { PartialJSONObject, PartialJSONValue } from '@lumino/coreutils';
import type { IFix } from './api';
import { Changes, ICellView } from './cells';
import { ICellTags, readTags, writeTags } from './tags';

/** Where a notebook keeps kale-lite's settings in its metadata. */
export const SETTINGS_KEY = 'kale_lite';

/** What collects changes to one step of undo, for a time; shared notebooks have one, their interface does not say so. */
interface IUndoManager {
  stopCapturing(): void;
}

export class NotebookEdits {
  constructor(private readonly panel: NotebookPanel) {}

  tagsOf(index: number): string[] {
    const tags = this.panel.context.model.cells.get(index)?.getMetadata('tags');
    return Array.isArray(tags) ? tags.map(String) : [];
  }

  /** All cells as plain data; `stepOf` gives the step that analysis counts a cell (from 1) to. */
  views(stepOf: (number: number) => string): ICellView[] {
    return this.shared.cells.map((cell, index) => ({
      code: cell.cell_type === 'code',
      source: cell.getSource(),
      tags: readTags(this.tagsOf(index)),
      step: cell.cell_type === 'code' ? stepOf(index + 1) : ''
    }));
  }

  /** Give cells (by index) new tags. `wanted` gets what a cell's tags say now; foreign tags stay. */
  retag(indices: readonly number[], wanted: (now: ICellTags, index: number) => ICellTags): void {
    const tags = new Map<number, string[]>();
    for (const index of indices) {
      const now = this.tagsOf(index);
      tags.set(index, writeTags(now, wanted(readTags(now), index)));
    }
    this.setAllTags(tags);
  }

  apply(changes: Changes): void {
    this.retag([...changes.keys()], (now, index) => changes.get(index) ?? now);
  }

  /** Give cells (by index) exactly these tags. Nothing is written where they have them. */
  setAllTags(tags: ReadonlyMap<number, readonly string[]>): void {
    const changed = [...tags].filter(([index, some]) => this.tagsOf(index).join('\n') !== some.join('\n'));
    if (changed.length) {
      this.once(() => changed.forEach(([index, some]) => this.setTags(index, some)));
    }
  }

  /** Make a finding's fix. Cells count from 1 there. */
  fix(fix: IFix): void {
    this.once(() => {
      for (const edit of fix.edits) {
        const index = edit.cell - 1;
        if (index < 0 || index >= this.shared.cells.length) {
          continue;
        }
        if ('append' in edit) {
          this.append(index, edit.line, edit.append);
        } else {
          this.setTags(index, replaced(this.tagsOf(index), edit.add ?? [], edit.remove ?? []));
        }
      }
    });
  }

  /** Set one of the notebook's settings; undefined takes it out. The rest of its metadata stays as it is. */
  setSetting(name: string, value: PartialJSONValue | undefined): void {
    const now = this.shared.getMetadata(SETTINGS_KEY);
    const section: PartialJSONObject = now && typeof now === 'object' && !Array.isArray(now) ? { ...now } : {};
    if (value === undefined) {
      delete section[name];
    } else {
      section[name] = value;
    }
    this.once(() => {
      if (Object.keys(section).length) {
        this.shared.setMetadata(SETTINGS_KEY, section);
      } else {
        this.shared.deleteMetadata(SETTINGS_KEY);
      }
    });
  }

  private append(index: number, line: number, text: string): void {
    const cell = this.shared.getCell(index);
    const lines = cell.getSource().split('\n');
    if (line >= 1 && line <= lines.length) {
      const end = lines.slice(0, line).join('\n').length;
      cell.updateSource(end, end, text);
    }
  }

  private setTags(index: number, tags: readonly string[]): void {
    const cell = this.shared.getCell(index);
    if (tags.length) {
      cell.setMetadata('tags', [...tags]);
    } else {
      cell.deleteMetadata('tags');
    }
  }

  /** One step of undo: not taken together with what was changed shortly before or after it. */
  private once(change: () => void): void {
    const undo = (this.shared as { undoManager?: IUndoManager }).undoManager;
    undo?.stopCapturing();
    this.shared.transact(change);
    undo?.stopCapturing();
  }

  private get shared() {
    return this.panel.context.model.sharedModel;
  }
}

/** Tags with some taken out and some put in, the new ones where the first of the old ones stood. */
export function replaced(tags: readonly string[], add: readonly string[], remove: readonly string[]): string[] {
  const at = tags.findIndex(tag => remove.includes(tag));
  const kept = tags.filter(tag => !remove.includes(tag));
  const fresh = add.filter(tag => !kept.includes(tag));
  kept.splice(at < 0 ? kept.length : at, 0, ...fresh);
  return kept;
}
