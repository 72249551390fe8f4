/** The cells that a run was started with, found again in the notebook as it is now. No DOM is touched here. */

/** A code cell as it is in the notebook now. */
export interface ICellNow {
  id: string;
  source: string;
  /** Whether it is in the pipeline: a change of a skipped cell is none. */
  counts: boolean;
}

interface IStarted {
  id: string;
  /** null: what the notebook has now is not what ran. */
  source: string | null;
}

/** The code cells of a notebook in order, null for others, so that cell N is at N - 1. */
export type Cells = readonly (ICellNow | null)[];

/** What ran, by the cells' numbers when the run started. */
export class StartedCells {
  private constructor(private readonly cells: ReadonlyMap<number, IStarted>) {}

  /** The cells as they are now, at the start of a run. */
  static now(cells: Cells): StartedCells {
    const found = new Map<number, IStarted>();
    cells.forEach((cell, index) => {
      if (cell && cell.counts) {
        found.set(index + 1, { id: cell.id, source: cell.source });
      }
    });
    return new StartedCells(found);
  }

  /**
   * The cells of an earlier run, by the SHA-256 of their sources: each is looked for at its number, then anywhere.
   *
   * Rejects where the browser has no `crypto.subtle` (pages that are not from this machine, without https).
   */
  static async ofDigests(digests: { readonly [number: string]: string }, cells: Cells): Promise<StartedCells> {
    const now = await Promise.all(cells.map(async cell => (cell ? sha256(cell.source) : '')));
    const taken = new Set(Object.entries(digests).filter(([n, one]) => now[Number(n) - 1] === one).map(([n]) => Number(n) - 1));
    const found = new Map<number, IStarted>();
    for (const [text, digest] of Object.entries(digests)) {
      const number = Number(text);
      const moved = now.findIndex((one, index) => one === digest && !taken.has(index));
      const index = now[number - 1] === digest ? number - 1 : moved;
      taken.add(index);
      const cell = index >= 0 ? cells[index] : cells[number - 1];
      found.set(number, { id: cell?.id ?? '', source: index >= 0 ? (cell?.source ?? null) : null });
    }
    return new StartedCells(found);
  }

  /** The index of the cell that had this number; -1 when it is gone. */
  indexOf(number: number, now: Cells): number {
    const started = this.cells.get(number);
    return started ? now.findIndex(cell => cell !== null && cell.id === started.id) : -1;
  }

  /** Whether the cell that had this number is as it was when it ran. */
  isSame(number: number, now: Cells): boolean {
    const cell = now[this.indexOf(number, now)];
    return cell ? cell.source === this.cells.get(number)?.source : false;
  }

  /** How many cells were changed, added or deleted since. */
  changes(now: Cells): number {
    const changed = [...this.cells.keys()].filter(number => !this.isSame(number, now)).length;
    const known = new Set([...this.cells.values()].map(cell => cell.id));
    const added = now.filter(cell => cell?.counts && cell.source.trim() && !known.has(cell.id)).length;
    return changed + added;
  }
}

async function sha256(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(bytes)].map(byte => byte.toString(16).padStart(2, '0')).join('');
}
