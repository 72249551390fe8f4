/** Several cells edited as one: what they have in common, and changes that all of them get. Pure functions. */
import type { Role } from '../api';
import type { ICellTags } from '../tags';

/** What all selected cells say; `undefined` where they differ. */
export interface ICombined {
  role: Role | null | undefined;
  step: string | undefined;
  /** Declared by all of them. */
  after: string[];
  options: string[];
}

function same<T>(values: readonly T[]): T | undefined {
  return values.every(value => value === values[0]) ? values[0] : undefined;
}

function common(lists: readonly (readonly string[])[]): string[] {
  return (lists[0] ?? []).filter(one => lists.every(list => list.includes(one)));
}

export function combined(cells: readonly ICellTags[]): ICombined {
  return {
    role: same(cells.map(cell => cell.role)),
    step: same(cells.map(cell => cell.step)),
    after: common(cells.map(cell => cell.after)),
    options: common(cells.map(cell => cell.options))
  };
}

/** The cell in another role. A name is kept where the role has one; order is of no meaning without a step. */
export function withRole(now: ICellTags, role: Role | null, step: string): ICellTags {
  const named = role === 'step' || role === 'notebook';
  const name = named ? now.step || step : role === 'metrics' ? now.step : '';
  return { ...now, role, step: name, after: named || role === 'metrics' ? now.after : [] };
}

export function withStep(now: ICellTags, step: string): ICellTags {
  return { ...now, step, after: now.after.filter(name => name !== step) };
}

export function withAfter(now: ICellTags, name: string, wanted: boolean): ICellTags {
  const others = now.after.filter(one => one !== name);
  return { ...now, after: wanted ? [...others, name] : others };
}

/** An option in the place of another one (empty: a new one), or taken out (`after` empty). */
export function withOption(now: ICellTags, before: string, after: string): ICellTags {
  const options = [...now.options];
  const at = before ? options.indexOf(before) : -1;
  const fresh = after && !options.includes(after) ? [after] : [];
  if (at >= 0) {
    options.splice(at, 1, ...fresh);
  } else {
    options.push(...fresh);
  }
  return { ...now, options };
}

/** The parts of an option by its form (`["limit", "key", "quantity"]`): the last one holds whatever follows. */
export function optionParts(tag: string, form: readonly string[]): string[] {
  const pieces = tag.split(':').slice(1);
  const count = Math.max(1, form.length - 1);
  const parts = pieces.slice(0, count - 1);
  parts.push(pieces.slice(count - 1).join(':'));
  while (parts.length < count) {
    parts.push('');
  }
  return parts;
}

/** The words that a part may be; empty when it is free. */
export function choices(part: string): string[] {
  return /^[\w-]+(\|[\w-]+)+$/.test(part) ? part.split('|') : [];
}
