/** Cells and steps, as lists of plain data: names that are offered, splitting, joining, renaming. Pure functions. */
import type { IPipeline, IStep } from './api';
import { ICellTags } from './tags';

/** A cell as these functions see it. `step` is the step that analysis counts it to, empty when it is of none. */
export interface ICellView {
  code: boolean;
  source: string;
  tags: ICellTags;
  step: string;
}

/** What cells (by index) should be instead. */
export type Changes = Map<number, ICellTags>;

const NONE: ICellTags = { role: null, step: '', after: [], options: [] };

/** A step's name out of a heading: words with hyphens, as they stand, short enough for a badge. */
export function nameFrom(heading: string): string {
  const words = heading
    .replace(/[`*_~]|\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[^\p{L}\p{N}\s-]/gu, ' ')
    .trim()
    .toLowerCase()
    .split(/[\s-]+/)
    .filter(Boolean);
  let name = '';
  for (const word of words) {
    if (name && name.length + word.length > 30) {
      break;
    }
    name = name ? `${name}-${word}` : word.slice(0, 40);
  }
  return name;
}

interface IHeading {
  level: number;
  text: string;
}

function headingsOf(source: string): IHeading[] {
  let fenced = false;
  const found: IHeading[] = [];
  for (const line of source.split('\n')) {
    fenced = /^\s*(```|~~~)/.test(line) ? !fenced : fenced;
    const match = fenced ? null : /^ {0,3}(#{1,6})\s+(.+?)\s*#*\s*$/.exec(line);
    if (match) {
      found.push({ level: match[1].length, text: match[2] });
    }
  }
  return found;
}

/** The heading above a cell and the one of the section around that, each as text and as a step's name. */
export function headingsAbove(cells: readonly ICellView[], index: number): { text: string; name: string }[] {
  const found: { text: string; name: string }[] = [];
  let nearest = Infinity;
  for (let at = index - 1; at >= 0 && found.length < 2; at--) {
    for (const { level, text } of cells[at].code ? [] : headingsOf(cells[at].source).reverse()) {
      const name = nameFrom(text);
      if (level < nearest && name && !found.some(one => one.name === name)) {
        found.push({ text, name });
      }
      nearest = Math.min(level, nearest);
    }
  }
  return found;
}

/** Names of steps in notebook order, each once. */
export function stepNames(cells: readonly ICellView[]): string[] {
  return [...new Set(cells.filter(cell => cell.code).map(cell => cell.step || cell.tags.step).filter(Boolean))];
}

/** A name like `base` that no step has: `train`, `train-2`, `train-3`, … */
export function freshName(base: string, taken: readonly string[]): string {
  const lower = taken.map(name => name.toLowerCase());
  if (!lower.includes(base.toLowerCase())) {
    return base;
  }
  const stem = base.replace(/-\d+$/, '');
  let number = 2;
  while (lower.includes(`${stem}-${number}`.toLowerCase())) {
    number += 1;
  }
  return `${stem}-${number}`;
}

/** A name for a step that begins at a cell: of the nearest heading that no step is called after, else `step-N`. */
export function proposedName(cells: readonly ICellView[], index: number): string {
  const taken = stepNames(cells);
  const heading = headingsAbove(cells, index).slice(0, 1).find(one => !taken.includes(one.name));
  return heading?.name ?? freshName('step-1', taken);
}

/** The code cell above that a cell without a role would join; -1 when there is none. */
function cellAbove(cells: readonly ICellView[], index: number): number {
  let at = index - 1;
  while (at >= 0 && !cells[at].step) {
    at -= 1;
  }
  return at;
}

/**
 * Begin a new step at a cell. Cells of the same step below it go along. Null when there is nothing to split:
 * the step begins here, or the cell is of no step.
 */
export function splitAt(cells: readonly ICellView[], index: number): Changes | null {
  const cell = cells[index];
  const first = cells.findIndex(one => one.code && one.step === cell?.step);
  if (!cell?.code || !cell.step || first === index || (cell.tags.role !== null && cell.tags.role !== 'step')) {
    return null;
  }
  const heading = headingsAbove(cells, index)[0]?.name;
  const fromHeading = heading && heading !== headingsAbove(cells, first)[0]?.name ? heading : '';
  const name = freshName(fromHeading || cell.step, stepNames(cells));
  const changes: Changes = new Map([[index, { ...cell.tags, role: 'step', step: name }]]);
  cells.forEach((one, at) => {
    if (at > index && one.tags.role === 'step' && one.step === cell.step) {
      changes.set(at, { ...one.tags, step: name });
    }
  });
  return changes;
}

/**
 * Make the step of a cell one with the step above it: that of the cell above where the cell begins its step. Order that
 * was declared after it is declared after the step above. Null when there is no step above, or nothing of its own to take back.
 */
export function joinAbove(cells: readonly ICellView[], index: number): Changes | null {
  const cell = cells[index];
  const above = cells[cellAbove(cells, index)];
  if (!cell?.code || cell.tags.role === null || !above) {
    return null;
  }
  const changes: Changes = new Map([[index, { ...cell.tags, role: null, step: '', after: [] }]]);
  const gone = cell.step;
  if (!gone || gone === above.step || cells.findIndex(one => one.code && one.step === gone) !== index) {
    return changes;
  }
  cells.forEach((one, at) => {
    if (at !== index && one.tags.role === 'step' && one.step === gone) {
      changes.set(at, { ...one.tags, step: above.step });
    }
  });
  renameOrder(cells, gone, above.step, changes);
  return changes;
}

function renameOrder(cells: readonly ICellView[], from: string, to: string, changes: Changes): void {
  cells.forEach((one, at) => {
    const now = changes.get(at) ?? one.tags;
    if (now.after.includes(from)) {
      const renamed = now.after.map(name => (name === from ? to : name));
      const own = now.step || one.step;
      const after = [...new Set(renamed)].filter(name => name !== own);
      changes.set(at, { ...now, after });
    }
  });
}

/** Give a step another name, in all its cells and wherever order is declared after it. That of another step joins the two. */
export function renameStep(cells: readonly ICellView[], from: string, to: string): Changes {
  const changes: Changes = new Map();
  cells.forEach((one, at) => {
    if (one.code && one.tags.step === from) {
      changes.set(at, { ...one.tags, step: to, after: one.tags.after.filter(name => name !== to) });
    }
  });
  renameOrder(cells, from, to, changes);
  return changes;
}

/** What a cell is without any tag of ours. */
export function untagged(): ICellTags {
  return { ...NONE, after: [], options: [] };
}

/** The notebook's own cells (from 1) that a step is made of; for a step of an embedded notebook the cell that stands for it. */
export function ownCells(pipeline: IPipeline, step: IStep, embedded: (name: string) => number | undefined): number[] {
  if (step.within.length) {
    const stands = embedded(step.within[0]);
    return stands === undefined ? [] : [stands];
  }
  const found: number[] = [];
  for (const number of step.cells) {
    const place = pipeline.cells[String(number)];
    if (!place) {
      found.push(number);
    } else if (!place.notebook) {
      found.push(place.cell);
    }
  }
  return found;
}

/** Where a cell of the pipeline's count is, in the words of users: `cell 3 of prepare.ipynb`. */
export function placeOf(pipeline: IPipeline, cell: number): { notebook: string; cell: number } {
  return pipeline.cells[String(cell)] ?? { notebook: '', cell };
}
