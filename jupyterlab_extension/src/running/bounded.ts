/** The outputs of an executed step notebook, bounded: what a page can show without standing still. Pure functions. */
import type * as nbformat from '@jupyterlab/nbformat';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { asOnTerminal } from './log';

/** Characters of text, and of other kinds of outputs (HTML, images as base64), that one output shows. */
const MOST_TEXT = 20_000;
const MOST_OTHER = 2_000_000;
/** Outputs of one cell. */
const MOST_OUTPUTS = 20;

export interface IShownOutput {
  /** By kind, for the renderers of Lab; null when every kind of it is too large. */
  bundle: ReadonlyPartialJSONObject | null;
  metadata: ReadonlyPartialJSONObject;
  /** Characters that are not shown. */
  cut: number;
  isError: boolean;
}

export interface IShownCell {
  /** Its number in the pipeline's count. */
  cell: number;
  outputs: IShownOutput[];
  /** Further outputs that are not shown. */
  more: number;
}

/** The user's cells that have put something out. */
export function shownCells(notebook: nbformat.INotebookContent): IShownCell[] {
  const found: IShownCell[] = [];
  for (const cell of notebook.cells ?? []) {
    const number = (cell.metadata as { kale_lite?: { cell?: number } } | undefined)?.kale_lite?.cell;
    const outputs = (cell.outputs ?? []) as nbformat.IOutput[];
    if (number && outputs.length) {
      const some = joined(outputs);
      found.push({
        cell: number,
        outputs: some.slice(0, MOST_OUTPUTS).map(shownOutput),
        more: Math.max(some.length - MOST_OUTPUTS, 0)
      });
    }
  }
  return found;
}

/** Pieces of one stream that follow one another are one output. */
function joined(outputs: nbformat.IOutput[]): nbformat.IOutput[] {
  const found: nbformat.IOutput[] = [];
  for (const output of outputs) {
    const last = found[found.length - 1];
    if (output.output_type === 'stream' && last?.output_type === 'stream' && last.name === output.name) {
      found[found.length - 1] = { ...last, text: text(last.text) + text(output.text) };
    } else {
      found.push(output);
    }
  }
  return found;
}

function shownOutput(output: nbformat.IOutput): IShownOutput {
  const nothing = { metadata: {}, cut: 0, isError: false };
  if (output.output_type === 'stream') {
    const [kept, cut] = ending(asOnTerminal(text(output.text)));
    return { ...nothing, bundle: { [`application/vnd.jupyter.${String(output.name)}`]: kept }, cut };
  }
  if (output.output_type === 'error') {
    const [kept, cut] = ending(text((output.traceback as string[]).map(line => `${line}\n`)));
    return { ...nothing, bundle: { 'application/vnd.jupyter.stderr': kept }, cut, isError: true };
  }
  const { bundle, cut } = boundedBundle((output.data ?? {}) as ReadonlyPartialJSONObject);
  return { ...nothing, bundle, cut, metadata: (output.metadata ?? {}) as ReadonlyPartialJSONObject };
}

/** The kinds of an output that are small enough; text that is not is cut, when there is nothing better. */
function boundedBundle(data: ReadonlyPartialJSONObject): { bundle: ReadonlyPartialJSONObject | null; cut: number } {
  const kept: { [mime: string]: ReadonlyPartialJSONObject[string] } = {};
  let cut = 0;
  let largest = 0;
  for (const [mime, value] of Object.entries(data)) {
    const found = Array.isArray(value) ? value.join('') : value;
    const length = typeof found === 'string' ? found.length : (JSON.stringify(found) ?? '').length;
    if (mime === 'text/plain') {
      const [start, rest] = beginning(String(found));
      kept[mime] = start;
      cut = rest;
    } else if (length <= MOST_OTHER) {
      kept[mime] = found;
    } else {
      largest = Math.max(largest, length);
    }
  }
  const richer = Object.keys(kept).some(mime => mime !== 'text/plain');
  if (!Object.keys(kept).length) {
    return { bundle: null, cut: largest };
  }
  return { bundle: kept, cut: richer ? 0 : Math.max(cut, largest) };
}

function beginning(whole: string): [string, number] {
  return whole.length <= MOST_TEXT ? [whole, 0] : [whole.slice(0, MOST_TEXT), whole.length - MOST_TEXT];
}

/** Of what was printed the end is what counts. */
function ending(whole: string): [string, number] {
  return whole.length <= MOST_TEXT ? [whole, 0] : [whole.slice(-MOST_TEXT), whole.length - MOST_TEXT];
}

function text(found: unknown): string {
  return Array.isArray(found) ? found.join('') : String(found ?? '');
}
